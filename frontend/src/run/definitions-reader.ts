/** A model's parameter definitions, read again when slipway.toml changes. */

import { type Readable, writable } from 'svelte/store';
import { type Disposable, DisposableStore } from '../base/lifecycle.ts';
import { isWithin } from '../base/paths.ts';
import { isOutOfReach, messageOf } from '../services/api.ts';
import type { ModelSession } from '../services/session.ts';
import type { FileChange, ParameterDefinitions } from '../wire.ts';

export const DEFINITIONS_FILE = 'slipway.toml';

export type Definitions =
  | { readonly state: 'reading' }
  | { readonly state: 'read'; readonly definitions: ParameterDefinitions }
  /** The file says something that cannot be understood; the message says what and where. */
  | { readonly state: 'broken'; readonly message: string };

export class DefinitionsReader implements Disposable {
  private readonly owned = new DisposableStore();
  private readonly store = writable<Definitions>({ state: 'reading' });
  private latest = 0;

  readonly definitions: Readable<Definitions> = this.store;

  constructor(private readonly session: Pick<ModelSession, 'api' | 'events'>) {
    this.owned.add(
      session.events.onFilesChanged((changes) => {
        if (changes.some(touchesDefinitions)) this.read();
      }),
    );
    this.owned.add(
      session.events.onRescan((folder) => {
        if (isWithin(DEFINITIONS_FILE, folder)) this.read();
      }),
    );
    this.read();
  }

  dispose(): void {
    this.owned.dispose();
  }

  /** Replies can overtake each other: only that to the latest request counts. Out of reach they stay as they are: then
   * everything is read again once it is back. */
  private async read(): Promise<void> {
    this.latest += 1;
    const request = this.latest;
    const next = await this.session.api.parameters().then(
      (definitions): Definitions => ({ state: 'read', definitions }),
      (error: unknown): Definitions | null =>
        isOutOfReach(error) ? null : { state: 'broken', message: messageOf(error) },
    );
    if (next !== null && request === this.latest) this.store.set(next);
  }
}

export function touchesDefinitions({ path, destination }: FileChange): boolean {
  return path === DEFINITIONS_FILE || destination === DEFINITIONS_FILE;
}
