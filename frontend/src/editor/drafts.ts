/** Text that is not saved yet, kept in this browser's IndexedDB until it is saved or discarded. */

import type { ModelId } from '../wire.ts';

export interface Draft {
  readonly modelId: ModelId;
  readonly path: string;
  readonly text: string;
  /** Of the version that was edited. */
  readonly etag: string | null;
  /** Seconds since the epoch. */
  readonly editedAt: number;
}

const STORE = 'drafts';

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

function openDatabase(): Promise<IDBDatabase> {
  const request = indexedDB.open('slipway', 1);
  request.onupgradeneeded = () => {
    const store = request.result.createObjectStore(STORE, { keyPath: ['modelId', 'path'] });
    store.createIndex('modelId', 'modelId');
  };
  return done(request);
}

export class Drafts {
  private readonly database = openDatabase();

  constructor(private readonly modelId: ModelId) {}

  async keep(draft: Omit<Draft, 'modelId'>): Promise<void> {
    const store = await this.store('readwrite');
    await done(store.put({ ...draft, modelId: this.modelId }));
  }

  async discard(path: string): Promise<void> {
    const store = await this.store('readwrite');
    await done(store.delete([this.modelId, path]));
  }

  async of(path: string): Promise<Draft | undefined> {
    const store = await this.store('readonly');
    return done(store.get([this.modelId, path]));
  }

  async paths(): Promise<string[]> {
    const store = await this.store('readonly');
    const keys = await done(store.index('modelId').getAllKeys(this.modelId));
    return keys.map((key) => (key as [ModelId, string])[1]); // the keyPath above
  }

  private async store(mode: IDBTransactionMode): Promise<IDBObjectStore> {
    return (await this.database).transaction(STORE, mode).objectStore(STORE);
  }
}
