/** Files on their way to the server: looked over before anything is sent, then a few at a time, each can be stopped. */

import { get, type Readable, writable } from 'svelte/store';
import { delayMilliseconds } from '../../base/backoff.ts';
import { basename, join } from '../../base/paths.ts';
import { ApiError, hasCode } from '../../services/api.ts';
import { showWriteError } from '../../services/filesystem-full.ts';
import type { ModelSession } from '../../services/session.ts';
import { texts } from '../../texts/uploads.ts';
import type { Entry } from '../../wire.ts';
import { described } from './names.ts';
import { sendFile } from './sending.ts';
import {
  type Answer,
  conflicts,
  foldersOf,
  type Picked,
  type Planned,
  plan,
  shortage,
} from './upload-plan.ts';

export interface Running {
  readonly path: string;
  readonly byteSize: number;
  readonly sentBytes: number;
  /** The connection is broken; it goes on by itself. */
  readonly isWaiting: boolean;
  readonly cancel: () => void;
}

export interface Progress {
  readonly running: readonly Running[];
  readonly doneFiles: number;
  readonly allFiles: number;
  readonly doneBytes: number;
  readonly allBytes: number;
}

const NONE: Progress = { running: [], doneFiles: 0, allFiles: 0, doneBytes: 0, allBytes: 0 };
const AT_ONCE = 3;
const NAMED = 5;

export class Uploads {
  private readonly store = writable<Progress>(NONE);
  private readonly waiting: Planned[] = [];
  private working = 0;

  readonly progress: Readable<Progress> = this.store;

  constructor(private readonly session: ModelSession) {}

  /** Resolves when all are through. `into` is a folder that is there. */
  async start(picked: readonly Picked[], into: string): Promise<void> {
    if (picked.length === 0) return;
    const wanted = foldersOf(picked, into);
    const { present, folders } = await this.look(into, new Set(wanted));
    const answer = await this.ask(conflicts(picked, present));
    if (answer === null) return;
    const planned = plan(picked, present, answer);
    const missing = wanted.filter((folder) => !folders.has(folder));
    const lack = shortage(planned, missing.length, get(this.session.usage));
    if (lack) {
      const refused = new ApiError('filesystem_full', texts.doesNotFit, 507, { ...lack });
      return showWriteError(this.session, texts.failed(described(planned.map(({ path }) => path))), refused);
    }
    await this.makeFolders(missing);
    await this.sendAll(planned);
  }

  /** Those under way, and those that wait. */
  cancelAll(): void {
    this.giveUpWaiting();
    for (const { cancel } of get(this.store).running) cancel();
  }

  /** What there is where files shall go: in `into`, and in those of the wanted folders below it. */
  private async look(
    into: string,
    wanted: ReadonlySet<string>,
  ): Promise<{ present: Map<string, Entry>; folders: Set<string> }> {
    const present = new Map<string, Entry>();
    const folders = new Set<string>();
    const pending = [into];
    for (const folder of pending) {
      for (const entry of await this.session.api.list(folder)) {
        present.set(entry.path, entry);
        if (entry.kind !== 'folder' || !wanted.has(entry.path)) continue;
        folders.add(entry.path);
        pending.push(entry.path);
      }
    }
    return { present, folders };
  }

  private async ask(taken: readonly Picked[]): Promise<Answer | null> {
    if (taken.length === 0) return 'skip';
    const [first] = taken;
    const names = taken.slice(0, NAMED).map(({ path }) => path);
    const more = taken.length > NAMED ? `\n${texts.present.andMore(taken.length - NAMED)}` : '';
    return this.session.dialogs.ask<Answer>({
      title: texts.present.title(taken.length, basename(first?.path ?? '')),
      message: `${names.join('\n')}${more}`,
      choices: [
        { value: 'skip', label: texts.present.skip(taken.length) },
        { value: 'keep', label: texts.present.keepBoth },
        { value: 'replace', label: texts.present.replace, kind: 'danger' },
      ],
    });
  }

  private async makeFolders(folders: readonly string[]): Promise<void> {
    for (const folder of folders) {
      try {
        await this.session.api.makeFolder(folder);
      } catch (error) {
        if (!hasCode(error, 'already_exists')) throw error;
      }
    }
  }

  private async sendAll(planned: readonly Planned[]): Promise<void> {
    this.waiting.push(...planned);
    const bytes = planned.reduce((sum, { file }) => sum + file.size, 0);
    this.change(({ allFiles, allBytes }) => ({
      allFiles: allFiles + planned.length,
      allBytes: allBytes + bytes,
    }));
    await Promise.all(Array.from({ length: AT_ONCE }, () => this.work()));
  }

  private async work(): Promise<void> {
    if (this.working >= AT_ONCE) return;
    this.working += 1;
    try {
      for (let next = this.waiting.shift(); next; next = this.waiting.shift()) await this.send(next);
    } finally {
      this.working -= 1;
      if (this.working === 0) this.store.set(NONE);
    }
  }

  private async send(planned: Planned): Promise<void> {
    const { path, file, replacedBytes } = planned;
    const stop = new AbortController();
    const running: Running = {
      path,
      byteSize: file.size,
      sentBytes: 0,
      isWaiting: false,
      cancel: () => stop.abort(),
    };
    this.change((progress) => ({ running: [...progress.running, running] }));
    const update = (changed: Partial<Running>): void =>
      this.change((progress) => ({
        running: progress.running.map((other) => (other.path === path ? { ...other, ...changed } : other)),
      }));
    try {
      await sendFile(this.session.api, path, file, {
        expected: replacedBytes === null ? null : '*',
        signal: stop.signal,
        onProgress: (sentBytes) => update({ sentBytes, isWaiting: false }),
        whenBack: (failures) => {
          update({ isWaiting: true });
          return paused(delayMilliseconds(failures), stop.signal);
        },
      });
    } catch (error) {
      await this.failed(planned, error);
    } finally {
      this.change((progress) => ({
        running: progress.running.filter((other) => other.path !== path),
        doneFiles: progress.doneFiles + 1,
        doneBytes: progress.doneBytes + file.size,
      }));
    }
  }

  private async failed({ path }: Planned, error: unknown): Promise<void> {
    if (error instanceof DOMException && error.name === 'AbortError') return;
    // A full filesystem would refuse the others too; one note is enough.
    if (hasCode(error, 'filesystem_full')) this.giveUpWaiting();
    await showWriteError(this.session, texts.failed(basename(path)), error);
  }

  private giveUpWaiting(): void {
    const left = this.waiting.splice(0);
    const bytes = left.reduce((sum, { file }) => sum + file.size, 0);
    this.change(({ allFiles, allBytes }) => ({
      allFiles: allFiles - left.length,
      allBytes: allBytes - bytes,
    }));
  }

  private change(changed: (progress: Progress) => Partial<Progress>): void {
    this.store.update((progress) => ({ ...progress, ...changed(progress) }));
  }
}

/** Also over as soon as the signal is. */
function paused(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** The files of a drop or of the clipboard, those in folders too, with the paths they shall have in `folder`. */
export async function pickedFromDrop(items: DataTransferItemList, folder: string): Promise<Picked[]> {
  // The list is emptied once the event is over, so all entries are taken before the first wait.
  const dropped = [...items].map((item) => item.webkitGetAsEntry() ?? item.getAsFile());
  const found = dropped.filter((entry) => entry !== null);
  return (await Promise.all(found.map((entry) => pickedFrom(entry, folder)))).flat();
}

/** The files of a field, with the paths that they have in the folder that was picked. */
export function pickedFromField(files: FileList | null, folder: string): Picked[] {
  return [...(files ?? [])].map((file) => ({
    path: join(folder, file.webkitRelativePath || file.name),
    file,
  }));
}
/** What another page or program hands over can be a file without an entry. */
function pickedFrom(dropped: FileSystemEntry | File, folder: string): Picked[] | Promise<Picked[]> {
  if (dropped instanceof File) return [{ path: join(folder, dropped.name), file: dropped }];
  return pickedFromEntry(dropped, folder);
}

async function pickedFromEntry(entry: FileSystemEntry, folder: string): Promise<Picked[]> {
  const path = join(folder, entry.name);
  if (entry instanceof FileSystemFileEntry) {
    const file = await new Promise<File>((resolve, reject) => entry.file(resolve, reject));
    return [{ path, file }];
  }
  if (!(entry instanceof FileSystemDirectoryEntry)) return [];
  const children = await readAll(entry.createReader());
  return (await Promise.all(children.map((child) => pickedFromEntry(child, path)))).flat();
}

/** A reader hands out at most 100 entries a time and an empty list at the end. */
async function readAll(reader: FileSystemDirectoryReader): Promise<FileSystemEntry[]> {
  const all: FileSystemEntry[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (some.length === 0) return all;
    all.push(...some);
  }
}
