/** The repositories of a model as they stand, read again whenever the filesystem tells of a change in them. */

import { derived, get, type Readable, writable } from 'svelte/store';
import { Emitter } from '../base/emitter.ts';
import { type Disposable, DisposableStore } from '../base/lifecycle.ts';
import { basename, isWithin, parent } from '../base/paths.ts';
import { Turns } from '../base/turns.ts';
import type { FileChange, GitAction, GitChange, GitLetter, GitStatus, GitTransfer } from '../wire.ts';
import { isOutOfReach, type ModelApi } from './api.ts';
import type { ModelEvents } from './model-events.ts';

/** A version of a file: one that git has, by its name (HEAD, index, the id of a commit, ours, theirs), or what is in
 * the file now. */
export type FileVersion =
  | { readonly kind: 'git'; readonly name: string; readonly path: string }
  | { readonly kind: 'file' };

/** Two versions of a file. */
export interface Diff {
  readonly path: string;
  readonly repository: string;
  readonly left: FileVersion;
  readonly right: FileVersion;
  /** In the tab, after the name of the file: "index ↔ file". */
  readonly title: string;
}

const DIFF = '/diff:';

/** Names a comparison where tabs have the path of a file: no file of the model has such a path. */
export function pathOfDiff(diff: Diff): string {
  return `${DIFF}${encodeURIComponent(JSON.stringify(diff))}/${basename(diff.path)}`;
}

/** Null of the path of a file. */
export function diffOfPath(path: string): Diff | null {
  if (!path.startsWith(DIFF)) return null;
  const written = path.slice(DIFF.length, path.indexOf('/', DIFF.length));
  return JSON.parse(decodeURIComponent(written)) as Diff; // written by pathOfDiff
}

/** Changes of files come in bursts. */
const BURST_MS = 250;
/** A large repository takes long to look at: it is left alone for as many times as long. */
const REST_FACTOR = 2;

/** What git changes in its own folder when a status may have become another. */
const TELLING =
  /^(HEAD|index|packed-refs|config|MERGE_HEAD|CHERRY_PICK_HEAD|REVERT_HEAD|FETCH_HEAD|refs(\/.*)?|rebase-(merge|apply)|info\/exclude)$/;
/** Folders that tools fill and that no repository holds. */
const FILLED = /(^|\/)(\.venv|node_modules|__pycache__)(\/|$)/;

export type Relevance = 'none' | 'status' | 'repositories';

/** What a change of a path means to source control. */
export function relevanceOf(path: string): Relevance {
  const [before, inside] = splitAtGit(path);
  if (before === null) return FILLED.test(path) ? 'none' : 'status';
  if (inside === '') return 'repositories';
  return TELLING.test(inside) ? 'status' : 'none';
}

/** The path before a folder named .git and the one in it; null where there is no such folder. */
function splitAtGit(path: string): [string | null, string] {
  const names = path.split('/');
  const at = names.indexOf('.git');
  return at === -1 ? [null, ''] : [names.slice(0, at).join('/'), names.slice(at + 1).join('/')];
}

function relevanceOfAll(changes: readonly FileChange[]): Relevance {
  let most: Relevance = 'none';
  for (const { path, destination } of changes)
    for (const touched of [path, destination ?? path]) {
      const relevance = relevanceOf(touched);
      if (relevance === 'repositories') return relevance;
      if (relevance === 'status') most = relevance;
    }
  return most;
}

/** The repository that a path lies in: of several the innermost. */
export function repositoryOf(repositories: readonly GitStatus[], path: string): GitStatus | null {
  const around = repositories.filter(({ repository }) => isWithin(path, repository));
  return around.sort((a, b) => b.repository.length - a.repository.length)[0] ?? null;
}

const BLAME_KEY = 'slipway.blame';

/** Whether the line of the cursor names who wrote it; kept in this browser. */
export const showBlame = writable(globalThis.localStorage?.getItem(BLAME_KEY) === 'true');

export function toggleBlame(): void {
  showBlame.update((on) => !on);
  localStorage.setItem(BLAME_KEY, String(get(showBlame)));
}

/** Of each file that is not as it was committed its letter; of the folders around them an M, or the U of a conflict. */
export function lettersOf(changes: Iterable<GitChange>): ReadonlyMap<string, GitLetter> {
  const letters = new Map<string, GitLetter>();
  for (const { path, conflict, unstaged, staged } of changes) {
    const letter = conflict === null ? (unstaged ?? staged ?? 'M') : 'U';
    letters.set(path, letter);
    for (let folder = parent(path); folder !== ''; folder = parent(folder))
      if (letter === 'U' || !letters.has(folder)) letters.set(folder, letter === 'U' ? 'U' : 'M');
  }
  return letters;
}

export class GitRepositories implements Disposable {
  private readonly owned = new DisposableStore();
  private readonly store = writable<readonly GitStatus[] | null>(null);
  private readonly doingStore = writable<string | null>(null);
  private readonly problemStore = writable<unknown>(null);
  private readonly refreshedEmitter = new Emitter<void>();
  private readonly turns = new Turns();
  private paths: readonly string[] | null = null;
  private wanted: Relevance = 'none';
  private timer: ReturnType<typeof setTimeout> | undefined;
  private reading = false;
  private disposed = false;

  /** The root's first; null until they have been read. */
  readonly repositories: Readable<readonly GitStatus[] | null> = this.store;
  /** What is under way, as "Pushing…". */
  readonly doing: Readable<string | null> = this.doingStore;
  /** Why the last reading failed. */
  readonly problem: Readable<unknown> = this.problemStore;
  /** Of each path that is not as it was committed. */
  readonly changes: Readable<ReadonlyMap<string, GitChange>> = derived(
    this.store,
    (all) => new Map((all ?? []).flatMap(({ changes }) => changes.map((change) => [change.path, change]))),
  );
  /** As lettersOf says. */
  readonly letters: Readable<ReadonlyMap<string, GitLetter>> = derived(this.changes, (all) =>
    lettersOf(all.values()),
  );
  readonly count: Readable<number> = derived(this.changes, ({ size }) => size);
  /** What is committed, staged or changed may be another now. */
  readonly onRefreshed = this.refreshedEmitter.event;

  constructor(
    private readonly api: ModelApi,
    events: ModelEvents,
  ) {
    this.owned.add(events.onFilesChanged((changes) => this.want(relevanceOfAll(changes))));
    this.owned.add(events.onRescan(() => this.want('repositories')));
    const seen = (): void => this.schedule(0);
    document.addEventListener('visibilitychange', seen);
    this.owned.defer(() => document.removeEventListener('visibilitychange', seen));
    this.owned.defer(() => clearTimeout(this.timer));
    this.want('repositories');
  }

  of(path: string): GitStatus | null {
    return repositoryOf(get(this.store) ?? [], path);
  }

  /** Reads all again, without waiting for a change. */
  refresh(): void {
    this.want('repositories');
  }

  /** Resolves with what git said. One after another: git takes a lock, and fails where another has it. Rejects with an
   * ApiError. */
  act(action: GitAction, doing: string): Promise<string> {
    return this.turns.take(() => this.during(doing, () => this.api.gitAct(action)));
  }

  /** As `act`, but beside what else is done, as it may take long; its progress is told by `doing`. */
  async transfer(transfer: GitTransfer, doing: string, signal?: AbortSignal): Promise<string> {
    const tell = (text: string): void => this.doingStore.set(`${doing} ${text}`);
    return this.during(doing, () => this.api.gitTransfer(transfer, tell, signal));
  }

  /** As it is once all is done that was asked for. Rejects with an ApiError. */
  status(repository: string): Promise<GitStatus> {
    return this.turns.take(() => this.api.gitStatus(repository));
  }

  dispose(): void {
    this.disposed = true;
    this.owned.dispose();
    this.refreshedEmitter.dispose();
  }

  private async during(doing: string, work: () => Promise<string>): Promise<string> {
    this.doingStore.set(doing);
    try {
      return await work();
    } finally {
      this.doingStore.set(null);
      this.want('status');
    }
  }

  private want(relevance: Relevance): void {
    if (relevance === 'none' || (relevance === 'status' && this.paths?.length === 0)) return;
    if (this.wanted !== 'repositories') this.wanted = relevance;
    this.schedule(BURST_MS);
  }

  /** Nobody looks at a hidden page: it reads when it is shown again. */
  private schedule(delayMs: number): void {
    if (this.wanted === 'none' || this.timer !== undefined || this.reading || document.hidden) return;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      void this.read();
    }, delayMs);
  }

  private async read(): Promise<void> {
    const wanted = this.wanted;
    const began = performance.now();
    this.wanted = 'none';
    this.reading = true;
    try {
      if (wanted === 'repositories' || this.paths === null)
        this.paths = (await this.api.gitRepositories()).map(({ path }) => path);
      const statuses = await Promise.all(this.paths.map((path) => this.api.gitStatus(path)));
      if (this.disposed) return;
      this.problemStore.set(null);
      this.store.set(statuses);
      this.refreshedEmitter.fire();
    } catch (error) {
      // A repository that went meanwhile is told of by the next change; after a lost connection there is a rescan.
      if (!isOutOfReach(error)) this.problemStore.set(error);
      this.paths = null;
    } finally {
      this.reading = false;
      const restMs = REST_FACTOR * (performance.now() - began);
      if (!this.disposed) this.schedule(Math.max(BURST_MS, restMs));
    }
  }
}
