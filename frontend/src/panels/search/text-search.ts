/** The search in files of one page: what is asked, the one request that is under way, and what it has found. */

import { get, type Readable, writable } from 'svelte/store';
import type { Disposable } from '../../base/lifecycle.ts';
import { messageOf } from '../../services/api.ts';
import type { ModelSession } from '../../services/session.ts';
import { texts } from '../../texts/search.ts';
import type { FoundInFile, SearchEnded, SearchMatch } from '../../wire.ts';
import { EMPTY_FORM, identityOf, queryOf, type SearchForm, withPattern } from './form.ts';
import { placeOf, Results } from './results.ts';

export interface SearchState {
  readonly phase: 'idle' | 'searching' | 'ended' | 'failed';
  readonly results: Results;
  /** What was asked for to find these; null until that is known of what is listed. */
  readonly form: SearchForm | null;
  /** Why it failed, or what to know of what it has found; '' for nothing. */
  readonly message: string;
}

const IDLE: SearchState = { phase: 'idle', results: Results.none, form: null, message: '' };
/** After a key; the next one begins another search. */
const TYPING_MS = 250;
/** Files are found faster than they could be shown one by one. */
const SHOWING_MS = 60;

export class TextSearch implements Disposable {
  private readonly formStore;
  private readonly stateStore = writable<SearchState>(IDLE);
  private readonly dismissed = new Set<string>();
  private dismissedOf = '';
  private history: readonly string[];
  private request: AbortController | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;

  readonly form: Readable<SearchForm>;
  readonly state: Readable<SearchState> = this.stateStore;

  constructor(private readonly session: ModelSession) {
    const remembered = localStorage.getItem(this.key);
    const { form, history } = (remembered === null ? {} : JSON.parse(remembered)) as Partial<Remembered>; // written by remember()
    this.formStore = writable<SearchForm>({ ...EMPTY_FORM, ...form });
    this.form = this.formStore;
    this.history = history ?? [];
  }

  change(change: Partial<SearchForm>): void {
    this.formStore.update((form) => ({ ...form, ...change }));
    this.remember();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.run(), TYPING_MS);
  }

  /** Searches now; what was found before is shown until something else is. */
  async run(): Promise<void> {
    clearTimeout(this.timer);
    this.request?.abort();
    this.request = null;
    const form = get(this.formStore);
    if (form.pattern === '') return this.stateStore.set(IDLE);
    const identity = identityOf(form);
    if (identity !== this.dismissedOf) this.dismissed.clear();
    this.dismissedOf = identity;
    const request = new AbortController();
    this.request = request;
    this.stateStore.update(({ results }) => ({ phase: 'searching', results, form: null, message: '' }));
    try {
      await this.receive(form, request.signal);
    } catch (error) {
      if (request.signal.aborted) return;
      this.stateStore.set({ ...IDLE, phase: 'failed', message: messageOf(error) });
    }
  }

  stop(): void {
    clearTimeout(this.timer);
    this.request?.abort();
    this.stateStore.update((state) => ({ ...state, phase: 'ended', message: texts.stopped }));
  }

  clear(): void {
    this.change({ pattern: '' });
    void this.run();
  }

  /** Takes them out of the list, until something else is searched for. */
  dismiss(path: string, matches: readonly SearchMatch[]): void {
    for (const match of matches) this.dismissed.add(placeOf(path, match));
    this.forget(path, matches);
  }

  /** They are no more. */
  forget(path: string, matches: readonly SearchMatch[]): void {
    this.stateStore.update((state) => ({ ...state, results: state.results.without(path, matches) }));
  }

  keepInHistory(): void {
    this.history = withPattern(this.history, get(this.formStore).pattern);
    this.remember();
  }

  /** An earlier pattern (-1), or a later one (1); null where there is none. */
  fromHistory(step: -1 | 1): string | null {
    const { pattern } = get(this.formStore);
    const at = this.history.lastIndexOf(pattern);
    if (at === -1) return step === -1 ? (this.history.at(-1) ?? null) : null;
    return this.history[at + step] ?? null;
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.request?.abort();
  }

  private async receive(form: SearchForm, signal: AbortSignal): Promise<void> {
    let results = Results.none;
    let waiting: FoundInFile[] = [];
    let shownAt = performance.now();
    const isWanted = (place: string): boolean => !this.dismissed.has(place);
    for await (const event of this.session.api.search(queryOf(form), signal)) {
      if (event.type === 'file') waiting.push(event);
      const isOver = event.type === 'ended';
      if (!isOver && performance.now() - shownAt < SHOWING_MS) continue;
      results = results.with(waiting, isWanted);
      [waiting, shownAt] = [[], performance.now()];
      if (signal.aborted) return;
      if (isOver) this.ended(form, results, event);
      else this.stateStore.set({ phase: 'searching', results, form, message: '' });
    }
  }

  private ended(form: SearchForm, results: Results, { reason, message }: SearchEnded): void {
    const hasFailed = reason === 'failed';
    this.stateStore.set({ phase: hasFailed ? 'failed' : 'ended', results, form, message });
    const { matchCount, fileCount } = results;
    this.session.announce(hasFailed ? message : texts.counted(matchCount, fileCount));
  }

  private remember(): void {
    const remembered: Remembered = { form: get(this.formStore), history: this.history };
    localStorage.setItem(this.key, JSON.stringify(remembered));
  }

  private get key(): string {
    return `slipway.search.${this.session.modelId}`;
  }
}

interface Remembered {
  readonly form: SearchForm;
  readonly history: readonly string[];
}
