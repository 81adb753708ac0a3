/** Text that is not saved yet, kept in this browser's IndexedDB until it is saved or discarded.
 *
 * Each window keeps drafts of its own, so that two with the same file overwrite nothing of each other. What a window leaves
 * behind, closed or crashed, is taken over by the next one that opens the file.
 */

import type { BrowserWindow } from '../services/browser-window.ts';
import type { ModelId } from '../wire.ts';

export interface Draft {
  readonly modelId: ModelId;
  readonly path: string;
  /** The window that keeps it. */
  readonly window: string;
  readonly text: string;
  /** Of the version that was edited. */
  readonly etag: string | null;
  /** Seconds since the epoch. */
  readonly editedAt: number;
}

const DATABASE = 'slipway';
const VERSION = 2;
const STORE = 'drafts';
const BY_FILE = 'file';

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** A request that succeeded may still be undone; a transaction that is complete is not. */
function complete(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error);
  });
}

async function openDatabase(): Promise<IDBDatabase> {
  const request = indexedDB.open(DATABASE, VERSION);
  request.onupgradeneeded = () => {
    const database = request.result;
    if (database.objectStoreNames.contains(STORE)) database.deleteObjectStore(STORE);
    const store = database.createObjectStore(STORE, { keyPath: ['modelId', 'path', 'window'] });
    store.createIndex(BY_FILE, ['modelId', 'path']);
  };
  const database = await done(request);
  // A later version of the page, in another window, is not to wait for this one.
  database.onversionchange = () => database.close();
  return database;
}

export class Drafts {
  private readonly database = openDatabase();
  private wasTold = false;

  /** onTrouble hears once that this browser keeps nothing, as it may when its disk is full or it forbids it. */
  constructor(
    private readonly modelId: ModelId,
    private readonly window: Pick<BrowserWindow, 'id' | 'open'>,
    private readonly onTrouble: (error: unknown) => void,
  ) {
    // Whoever uses it hears of this; here nobody waits for it.
    this.database.catch(() => undefined);
  }

  /** True once it outlives the browser. */
  keep(draft: Omit<Draft, 'modelId' | 'window'>): Promise<boolean> {
    return this.attempt(false, async () => {
      const transaction = await this.begin('readwrite');
      transaction.objectStore(STORE).put({ ...draft, modelId: this.modelId, window: this.window.id });
      await complete(transaction);
      return true;
    });
  }

  /** This window's. */
  discard(path: string): Promise<void> {
    return this.attempt(undefined, async () => {
      const transaction = await this.begin('readwrite');
      transaction.objectStore(STORE).delete([this.modelId, path, this.window.id]);
      await complete(transaction);
    });
  }

  /** This window's draft of a file; else the newest that a window left behind, which is this window's from then on. */
  take(path: string): Promise<Draft | undefined> {
    return this.attempt(undefined, () => this.takeNow(path));
  }

  /** The files of which there is something to take. */
  paths(): Promise<string[]> {
    return this.attempt([], () => this.pathsNow());
  }

  private async takeNow(path: string): Promise<Draft | undefined> {
    const open = await this.window.open();
    const transaction = await this.begin('readwrite');
    const store = transaction.objectStore(STORE);
    // One transaction: of two windows that start at once, one gets it.
    const drafts = await done<Draft[]>(store.index(BY_FILE).getAll([this.modelId, path]));
    const newest = (found: Draft[]): Draft | undefined => found.sort((a, b) => b.editedAt - a.editedAt)[0];
    const mine = drafts.find(({ window }) => window === this.window.id);
    const left = newest(drafts.filter(({ window }) => !open.has(window)));
    if (mine || !left) return mine;
    const taken = { ...left, window: this.window.id };
    store.delete([left.modelId, left.path, left.window]);
    store.put(taken);
    await complete(transaction);
    return taken;
  }

  private async pathsNow(): Promise<string[]> {
    const open = await this.window.open();
    const transaction = await this.begin('readonly');
    const range = IDBKeyRange.bound([this.modelId], [this.modelId, []]);
    const keys = await done(transaction.objectStore(STORE).getAllKeys(range));
    const drafts = keys as [ModelId, string, string][]; // the keyPath above
    const takeable = drafts.filter(([, , window]) => window === this.window.id || !open.has(window));
    return [...new Set(takeable.map(([, path]) => path))];
  }

  /** Without drafts everything works, but for what they are there for. */
  private async attempt<T>(otherwise: T, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!this.wasTold) this.onTrouble(error);
      this.wasTold = true;
      return otherwise;
    }
  }

  private async begin(mode: IDBTransactionMode): Promise<IDBTransaction> {
    return (await this.database).transaction(STORE, mode);
  }
}
