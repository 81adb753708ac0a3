/** What is done to a file's text right before it is saved, such as formatting it. */

import type { Disposable } from '../base/lifecycle.ts';
import { toDisposable } from '../base/lifecycle.ts';
import { texts } from '../texts/editor.ts';
import type { OpenFile } from './open-file.ts';

/** `asked`: a person, or a run they start, saves; `auto`: they have paused or gone elsewhere. */
export type SaveReason = 'asked' | 'auto';

/** May change the text through `file.editor`; what it throws is told, and the file saved all the same. */
export type BeforeSave = (file: OpenFile, reason: SaveReason) => Promise<void>;

/** A language server that does not answer must not keep a person from saving. */
export const HOOK_DEADLINE_MS = 2_000;

export class SaveHooks {
  private readonly hooks = new Set<BeforeSave>();

  constructor(private readonly onError: (error: unknown) => void) {}

  add(hook: BeforeSave): Disposable {
    this.hooks.add(hook);
    return toDisposable(() => this.hooks.delete(hook));
  }

  /** One after the other, in the order they were added. */
  async run(file: OpenFile, reason: SaveReason): Promise<void> {
    for (const hook of this.hooks) {
      try {
        await withinDeadline(hook(file, reason));
      } catch (error) {
        this.onError(error);
      }
    }
  }
}

async function withinDeadline(work: Promise<void>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    const error = new Error(texts.saving.hookTooSlow(HOOK_DEADLINE_MS / 1000));
    timer = setTimeout(() => reject(error), HOOK_DEADLINE_MS);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
