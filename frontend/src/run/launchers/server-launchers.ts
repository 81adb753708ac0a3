/** The launchers of all models of the server, read again and again while somebody looks: their events are each model's own. */

import { type Readable, writable } from 'svelte/store';
import type { Disposable } from '../../base/lifecycle.ts';
import { messageOf, launchers as readLaunchers, models as readModels } from '../../services/api.ts';
import type { Launcher, ModelId } from '../../wire.ts';

const SECONDS_BETWEEN = 2;

export interface ServerLaunchers {
  /** Null until they are read. */
  readonly launchers: readonly Launcher[] | null;
  readonly modelNames: ReadonlyMap<ModelId, string>;
  /** Why the last reading failed; '' if it did not. */
  readonly problem: string;
}

export class ServerLaunchersReader implements Disposable {
  private readonly store = writable<ServerLaunchers>({ launchers: null, modelNames: new Map(), problem: '' });
  private timer: ReturnType<typeof setTimeout> | undefined;
  private isDisposed = false;

  readonly view: Readable<ServerLaunchers> = this.store;

  constructor() {
    void this.read();
  }

  dispose(): void {
    this.isDisposed = true;
    clearTimeout(this.timer);
  }

  private async read(): Promise<void> {
    try {
      const [launchers, models] = await Promise.all([readLaunchers(), readModels()]);
      const modelNames = new Map(models.map(({ id, name }) => [id, name]));
      this.store.set({ launchers, modelNames, problem: '' });
    } catch (error) {
      this.store.update((known) => ({ ...known, problem: messageOf(error) }));
    }
    if (!this.isDisposed) this.timer = setTimeout(() => void this.read(), SECONDS_BETWEEN * 1000);
  }
}
