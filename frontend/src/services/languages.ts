/** What the page knows of the language servers of a model: how they are, and where the names in the code stand.
 *
 * The editor, which speaks with them once a file of such a language is open, reports here; the rest of the page reads.
 */

import { type Readable, writable } from 'svelte/store';
import { Emitter } from '../base/emitter.ts';
import type { Place } from './problems.ts';

export interface ServerStatus {
  /** As in the server's URLs: 'ty'. */
  readonly name: string;
  readonly title: string;
  /** Of the files it looks after: 'Python'. */
  readonly language: string;
  readonly state: 'starting' | 'ready' | 'stopped' | 'failed';
  /** Why it failed or was stopped; '' where there is nothing to say. */
  readonly message: string;
}

export type SymbolKind = 'class' | 'function' | 'method' | 'variable' | 'property' | 'module' | 'other';

/** A name that is defined in the code. */
export interface CodeSymbol extends Place {
  readonly name: string;
  readonly kind: SymbolKind;
  /** What it is defined in: a class, a module; '' where that is not known. */
  readonly container: string;
  /** As in Entry.path. */
  readonly path: string;
}

/** What the servers are asked for by other parts of the page than the text itself. */
export interface LanguageTools {
  /** In the order of the text. Empty where no server knows such files. */
  symbolsOfFile(path: string): Promise<readonly CodeSymbol[]>;
  /** Of all of the model's files, those that fit the query best. Empty while no server runs. */
  symbolsOfModel(query: string): Promise<readonly CodeSymbol[]>;
  /** An open file, in its editor. Leaves it as it is where no server formats such files. */
  format(path: string): Promise<void>;
}

/** A place with the text of its line. */
export interface FoundPlace extends Place {
  /** As in Entry.path; of the environment's files, from the sandbox's root. */
  readonly path: string;
  readonly end: Place;
  readonly text: string;
}

export interface FoundPlaces {
  readonly title: string;
  readonly places: readonly FoundPlace[];
}

const NO_TOOLS: LanguageTools = {
  symbolsOfFile: async () => [],
  symbolsOfModel: async () => [],
  format: async () => undefined,
};

export class Languages {
  private readonly store = writable<readonly ServerStatus[]>([]);
  private readonly placesStore = writable<FoundPlaces | null>(null);
  private readonly restarts = new Emitter<string>();
  private known = NO_TOOLS;

  /** Those that were asked for since the page was loaded. */
  readonly servers: Readable<readonly ServerStatus[]> = this.store;
  /** What was looked for last, such as the references to a name; null before that. */
  readonly places: Readable<FoundPlaces | null> = this.placesStore;
  /** The name of a server that a person wants started again. */
  readonly onRestart = this.restarts.event;

  get tools(): LanguageTools {
    return this.known;
  }

  provide(tools: LanguageTools): void {
    this.known = tools;
  }

  showPlaces(found: FoundPlaces): void {
    this.placesStore.set(found);
  }

  report(status: ServerStatus): void {
    this.store.update((all) => {
      const known = all.some(({ name }) => name === status.name);
      return known ? all.map((other) => (other.name === status.name ? status : other)) : [...all, status];
    });
  }

  forget(name: string): void {
    this.store.update((all) => all.filter((status) => status.name !== name));
  }

  restart(name: string): void {
    this.restarts.fire(name);
  }
}
