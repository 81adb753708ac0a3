/** Does something soon, and once, however often it is asked for meanwhile. */

import type { Disposable } from '../../base/lifecycle.ts';

/** Curves of half a million points take some milliseconds each, so they are not drawn in every frame. */
export const REDRAW_MS = 200;

export class Paced implements Disposable {
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly act: () => void,
    private readonly milliseconds = REDRAW_MS,
  ) {}

  soon(): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.act();
    }, this.milliseconds);
  }

  dispose(): void {
    clearTimeout(this.timer);
  }
}
