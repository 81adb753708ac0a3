/** The paths of all files of a model: read when they are first wanted, kept as changes come. */

import { get, type Readable, writable } from 'svelte/store';
import { type Disposable, DisposableStore } from '../base/lifecycle.ts';
import { afterMove, isWithin } from '../base/paths.ts';
import { isOutOfReach } from '../services/api.ts';
import type { ModelSession } from '../services/session.ts';
import { texts } from '../texts/workbench.ts';
import type { FileChange } from '../wire.ts';

/** What tools filled; the server leaves it out as well. */
const SKIPPED = new Set(['.git', '.venv', 'venv', 'node_modules', '__pycache__']);
/** Changes come in bursts, and the list is read again once one is over. */
const PAUSE_MS = 500;
/** More are read again sooner than they are gone through. */
const MOST_CHANGES = 200;

export function isListed(path: string, hidden: boolean): boolean {
  return path.split('/').every((name) => !SKIPPED.has(name) && (hidden || !name.startsWith('.')));
}

/** The paths after a change; null where it tells too little, and they are to be read again. */
export function pathsAfter(
  paths: ReadonlySet<string>,
  change: FileChange,
  hidden: boolean,
): ReadonlySet<string> | null {
  const { kind, path, destination } = change;
  if (kind === 'attributes' || (!isListed(path, hidden) && !destination)) return paths;
  // Only files are written; what is created may be a folder.
  if (kind === 'written') return paths.has(path) ? paths : new Set([...paths, path]);
  if (kind === 'created') return null;
  const isGone = [...paths].some((other) => isWithin(other, path));
  if (kind === 'removed')
    return isGone ? new Set([...paths].filter((other) => !isWithin(other, path))) : paths;
  if (!isGone || !destination) return null;
  const moved = [...paths].map((other) => afterMove(other, path, destination));
  return new Set(moved.filter((other) => isListed(other, hidden)));
}

export class PathIndex implements Disposable {
  private readonly owned = new DisposableStore();
  private readonly store = writable<readonly string[]>([]);
  private readonly loadingStore = writable(false);
  private paths: ReadonlySet<string> = new Set();
  private isStale = true;
  private readHidden = false;
  private isWanted = false;
  private request: AbortController | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;

  readonly all: Readable<readonly string[]> = this.store;
  readonly loading: Readable<boolean> = this.loadingStore;

  constructor(
    private readonly session: ModelSession,
    private readonly hidden: Readable<boolean>,
  ) {
    this.owned.add(session.events.onFilesChanged((changes) => this.changed(changes)));
    this.owned.add(session.events.onRescan(() => this.stale()));
    this.owned.defer(() => clearTimeout(this.timer));
    this.owned.defer(() => this.request?.abort());
  }

  /** Reads what is not known, and keeps it fresh until the function it returns is called. */
  want(): () => void {
    this.isWanted = true;
    if (this.isStale || this.readHidden !== get(this.hidden)) void this.read();
    return () => {
      this.isWanted = false;
    };
  }

  dispose(): void {
    this.owned.dispose();
  }

  private changed(changes: readonly FileChange[]): void {
    if (this.isStale || changes.length > MOST_CHANGES) return this.stale();
    for (const change of changes) {
      const after = pathsAfter(this.paths, change, this.readHidden);
      if (after === null) return this.stale();
      this.paths = after;
    }
    if (this.isWanted) this.publish();
  }

  private stale(): void {
    this.isStale = true;
    clearTimeout(this.timer);
    if (this.isWanted) this.timer = setTimeout(() => void this.read(), PAUSE_MS);
  }

  /** What was known is shown until all is read, but at first each part as it comes. */
  private async read(): Promise<void> {
    this.request?.abort();
    const request = new AbortController();
    this.request = request;
    this.readHidden = get(this.hidden);
    this.isStale = false;
    this.loadingStore.set(true);
    try {
      await this.receive(request.signal);
    } catch (error) {
      if (request.signal.aborted) return;
      this.isStale = true;
      if (!isOutOfReach(error)) this.session.notifications.error(texts.filesNotListed, error);
    }
    this.loadingStore.set(false);
  }

  private async receive(signal: AbortSignal): Promise<void> {
    const isFirst = this.paths.size === 0;
    const paths = new Set<string>();
    for await (const found of this.session.api.paths(this.readHidden, signal)) {
      for (const path of found.paths) paths.add(path);
      if (signal.aborted) return;
      if (isFirst) this.store.set([...paths]);
    }
    this.paths = paths;
    this.publish();
  }

  private publish(): void {
    this.store.set([...this.paths]);
  }
}
