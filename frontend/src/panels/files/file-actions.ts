/** What a person does with files chosen in the tree: cut, copy, paste, duplicate, move, delete, and undo each of these. */

import { type Readable, writable } from 'svelte/store';
import { basename, isWithin, join, parent } from '../../base/paths.ts';
import { copyText } from '../../services/clipboard.ts';
import type { ModelSession } from '../../services/session.ts';
import { common } from '../../texts/common.ts';
import { texts } from '../../texts/files.ts';
import type { Entry } from '../../wire.ts';
import type { Files } from './files.ts';
import { copyName, described, numberedName, outermost } from './names.ts';

export interface Clip {
  readonly kind: 'copy' | 'cut';
  readonly paths: ReadonlySet<string>;
}

/** False when it is worth another try. */
type Undo = () => Promise<boolean>;

/** Where a model's filesystem stands in its sandboxes. */
const ROOT = '/model';
const UNDO_KEY = 'files-undo';
const NOTE_MS = 12_000;
const MOST_UNDONE = 50;
const NAMED = 5;

const EMPTY: Clip = { kind: 'copy', paths: new Set() };

export class FileActions {
  private readonly clipStore = writable<Clip>(EMPTY);
  private readonly undoes: Undo[] = [];
  private held: Clip = EMPTY;

  readonly clip: Readable<Clip> = this.clipStore;

  constructor(
    private readonly session: ModelSession,
    private readonly files: Files,
  ) {}

  hold(kind: Clip['kind'], paths: readonly string[]): void {
    if (paths.length === 0) return;
    this.setClip({ kind, paths: new Set(outermost(paths)) });
    this.session.announce(texts.held[kind](described(paths)));
  }

  letGo(): void {
    this.setClip(EMPTY);
  }

  get holds(): boolean {
    return this.held.paths.size > 0;
  }

  /** What was held, in a folder; answers the new paths. */
  async paste(folder: string): Promise<string[]> {
    const { kind, paths } = this.held;
    if (kind === 'copy') return this.copyInto([...paths], folder);
    this.letGo();
    return this.moveInto([...paths], folder);
  }

  async duplicate(paths: readonly string[]): Promise<string[]> {
    const made: string[] = [];
    for (const path of outermost(paths)) made.push(...(await this.copyInto([path], parent(path))));
    return made;
  }

  /** Beside what has the name there. */
  async copyInto(paths: readonly string[], folder: string): Promise<string[]> {
    const names = await this.files.namesIn(folder);
    const made: string[] = [];
    for (const path of outermost(paths)) {
      const name = basename(path);
      const free = names.has(name) ? copyName(name, (other) => names.has(other)) : name;
      if (!(await this.files.copy(path, join(folder, free)))) break;
      names.add(free);
      made.push(join(folder, free));
    }
    if (made.length > 0) this.remember(async () => (await this.files.trash(made)) !== null);
    return made;
  }

  async moveInto(paths: readonly string[], folder: string): Promise<string[]> {
    const moving = outermost(paths).filter((path) => parent(path) !== folder && !isWithin(folder, path));
    if (moving.length === 0) return [];
    const names = await this.files.namesIn(folder);
    const taken = moving.filter((path) => names.has(basename(path)));
    const answer = taken.length === 0 ? 'keep' : await this.ask(taken, folder);
    if (answer === null) return [];
    if (answer === 'replace' && !(await this.deleteFirst(taken.map((path) => join(folder, basename(path))))))
      return [];
    const moved: [string, string][] = [];
    for (const path of moving) {
      const name = basename(path);
      const isTaken = answer === 'keep' && names.has(name);
      const to = join(folder, isTaken ? numberedName(name, (other) => names.has(other)) : name);
      if (!(await this.files.move(path, to))) break;
      names.add(basename(to));
      moved.push([path, to]);
    }
    this.remember(() => this.moveBack(moved));
    return moved.map(([, to]) => to);
  }

  async rename(path: string, to: string): Promise<boolean> {
    const done = await this.files.move(path, to);
    if (done) this.remember(() => this.moveBack([[path, to]]));
    return done;
  }

  /** Shows a note from which it can be undone. */
  async delete(paths: readonly string[]): Promise<void> {
    if (paths.length === 0) return;
    const chosen = outermost(paths);
    const trashed = await this.files.trash(chosen);
    if (trashed === null) return;
    const undo = this.remember(() => this.files.restore(trashed));
    const note = this.session.notifications.show({
      key: UNDO_KEY,
      severity: 'info',
      message: texts.deleted(described(chosen)),
      actions: [{ label: common.undo, run: () => void this.run(undo) }],
    });
    setTimeout(() => this.session.notifications.dismiss(note), NOTE_MS);
  }

  async deleteForGood(paths: readonly string[]): Promise<void> {
    const chosen = outermost(paths);
    if (chosen.length === 0) return;
    const title = texts.deleteForGood(described(chosen));
    const message = `${named(chosen)}\n\n${texts.cannotBeUndone}`;
    if (await this.session.dialogs.confirm(title, message, common.delete))
      await this.files.removeForGood(chosen);
  }

  /** The last of these actions that was not undone yet. */
  async undo(): Promise<void> {
    const last = this.undoes.at(-1);
    if (last) await this.run(last);
    else this.session.announce(texts.nothingToUndo);
  }

  copyPaths(paths: readonly string[], kind: 'whole' | 'relative'): Promise<void> {
    return copyText(paths.map((path) => (kind === 'whole' ? join(ROOT, path) : path)).join('\n'));
  }

  /** One file as it is; a folder, or several, as a zip. */
  download(entries: readonly Entry[]): void {
    const [only] = entries;
    if (only === undefined) return;
    const link = document.createElement('a');
    const isFile = entries.length === 1 && only.kind !== 'folder';
    link.href = isFile
      ? this.session.api.fileUrl(only.path)
      : this.session.api.zipUrl(entries.map(({ path }) => path));
    link.download = isFile ? only.name : '';
    link.click();
  }

  private setClip(clip: Clip): void {
    this.held = clip;
    this.clipStore.set(clip);
  }

  private remember(undo: Undo): Undo {
    this.undoes.push(undo);
    if (this.undoes.length > MOST_UNDONE) this.undoes.shift();
    return undo;
  }

  private async run(undo: Undo): Promise<void> {
    const at = this.undoes.indexOf(undo);
    if (at === -1) return;
    this.undoes.splice(at, 1);
    this.session.notifications.dismissKey(UNDO_KEY);
    if (!(await undo())) this.remember(undo);
  }

  private async moveBack(moved: readonly [string, string][]): Promise<boolean> {
    for (const [from, to] of [...moved].reverse()) await this.files.move(to, from);
    return true;
  }

  private async deleteFirst(paths: readonly string[]): Promise<boolean> {
    const trashed = await this.files.trash(paths);
    if (trashed === null) return false;
    this.remember(() => this.files.restore(trashed));
    return true;
  }

  private ask(taken: readonly string[], folder: string): Promise<'keep' | 'replace' | null> {
    return this.session.dialogs.ask({
      title: texts.taken.title(taken.length, described(taken)),
      message: texts.taken.message(folder, named(taken.map(basename))),
      choices: [
        { value: 'keep', label: texts.taken.keepBoth },
        { value: 'replace', label: texts.taken.replace, kind: 'danger' },
      ],
    });
  }
}

function named(paths: readonly string[]): string {
  const more = paths.length > NAMED ? `\n${texts.andMore(paths.length - NAMED)}` : '';
  return paths.slice(0, NAMED).join('\n') + more;
}
