/** Questions that must be answered before anything goes on. One is shown at a time; the others wait. */

import { type Readable, writable } from 'svelte/store';

export interface Choice<T extends string = string> {
  readonly value: T;
  readonly label: string;
  readonly kind?: 'primary' | 'danger';
}

export interface Question<T extends string = string> {
  readonly title: string;
  readonly message: string;
  /** Left to right; the last has the focus. "Cancel" is always there, before them. */
  readonly choices: readonly Choice<T>[];
}

export interface OpenQuestion extends Question {
  answer(value: string | null): void;
}

export class Dialogs {
  private readonly store = writable<readonly OpenQuestion[]>([]);

  /** The first is the one to show. */
  readonly open: Readable<readonly OpenQuestion[]> = this.store;

  /** The value chosen, or null when the question was cancelled. */
  ask<T extends string>(question: Question<T>): Promise<T | null> {
    return new Promise((resolve) => {
      const open: OpenQuestion = {
        ...question,
        answer: (value) => {
          this.store.update((questions) => questions.filter((other) => other !== open));
          resolve(value as T | null); // the dialog answers with one of the choices
        },
      };
      this.store.update((questions) => [...questions, open]);
    });
  }

  async confirm(title: string, message: string, label: string): Promise<boolean> {
    const choices = [{ value: 'yes', label, kind: 'danger' }] as const;
    return (await this.ask({ title, message, choices })) === 'yes';
  }
}
