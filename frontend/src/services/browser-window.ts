/** This window of the browser among others that show Slipway: each holds a lock of its name for as long as it lives, however it
 * ends. Where a page may not use locks, as it came neither over HTTPS nor from this machine, others are not seen. */

import type { Disposable } from '../base/lifecycle.ts';

const PREFIX = 'slipway.window.';

export class BrowserWindow implements Disposable {
  readonly id = newId();
  private release: () => void = () => undefined;

  constructor(private readonly locks: LockManager | undefined = navigator.locks as LockManager | undefined) {
    const held = new Promise<void>((resolve) => {
      this.release = resolve;
    });
    void this.locks?.request(PREFIX + this.id, () => held);
  }

  /** The ids of the windows that are open, this one too. */
  async open(): Promise<ReadonlySet<string>> {
    const { held = [] } = (await this.locks?.query()) ?? {};
    const names = held.map(({ name = '' }) => name).filter((name) => name.startsWith(PREFIX));
    return new Set([this.id, ...names.map((name) => name.slice(PREFIX.length))]);
  }

  dispose(): void {
    this.release();
  }
}

/** crypto.randomUUID is only there where locks are. */
function newId(): string {
  return [...crypto.getRandomValues(new Uint8Array(12))]
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('');
}
