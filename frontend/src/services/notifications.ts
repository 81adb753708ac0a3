/** Toasts: short notes that block nothing, with what can be done about them. */

import { type Readable, writable } from 'svelte/store';
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
  private next = 1;

  readonly toasts: Readable<readonly Toast[]> = this.store;

  /** Returns the id to dismiss it by. Errors, and notes with actions, stay until they are dismissed. */
  show(note: Note): number {
    const toast = { ...note, id: this.next++ };
    this.store.update((toasts) => {
      const others = toasts.filter(({ key }) => key === undefined || key !== note.key);
      return [...others, toast].slice(-SHOWN_AT_ONCE);
    });
    if (note.severity !== 'error' && !note.actions?.length)
      setTimeout(() => this.dismiss(toast.id), LIFETIME_MS);
    return toast.id;
  }

  info(message: string): void {
    this.show({ severity: 'info', message });
  }

  /** "Rename failed." and why. */
  error(what: string, cause: unknown): void {
    this.show({ severity: 'error', message: what, details: messageOf(cause) });
  }

  dismiss(id: number): void {
    this.store.update((toasts) => toasts.filter((toast) => toast.id !== id));
  }

  dismissKey(key: string): void {
    this.store.update((toasts) => toasts.filter((toast) => toast.key !== key));
  }
}
