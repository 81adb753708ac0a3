/** What an upload of files comes to, decided before anything is sent: folders, conflicts, whether it fits. Pure. */

import { basename, join, parent } from '../../base/paths.ts';
import type { Entry, Usage } from '../../wire.ts';
import { numberedName } from './names.ts';

export interface Picked {
  readonly path: string;
  readonly file: File;
}

export interface Planned extends Picked {
  /** The size of the file that it replaces; null where there is none. */
  readonly replacedBytes: number | null;
}

export type Answer = 'replace' | 'keep' | 'skip';

const BLOCK_BYTES = 4096;

/** What a file is charged: whole blocks. */
export function chargedBytes(byteSize: number): number {
  return Math.ceil(byteSize / BLOCK_BYTES) * BLOCK_BYTES;
}

/** The folders between `into`, which is there, and the files; those above come first. */
export function foldersOf(picked: readonly { path: string }[], into: string): string[] {
  const wanted = new Set<string>();
  for (const { path } of picked) {
    for (let folder = parent(path); folder !== into && folder !== ''; folder = parent(folder))
      wanted.add(folder);
  }
  return [...wanted].sort((a, b) => a.length - b.length);
}

/** Those of `picked` whose path is taken; `present` is what there is, by path. */
export function conflicts(picked: readonly Picked[], present: ReadonlyMap<string, Entry>): Picked[] {
  return picked.filter(({ path }) => present.has(path));
}

export function plan(
  picked: readonly Picked[],
  present: ReadonlyMap<string, Entry>,
  answer: Answer,
): Planned[] {
  const used = new Set([...present.keys(), ...picked.map(({ path }) => path)]);
  const planned: Planned[] = [];
  for (const { path, file } of picked) {
    const there = present.get(path);
    if (there === undefined) planned.push({ path, file, replacedBytes: null });
    else if (answer === 'replace') planned.push({ path, file, replacedBytes: there.byte_size });
    else if (answer === 'keep') {
      const free = numberedName(basename(path), (name) => used.has(join(parent(path), name)));
      used.add(join(parent(path), free));
      planned.push({ path: join(parent(path), free), file, replacedBytes: null });
    }
  }
  return planned;
}

export interface Shortage {
  readonly needed_bytes: number;
  readonly free_bytes: number;
  readonly limit_bytes: number;
  readonly needed_files: number;
  readonly free_files: number;
  readonly limit_files: number;
}

/** What is missing for all of it, as an error of the server says it; null where it fits. */
export function shortage(planned: readonly Planned[], newFolders: number, usage: Usage): Shortage | null {
  const bytes = planned.map(
    ({ file, replacedBytes }) => chargedBytes(file.size) - chargedBytes(replacedBytes ?? 0),
  );
  const found = {
    needed_bytes: bytes.reduce((sum, each) => sum + each, 0),
    free_bytes: Math.max(0, usage.limit_bytes - usage.used_bytes),
    limit_bytes: usage.limit_bytes,
    needed_files: newFolders + planned.filter(({ replacedBytes }) => replacedBytes === null).length,
    free_files: Math.max(0, usage.limit_files - usage.used_files),
    limit_files: usage.limit_files,
  };
  const fits = found.needed_bytes <= found.free_bytes && found.needed_files <= found.free_files;
  return fits ? null : found;
}
