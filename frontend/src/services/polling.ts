/** Reads something of the server again and again, for what no event tells of. */

import { type Readable, writable } from 'svelte/store';
import type { Disposable } from '../base/lifecycle.ts';
import { messageOf } from './api.ts';

export interface Polled<T> {
  /** What was read last; null until something was. */
  readonly value: T | null;
  /** Why the last reading failed; '' if it did not. */
  readonly problem: string;
}

export class Polling<T> implements Disposable {
  private readonly store = writable<Polled<T>>({ value: null, problem: '' });
  private timer: ReturnType<typeof setTimeout> | undefined;
  private isDisposed = false;

  readonly polled: Readable<Polled<T>> = this.store;

  /** `pauseSeconds` lie between the end of a reading and the next; null: it is read once. */
  constructor(
    private readonly read: () => Promise<T>,
    private readonly pauseSeconds: number | null,
  ) {
    void this.next();
  }

  dispose(): void {
    this.isDisposed = true;
    clearTimeout(this.timer);
  }

  private async next(): Promise<void> {
    try {
      const value = await this.read();
      this.store.set({ value, problem: '' });
    } catch (error) {
      this.store.update(({ value }) => ({ value, problem: messageOf(error) }));
    }
    if (this.isDisposed || this.pauseSeconds === null) return;
    this.timer = setTimeout(() => void this.next(), this.pauseSeconds * 1000);
  }
}
