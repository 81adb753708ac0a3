/** What a person can ask the page to do: by key, from the palette, or by a button. */

import { type Readable, writable } from 'svelte/store';
import { type Chord, type KeyPress, matches, parseChord } from '../base/keys.ts';
import { type Disposable, toDisposable } from '../base/lifecycle.ts';

export interface Command {
  /** 'run.evaluate': the place, then the verb. */
  readonly id: string;
  /** As the palette shows it: 'Run: Evaluate'. */
  readonly title: string;
  /** 'Ctrl+Shift+P', or several of them; "Ctrl" is ⌘ on a Mac. */
  readonly key?: string | readonly string[];
  run(): void | Promise<void>;
  /** Whether it can run now; asked when the palette opens and when its key is pressed. */
  when?(): boolean;
}

export function keysOf(command: Command): readonly string[] {
  if (command.key === undefined) return [];
  return typeof command.key === 'string' ? [command.key] : command.key;
}

export function canRun(command: Command): boolean {
  return command.when?.() ?? true;
}

export class Commands {
  private readonly byId = new Map<string, { command: Command; chords: readonly Chord[] }>();
  private readonly store = writable<readonly Command[]>([]);

  readonly all: Readable<readonly Command[]> = this.store;

  /** onError hears what a command throws, so that none fails in silence. */
  constructor(
    private readonly onError: (error: unknown) => void,
    private readonly isMac = /Mac|iP(hone|ad)/.test(globalThis.navigator?.platform ?? ''),
  ) {}

  register(command: Command): Disposable {
    if (this.byId.has(command.id)) throw new Error(`a command named ${command.id} is registered already`);
    this.byId.set(command.id, { command, chords: keysOf(command).map(parseChord) });
    this.announce();
    return toDisposable(() => {
      this.byId.delete(command.id);
      this.announce();
    });
  }

  /** False when there is no such command or it cannot run now. */
  run(id: string): boolean {
    const entry = this.byId.get(id);
    if (!entry || !canRun(entry.command)) return false;
    this.start(entry.command);
    return true;
  }

  /** Runs the first command of this key that can run now; false when there is none. */
  runKey(press: KeyPress): boolean {
    for (const { command, chords } of this.byId.values()) {
      if (chords.some((chord) => matches(chord, press, this.isMac)) && canRun(command)) {
        this.start(command);
        return true;
      }
    }
    return false;
  }

  private start(command: Command): void {
    // Inside `async`, a command that throws and one that rejects are the same.
    (async () => command.run())().catch(this.onError);
  }

  private announce(): void {
    this.store.set([...this.byId.values()].map(({ command }) => command));
  }
}
