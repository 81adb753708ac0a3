/** The file tree as data: which folders are read and open, and the rows that show. Knows no page and no server. */

import { afterMove, basename, isWithin, parent } from '../../base/paths.ts';
import type { Entry, FileChange } from '../../wire.ts';

export interface Row {
  readonly entry: Entry;
  /** 0 at the root. */
  readonly depth: number;
  readonly isOpen: boolean;
  /** Place among its siblings, and how many these are; for screen readers. */
  readonly place: number;
  readonly siblings: number;
}

const collator = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });

/** Folders first, then by name with numbers in their order: a2 before a10. */
export function compareEntries(a: Entry, b: Entry): number {
  const folders = Number(b.kind === 'folder') - Number(a.kind === 'folder');
  return folders || collator.compare(a.name, b.name) || (a.name < b.name ? -1 : 1);
}

export class Tree {
  private readonly entries = new Map<string, readonly Entry[]>();
  private readonly opened = new Set<string>(['']);

  isOpen(folder: string): boolean {
    return this.opened.has(folder);
  }

  isRead(folder: string): boolean {
    return this.entries.has(folder);
  }

  open(folder: string): void {
    this.opened.add(folder);
  }

  close(folder: string): void {
    this.opened.delete(folder);
  }

  /** Closes every folder but the root. */
  closeAll(): void {
    this.opened.clear();
    this.opened.add('');
  }

  openFolders(): string[] {
    return [...this.opened].filter((folder) => folder !== '');
  }

  /** Puts in what the server says a folder holds; what is known below folders that are gone is forgotten. */
  put(folder: string, entries: readonly Entry[]): void {
    const before = this.entries.get(folder) ?? [];
    const folders = new Set(entries.filter(({ kind }) => kind === 'folder').map(({ path }) => path));
    for (const { path } of before) if (this.entries.has(path) && !folders.has(path)) this.forget(path);
    this.entries.set(folder, [...entries].sort(compareEntries));
  }

  /** The folder is gone, with all below it. */
  forget(folder: string): void {
    for (const path of [...this.entries.keys()]) if (isWithin(path, folder)) this.entries.delete(path);
    for (const path of [...this.opened]) if (path !== '' && isWithin(path, folder)) this.opened.delete(path);
  }

  /** A new file, or a folder with nothing in it. */
  made(path: string, kind: 'file' | 'folder'): void {
    const siblings = this.entries.get(parent(path));
    if (!siblings || this.find(path)) return;
    const unknown = { byte_size: 0, modified_at: 0, etag: null, executable: false, link_target: null };
    this.put(parent(path), [...siblings, { name: basename(path), path, kind, ...unknown }]);
    if (kind === 'folder') this.entries.set(path, []);
  }

  unmade(path: string): void {
    this.take(path);
    this.forget(path);
  }

  /** It has its row in its new place, and what was open below it stays open. */
  moved(source: string, destination: string): void {
    for (const path of [...this.opened]) {
      if (path === '' || !isWithin(path, source)) continue;
      this.opened.delete(path);
      this.opened.add(afterMove(path, source, destination));
    }
    for (const [folder, entries] of [...this.entries]) {
      if (folder === '' || !isWithin(folder, source)) continue;
      this.entries.delete(folder);
      this.entries.set(
        afterMove(folder, source, destination),
        entries.map((entry) => ({ ...entry, path: afterMove(entry.path, source, destination) })),
      );
    }
    const entry = this.find(source);
    if (!entry) return;
    this.take(source);
    this.take(destination);
    const siblings = this.entries.get(parent(destination));
    if (siblings) {
      this.put(parent(destination), [
        ...siblings,
        { ...entry, path: destination, name: basename(destination) },
      ]);
    }
  }

  find(path: string): Entry | undefined {
    return this.entries.get(parent(path))?.find((entry) => entry.path === path);
  }

  /** The folders that have been read at or below `folder`, to be read again. */
  readWithin(folder: string): string[] {
    return [...this.entries.keys()].filter((path) => isWithin(path, folder));
  }

  /** Which folders that have been read are out of date after these changes. */
  staleAfter(changes: readonly FileChange[]): Set<string> {
    const stale = new Set<string>();
    for (const { kind, path, destination } of changes) {
      // A write alone changes neither names nor kinds, which is all that rows show.
      if (kind === 'written') continue;
      for (const changed of destination ? [path, destination] : [path]) {
        if (this.entries.has(parent(changed))) stale.add(parent(changed));
      }
    }
    return stale;
  }

  rows(showHidden: boolean): Row[] {
    const rows: Row[] = [];
    this.collect('', 0, showHidden, rows);
    return rows;
  }

  private take(path: string): void {
    const siblings = this.entries.get(parent(path));
    if (siblings) {
      this.entries.set(
        parent(path),
        siblings.filter((entry) => entry.path !== path),
      );
    }
  }

  private collect(folder: string, depth: number, showHidden: boolean, rows: Row[]): void {
    const shown = (this.entries.get(folder) ?? []).filter(({ name }) => showHidden || !name.startsWith('.'));
    shown.forEach((entry, index) => {
      const isOpen = entry.kind === 'folder' && this.opened.has(entry.path);
      rows.push({ entry, depth, isOpen, place: index + 1, siblings: shown.length });
      if (isOpen) this.collect(entry.path, depth + 1, showHidden, rows);
    });
  }
}
