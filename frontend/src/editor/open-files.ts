/** The open files, each once however many tabs show it, and what keeps them as they are on disk. */

import { type Readable, writable } from 'svelte/store';
import { type Disposable, DisposableStore, toDisposable } from '../base/lifecycle.ts';
import { afterMove, isWithin } from '../base/paths.ts';
import { isOutOfReach } from '../services/api.ts';
import { BrowserWindow } from '../services/browser-window.ts';
import type { ModelSession } from '../services/session.ts';
import { common } from '../texts/common.ts';
import { texts } from '../texts/editor.ts';
import type { FileChange } from '../wire.ts';
import { createEditor } from './codemirror-editor.ts';
import { Drafts } from './drafts.ts';
import { type EditorFeature, editorFeatures } from './editor-features.ts';
import { OpenFile } from './open-file.ts';

/** Changes of files come in bursts; open files look at the disk once a burst is over. */
const CHECK_DELAY_MS = 150;

export class OpenFiles implements Disposable {
  private readonly owned = new DisposableStore();
  private readonly files = new Map<OpenFile, Disposable>();
  private readonly dirtyStore = writable(0);
  private readonly features: readonly EditorFeature[];
  private readonly pending: FileChange[] = [];
  /** Any file may differ: changes were missed. */
  private mayAllDiffer = false;
  private checkTimer: ReturnType<typeof setTimeout> | undefined;

  readonly drafts: Drafts;
  /** How many have unsaved changes. */
  readonly dirtyCount: Readable<number> = this.dirtyStore;

  /** onMoved: files were renamed or moved on disk, and have their new paths. */
  constructor(
    private readonly session: ModelSession,
    private readonly onMoved: () => void,
  ) {
    this.features = editorFeatures(session, (path) => this.find(path));
    this.drafts = new Drafts(session.modelId, this.owned.add(new BrowserWindow()), (error) =>
      session.notifications.error(texts.draftsNotKept, error),
    );
    this.owned.add(session.events.onFilesChanged((changes) => this.changed(changes)));
    this.owned.add(session.events.onRescan(() => this.rescan()));
    this.owned.defer(() => clearTimeout(this.checkTimer));
    this.keepDraftsWhenLeaving();
  }

  get all(): readonly OpenFile[] {
    return [...this.files.keys()];
  }

  get dirty(): readonly OpenFile[] {
    return this.all.filter((file) => file.state.save.dirty);
  }

  find(path: string): OpenFile | undefined {
    return this.all.find((file) => file.path === path);
  }

  /** The file of this path, opened if it is not. Whoever has no use for it any more closes it. */
  open(path: string): OpenFile {
    const found = this.find(path);
    if (found) return found;
    const { session, drafts, features } = this;
    const file = new OpenFile(path, { session, drafts, features, createEditor });
    this.files.set(file, toDisposable(file.view.subscribe(() => this.countDirty())));
    return file;
  }

  close(file: OpenFile): void {
    this.files.get(file)?.dispose();
    this.files.delete(file);
    file.dispose();
    this.countDirty();
  }

  dispose(): void {
    this.owned.dispose();
    for (const file of this.all) this.close(file);
  }

  private countDirty(): void {
    this.dirtyStore.set(this.dirty.length);
  }

  private changed(changes: readonly FileChange[]): void {
    this.pending.push(...changes);
    this.checkSoon();
  }

  private rescan(): void {
    this.mayAllDiffer = true;
    this.checkSoon();
  }

  private checkSoon(): void {
    clearTimeout(this.checkTimer);
    this.checkTimer = setTimeout(() => this.start(this.check()), CHECK_DELAY_MS);
  }

  private async check(): Promise<void> {
    const changes = this.pending.splice(0);
    const all = this.mayAllDiffer;
    this.mayAllDiffer = false;
    const touched = this.all.filter(({ path }) => all || changes.some((change) => concerns(change, path)));
    await Promise.all(touched.map((file) => this.checkOne(file, changes)));
  }

  private async checkOne(file: OpenFile, changes: readonly FileChange[]): Promise<void> {
    try {
      await this.follow(file, changes);
    } catch (error) {
      if (!isOutOfReach(error)) throw error;
    }
  }

  private async follow(file: OpenFile, changes: readonly FileChange[]): Promise<void> {
    const path = changes.filter(({ kind }) => kind === 'renamed').reduce(followed, file.path);
    // Editors such as vim move a file away and write a new one in its place: then it has not moved at all.
    const hasMoved = path !== file.path && (await this.session.api.etag(file.path)) === null;
    // Two files never have one path: moved onto another open one, it is as if deleted.
    if (hasMoved && this.find(path) === undefined) {
      await file.moved(path);
      this.onMoved();
    }
    await file.check();
  }

  private keepDraftsWhenLeaving(): void {
    const left = (): void => {
      if (document.visibilityState === 'hidden') this.keepDrafts();
    };
    const leaving = (event: BeforeUnloadEvent): void => {
      if (!this.all.some((file) => file.isAtRisk)) return;
      this.keepDrafts();
      event.preventDefault();
    };
    document.addEventListener('visibilitychange', left);
    window.addEventListener('beforeunload', leaving);
    this.owned.defer(() => document.removeEventListener('visibilitychange', left));
    this.owned.defer(() => window.removeEventListener('beforeunload', leaving));
  }

  private keepDrafts(): void {
    this.start(Promise.all(this.all.map((file) => file.flushDraft())));
  }

  /** A promise nobody waits for: what it throws is shown. */
  private start(work: Promise<unknown>): void {
    work.catch((error: unknown) => this.session.notifications.error(common.didNotWork, error));
  }
}

function concerns(change: FileChange, path: string): boolean {
  const isIn = (folder: string | null): boolean => folder !== null && isWithin(path, folder);
  return isIn(change.path) || isIn(change.destination ?? null);
}

function followed(path: string, { path: source, destination }: FileChange): string {
  return destination ? afterMove(path, source, destination) : path;
}
