/** Toasts: short notes that block nothing, with what can be done about them. */

import { get, type Readable, writable } from 'svelte/store';
import { messageOf } from './api.ts';

export type Severity = 'info' | 'success' | 'warning' | 'error';

export interface Action {
  readonly label: string;
  run(): void;
}

export interface Note {
  readonly severity: Severity;
  readonly message: string;
  /** A second line, or several. */
  readonly details?: string;
  readonly actions?: readonly Action[];
  /** A later note with the same key takes this one's place. */
  readonly key?: string;
}

export interface Toast extends Note {
  readonly id: number;
}

const SHOWN_AT_ONCE = 5;
const LIFETIME_MS = 6_000;

export class Notifications {
  private readonly store = writable<readonly Toast[]>([]);
  private readonly timers = new Map<number, ReturnType<typeof setTimeout>>();
  private next = 1;

  readonly toasts: Readable<readonly Toast[]> = this.store;

  /** Returns the id to dismiss it by. Errors, and notes with actions, stay until they are dismissed. */
  show(note: Note): number {
    // In its very place: whoever is about to press a button of the earlier one presses this one's.
    const replaced = get(this.store).find(({ key }) => key !== undefined && key === note.key);
    const toast = { ...note, id: replaced?.id ?? this.next++ };
    this.store.update((toasts) =>
      replaced
        ? toasts.map((each) => (each.id === toast.id ? toast : each))
        : [...toasts, toast].slice(-SHOWN_AT_ONCE),
    );
    clearTimeout(this.timers.get(toast.id));
    if (note.severity !== 'error' && !note.actions?.length)
      this.timers.set(
        toast.id,
        setTimeout(() => this.dismiss(toast.id), LIFETIME_MS),
      );
    return toast.id;
  }

  info(message: string): void {
    this.show({ severity: 'info', message });
  }

  /** "Rename failed." and why. */
  error(what: string, cause: unknown): void {
    this.show({ severity: 'error', message: what, details: messageOf(cause) });
  }

  /** What is known later, where the note is still there with the details that it had. */
  amend(id: number, before: string, details: string): void {
    this.store.update((toasts) =>
      toasts.map((toast) => (toast.id === id && toast.details === before ? { ...toast, details } : toast)),
    );
  }

  dismiss(id: number): void {
    clearTimeout(this.timers.get(id));
    this.timers.delete(id);
    this.store.update((toasts) => toasts.filter((toast) => toast.id !== id));
  }

  dismissKey(key: string): void {
    this.store.update((toasts) => toasts.filter((toast) => toast.key !== key));
  }
}
