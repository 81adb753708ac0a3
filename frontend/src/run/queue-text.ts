/** How long the queue before an operation is, in words. */

import { texts } from '../texts/run.ts';

export function waitText(before: number | null | undefined): string {
  if (before === null || before === undefined) return texts.queue.forLauncher;
  return before === 0 ? texts.queue.next : texts.queue.before(before);
}
