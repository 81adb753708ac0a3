/** The file tree's owner: reads folders when they are opened, keeps them fresh, and does what is asked with files. */

import { get, type Readable, writable } from 'svelte/store';
import { type Disposable, DisposableStore } from '../../base/lifecycle.ts';
import { basename, parent } from '../../base/paths.ts';
import { Turns } from '../../base/turns.ts';
import { hasCode, isOutOfReach } from '../../services/api.ts';
import { showWriteError } from '../../services/filesystem-full.ts';
import type { ModelSession } from '../../services/session.ts';
import { texts } from '../../texts/files.ts';
import type { Entry, FileChange, Trashed } from '../../wire.ts';
import { described } from './names.ts';
import { type Row, Tree } from './tree.ts';

/** pip writes thousands of files a second: stale folders are read again at most this often, ... */
const SHORTEST_PAUSE_MS = 150;
/** ... and a folder that takes long to read less often. */
const PAUSE_PER_READ_TIME = 4;
const RETRY_MS = 1_000;

export class Files implements Disposable {
  private readonly owned = new DisposableStore();
  private readonly tree = new Tree();
  private readonly stale = new Set<string>();
  private readonly rowStore = writable<readonly Row[]>([]);
  private readonly hiddenStore;
  /** The last question about each folder. */
  private readonly asked = new Map<string, Promise<Entry[]>>();
  /** What the tree shows before the server has done it. */
  private underWay = 0;
  /** What is asked for next may build on what is being done. */
  private readonly turns = new Turns();
  private refreshing = false;
  private disposed = false;
  private pauseMilliseconds = SHORTEST_PAUSE_MS;

  readonly rows: Readable<readonly Row[]> = this.rowStore;
  readonly showHidden: Readable<boolean>;

  constructor(private readonly session: ModelSession) {
    this.hiddenStore = writable(localStorage.getItem(this.hiddenKey) === 'true');
    this.showHidden = this.hiddenStore;
    this.owned.add(session.events.onFilesChanged((changes) => this.changed(changes)));
    this.owned.add(session.events.onRescan((folder) => this.rescan(folder)));
  }

  /** Reads the root and the folders that were open last time. */
  async start(): Promise<void> {
    const stored = localStorage.getItem(this.openKey);
    const open = stored === null ? [] : (JSON.parse(stored) as string[]); // written by publish()
    for (const folder of open) this.tree.open(folder);
    await this.readFirst();
    await Promise.all(open.map((folder) => this.readAgain(folder)));
  }

  async toggle(folder: string): Promise<void> {
    if (this.tree.isOpen(folder)) this.close(folder);
    else await this.open(folder);
  }

  async open(folder: string): Promise<void> {
    this.tree.open(folder);
    this.publish();
    if (!this.tree.isRead(folder)) await this.read(folder);
  }

  close(folder: string): void {
    this.tree.close(folder);
    this.publish();
  }

  closeAll(): void {
    this.tree.closeAll();
    this.publish();
  }

  toggleHidden(): void {
    this.hiddenStore.update((shown) => {
      localStorage.setItem(this.hiddenKey, String(!shown));
      return !shown;
    });
    this.publish();
  }

  /** Reads all that is open again, at once. */
  async refresh(): Promise<void> {
    await Promise.all(this.tree.readWithin('').map((folder) => this.readAgain(folder)));
  }

  find(path: string): Entry | undefined {
    return this.tree.find(path);
  }

  /** Opens the folders above a path, so that it has a row. */
  async reveal(path: string): Promise<void> {
    const folders: string[] = [];
    for (let folder = parent(path); folder !== ''; folder = parent(folder)) folders.unshift(folder);
    for (const folder of folders) await this.open(folder);
  }

  /** Makes an empty file; false when that failed and the person was told. */
  createFile(path: string): Promise<boolean> {
    return this.create(path, 'file', () => this.session.api.write(path, '', null));
  }

  createFolder(path: string): Promise<boolean> {
    return this.create(path, 'folder', () => this.session.api.makeFolder(path));
  }

  async move(source: string, destination: string): Promise<boolean> {
    if (source === destination) return true;
    const done = await this.doing(texts.failed.move(basename(source)), [parent(source)], () =>
      this.ahead(
        () => this.tree.moved(source, destination),
        () => this.session.api.move({ source, destination }),
        () => this.tree.moved(destination, source),
      ),
    );
    await this.readAgain(parent(destination));
    return done;
  }

  /** To a name that is free. */
  async copy(source: string, destination: string): Promise<boolean> {
    return this.doing(texts.failed.copy(basename(source)), [parent(destination)], () =>
      this.turns.take(() => this.session.api.copy({ source, destination })),
    );
  }

  /** So that it can be undone; null when that failed and the person was told. */
  async trash(paths: readonly string[]): Promise<Trashed | null> {
    let trashed: Trashed | null = null;
    await this.doing(texts.failed.delete(described(paths)), paths.map(parent), async () => {
      trashed = await this.turns.take(() => this.session.api.trash(paths));
    });
    return trashed;
  }

  /** False when it is worth another try, after making room or freeing a name. */
  async restore({ id, paths }: Trashed): Promise<boolean> {
    let isOver = true;
    await this.doing(texts.failed.restore(described(paths)), paths.map(parent), async () => {
      try {
        await this.turns.take(() => this.session.api.restore(id));
      } catch (error) {
        isOver = hasCode(error, 'trash_not_found');
        throw error;
      }
    });
    return isOver;
  }

  async removeForGood(paths: readonly string[]): Promise<void> {
    for (const path of paths) {
      await this.doing(texts.failed.delete(basename(path)), [parent(path)], () =>
        this.turns.take(() => this.session.api.removeFile(path)),
      );
    }
  }

  /** The names in a folder, as the server has them once all is done that was asked for. */
  async namesIn(folder: string): Promise<Set<string>> {
    const entries = await this.turns.take(() => this.session.api.list(folder));
    return new Set(entries.map(({ name }) => name));
  }

  dispose(): void {
    this.disposed = true;
    this.owned.dispose();
  }

  /** Asks until there is an answer: nothing else would bring the tree. */
  private async readFirst(): Promise<void> {
    try {
      await this.read('');
    } catch (error) {
      if (!isOutOfReach(error)) throw error;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      if (!this.disposed) await this.readFirst();
    }
  }

  private create(path: string, kind: 'file' | 'folder', work: () => Promise<unknown>): Promise<boolean> {
    return this.doing(texts.failed.create(basename(path)), [parent(path)], () =>
      this.ahead(
        () => this.tree.made(path, kind),
        work,
        () => this.tree.unmade(path),
      ),
    );
  }

  /** Whether it was done; if not, the person was told. The folders are read again either way. */
  private async doing(
    what: string,
    folders: readonly string[],
    work: () => Promise<unknown>,
  ): Promise<boolean> {
    let isDone = true;
    try {
      await work();
    } catch (error) {
      isDone = false;
      await showWriteError(this.session, what, error);
    }
    for (const folder of new Set(folders)) await this.readAgain(folder);
    return isDone;
  }

  /** Shows what will be before it is asked for: what the person does next may begin with it. */
  private async ahead(change: () => void, work: () => Promise<unknown>, back: () => void): Promise<void> {
    change();
    this.publish();
    this.underWay += 1;
    try {
      await this.turns.take(work);
    } catch (error) {
      back();
      this.publish();
      throw error;
    } finally {
      this.underWay -= 1;
    }
  }

  private async read(folder: string): Promise<void> {
    const question = this.session.api.list(folder);
    this.asked.set(folder, question);
    try {
      const entries = await this.lastAnswer(folder, question);
      if (this.underWay === 0) this.tree.put(folder, entries);
      else this.readLater(folder); // the tree is ahead of what was answered
    } catch (error) {
      if (!hasCode(error, 'file_not_found') && !hasCode(error, 'not_a_folder')) throw error;
      // Gone meanwhile; its parent says so too.
      this.tree.forget(folder);
    }
    this.publish();
  }

  /** Answers may overtake each other: an earlier one would bring back what has gone. */
  private async lastAnswer(folder: string, question: Promise<Entry[]>): Promise<Entry[]> {
    const answer = await question;
    const last = this.asked.get(folder) ?? question;
    return last === question ? answer : this.lastAnswer(folder, last);
  }

  private readLater(folder: string): void {
    this.stale.add(folder);
    void this.freshen();
  }

  private async readAgain(folder: string): Promise<void> {
    if (this.tree.isRead(folder) || this.tree.isOpen(folder)) await this.read(folder);
  }

  private changed(changes: readonly FileChange[]): void {
    let isMoved = false;
    for (const { kind, path, destination } of changes) {
      if (kind !== 'renamed' || !destination) continue;
      this.tree.moved(path, destination);
      isMoved = true;
    }
    if (isMoved) this.publish();
    for (const folder of this.tree.staleAfter(changes)) this.stale.add(folder);
    void this.freshen();
  }

  private rescan(folder: string): Promise<void> {
    for (const path of this.tree.readWithin(folder)) this.stale.add(path);
    return this.freshen();
  }

  /** Reads stale folders until none is left, one run at a time. */
  private async freshen(): Promise<void> {
    if (this.refreshing) return;
    this.refreshing = true;
    try {
      while (this.stale.size > 0) {
        await new Promise((resolve) => setTimeout(resolve, this.pauseMilliseconds));
        await this.readStale();
      }
    } finally {
      this.refreshing = false;
    }
  }

  private async readStale(): Promise<void> {
    const folders = [...this.stale];
    this.stale.clear();
    const started = performance.now();
    for (const folder of folders) {
      // Closed folders are read when they are opened; until then knowing nothing is better than knowing wrong.
      if (this.tree.isOpen(folder)) await this.readOrPutOff(folder);
      else this.tree.forget(folder);
    }
    const took = performance.now() - started;
    this.pauseMilliseconds = Math.max(SHORTEST_PAUSE_MS, took * PAUSE_PER_READ_TIME);
  }

  /** Out of reach, the tree stays as it was: everything is asked for again afterwards. */
  private async readOrPutOff(folder: string): Promise<void> {
    try {
      await this.read(folder);
    } catch (error) {
      if (!isOutOfReach(error)) throw error;
    }
  }

  private publish(): void {
    localStorage.setItem(this.openKey, JSON.stringify(this.tree.openFolders()));
    this.rowStore.set(this.tree.rows(get(this.hiddenStore)));
  }

  private get openKey(): string {
    return `slipway.folders.${this.session.modelId}`;
  }

  private get hiddenKey(): string {
    return `slipway.hidden.${this.session.modelId}`;
  }
}
