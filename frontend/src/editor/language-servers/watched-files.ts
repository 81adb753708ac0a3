/** Tells language servers which files have changed on disk, whoever changed them. */

import type { FileChangeType, FileEvent } from 'vscode-languageserver-protocol';
import { type Disposable, DisposableStore } from '../../base/lifecycle.ts';
import { extension } from '../../base/paths.ts';
import type { ModelEvents } from '../../services/model-events.ts';
import type { FileChange } from '../../wire.ts';
import { uriOf } from './uris.ts';

/** As the protocol numbers them. */
const CREATED: FileChangeType = 1;
const CHANGED: FileChangeType = 2;
const DELETED: FileChangeType = 3;
/** What servers read: code, and what says how it is to be read. */
const READ = new Set([
  'py',
  'pyi',
  'pth',
  'js',
  'mjs',
  'cjs',
  'jsx',
  'ts',
  'mts',
  'cts',
  'tsx',
  'json',
  'toml',
  'cfg',
]);
/** Changes come in bursts. */
const DELAY_MS = 200;
/** An installation writes thousands of files; as many are told at a time. */
const MOST_AT_ONCE = 2_000;

export class WatchedFiles implements Disposable {
  private readonly owned = new DisposableStore();
  private readonly pending = new Map<string, FileChangeType>();
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    events: Pick<ModelEvents, 'onFilesChanged'>,
    private readonly tell: (changes: readonly FileEvent[]) => void,
  ) {
    this.owned.add(events.onFilesChanged((changes) => this.changed(changes)));
    this.owned.defer(() => clearTimeout(this.timer));
  }

  dispose(): void {
    this.owned.dispose();
  }

  private changed(changes: readonly FileChange[]): void {
    for (const { uri, type } of changes.flatMap(eventsOf))
      this.pending.set(uri, inOne(this.pending.get(uri), type));
    if (this.pending.size === 0) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.flush(), DELAY_MS);
  }

  private flush(): void {
    const all = [...this.pending].map(([uri, type]) => ({ uri, type }));
    this.pending.clear();
    for (let at = 0; at < all.length; at += MOST_AT_ONCE) this.tell(all.slice(at, at + MOST_AT_ONCE));
  }
}

/** What two changes, one after the other, are to who knew the file before both. */
export function inOne(before: FileChangeType | undefined, now: FileChangeType): FileChangeType {
  if (before === CREATED && now === CHANGED) return CREATED;
  return before === DELETED && now === CREATED ? CHANGED : now;
}

/** A folder may hold anything, so it is told of as well. */
function isRead(path: string): boolean {
  const kind = extension(path);
  return kind === '' || READ.has(kind);
}

export function eventsOf({ kind, path, destination }: FileChange): FileEvent[] {
  const event = (of: string, type: FileChangeType): FileEvent[] =>
    isRead(of) ? [{ uri: uriOf(of), type }] : [];
  switch (kind) {
    case 'attributes':
      return [];
    case 'created':
      return event(path, CREATED);
    case 'removed':
      return event(path, DELETED);
    case 'written':
      return event(path, CHANGED);
    case 'renamed':
      return [...event(path, DELETED), ...(destination === null ? [] : event(destination, CREATED))];
    default:
      return kind satisfies never;
  }
}
