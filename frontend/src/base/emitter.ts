/** Announces that something happened. Events announce; whoever wants something done calls a method. */

import { type Disposable, toDisposable } from './lifecycle.ts';

export type Listener<T> = (value: T) => void;

/** Call it to listen; dispose what it returns to stop. */
export type Event<T> = (listener: Listener<T>) => Disposable;

export class Emitter<T> implements Disposable {
  private readonly listeners = new Set<Listener<T>>();

  readonly event: Event<T> = (listener) => {
    // A wrapper per call, so that one function listening twice is two listeners.
    const own: Listener<T> = (value) => listener(value);
    this.listeners.add(own);
    return toDisposable(() => this.listeners.delete(own));
  };

  /** Listeners added or removed meanwhile count from the next event on. */
  fire(value: T): void {
    for (const listener of [...this.listeners]) listener(value);
  }

  dispose(): void {
    this.listeners.clear();
  }
}
