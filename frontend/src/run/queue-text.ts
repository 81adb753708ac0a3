/** How long the queue before an operation is, in words. */

export function waitText(before: number | null | undefined): string {
  if (before === null || before === undefined) return 'waits for a launcher';
  return before === 0 ? 'next' : `${before.toLocaleString('en-US')} before it`;
}
