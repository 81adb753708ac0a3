/** Files on their way to the server: a few at a time, each with its progress, each can be stopped. */

import { type Readable, writable } from 'svelte/store';
import { basename, join, parent } from '../../base/paths.ts';
import { hasCode } from '../../services/api.ts';
import { showWriteError } from '../../services/filesystem-full.ts';
import type { ModelSession } from '../../services/session.ts';

export interface Upload {
  readonly path: string;
  readonly byteSize: number;
  readonly sentBytes: number;
  readonly cancel: () => void;
}

export interface Picked {
  readonly path: string;
  readonly file: File;
}

const AT_ONCE = 3;

export class Uploads {
  private readonly store = writable<readonly Upload[]>([]);

  readonly running: Readable<readonly Upload[]> = this.store;

  constructor(private readonly session: ModelSession) {}

  /** Resolves when all are through. What is there already is replaced only after asking. */
  async start(picked: readonly Picked[], into: string): Promise<void> {
    await this.makeFolders(picked, into);
    const waiting = [...picked];
    const work = async (): Promise<void> => {
      for (let next = waiting.shift(); next; next = waiting.shift()) {
        // A full filesystem will refuse the others too; one note is enough.
        if (!(await this.upload(next, null))) waiting.length = 0;
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  }

  /** The folders between `into`, which is there, and the files. */
  private async makeFolders(picked: readonly Picked[], into: string): Promise<void> {
    const wanted = new Set<string>();
    for (const { path } of picked) {
      for (let folder = parent(path); folder !== into; folder = parent(folder)) wanted.add(folder);
    }
    // Shorter paths first, so that a folder is made before those in it.
    for (const folder of [...wanted].sort((a, b) => a.length - b.length)) {
      try {
        await this.session.api.makeFolder(folder);
      } catch (error) {
        if (!hasCode(error, 'already_exists')) throw error;
      }
    }
  }

  /** False when the filesystem is full. */
  private async upload(picked: Picked, expected: string | null): Promise<boolean> {
    try {
      await this.send(picked, expected);
    } catch (error) {
      if (error instanceof DOMException && error.name === 'AbortError') return true;
      if (hasCode(error, 'file_changed') && expected === null) return this.replace(picked);
      await showWriteError(this.session, `Uploading ${basename(picked.path)} failed`, error);
      return !hasCode(error, 'filesystem_full');
    }
    return true;
  }

  private async replace(picked: Picked): Promise<boolean> {
    const message = `${picked.path} is there already. Uploading replaces its content.`;
    const title = `Replace ${basename(picked.path)}?`;
    if (!(await this.session.dialogs.confirm(title, message, 'Replace'))) return true;
    return this.upload(picked, '*');
  }

  private async send({ path, file }: Picked, expected: string | null): Promise<void> {
    const stop = new AbortController();
    const entry: Upload = { path, byteSize: file.size, sentBytes: 0, cancel: () => stop.abort() };
    this.store.update((uploads) => [...uploads, entry]);
    const onProgress = (sentBytes: number): void =>
      this.store.update((uploads) =>
        uploads.map((other) => (other.path === path ? { ...other, sentBytes } : other)),
      );
    try {
      await this.session.api.upload(path, file, { expected, onProgress, signal: stop.signal });
    } finally {
      this.store.update((uploads) => uploads.filter((other) => other.path !== path));
    }
  }
}

/** The files of a drop, those in dropped folders too, with the paths they shall have in `folder`. */
export async function pickedFromDrop(items: DataTransferItemList, folder: string): Promise<Picked[]> {
  // The list is emptied once the event is over, so all entries are taken before the first wait.
  const dropped = [...items].map((item) => item.webkitGetAsEntry() ?? item.getAsFile());
  const found = dropped.filter((entry) => entry !== null);
  return (await Promise.all(found.map((entry) => pickedFrom(entry, folder)))).flat();
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
