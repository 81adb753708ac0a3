/** What a model's code defines and what is wrong with it, looked at again once it has changed.
 *
 * A check starts a sandbox and loads the code, so there is none while nobody would see what comes of it, never two at once,
 * and none for a file that was saved as it was.
 */

import { derived, type Readable, writable } from 'svelte/store';
import { type Disposable, DisposableStore } from '../base/lifecycle.ts';
import { extension } from '../base/paths.ts';
import type { CodeCheck, CodeProblem, FileChange, FunctionName } from '../wire.ts';
import { hasCode, messageOf } from './api.ts';
import type { ModelSession } from './session.ts';

export interface CodeView {
  readonly status: 'unknown' | 'checking' | 'checked' | 'failed';
  /** null: not known, as the code has changed since, or could not be loaded. */
  readonly functions: readonly FunctionName[] | null;
  /** Why it could not be looked at; '' unless it failed. */
  readonly failure: string;
}

const CODE = new Set(['py', 'js', 'mjs', 'cjs', 'ts']);
const MADE_BY_TOOLS = new Set(['__pycache__', 'node_modules']);
/** A person who saves again at once, and an installation that pauses, are waited for. */
const SETTLE_MS = 500;
/** Files that were saved are held against what they held before; longer ones count as changed. */
const COMPARED_BYTES = 256 * 1024;
const COMPARED_FILES = 50;

export function isCode(path: string): boolean {
  const folders = path.split('/').slice(0, -1);
  return (
    CODE.has(extension(path)) && !folders.some((name) => name.startsWith('.') || MADE_BY_TOOLS.has(name))
  );
}

/** Installed packages; what was missing may be there now. */
function isOfPackages(path: string): boolean {
  return /^(\.venv|node_modules)(\/|$)/.test(path);
}

/** Such problems lie in what surrounds the code, and may go without a change of it. */
const LASTING: ReadonlySet<string> = new Set(['syntax', 'no_code']);

export class CodeChecker implements Disposable {
  private readonly owned = new DisposableStore();
  private readonly store = writable<CodeView>({ status: 'unknown', functions: null, failure: '' });
  private readonly problemsStore = writable<readonly CodeProblem[]>([]);
  private readonly texts = new Map<string, string>();
  private known: readonly CodeProblem[] = [];
  private isWanted = false;
  /** There is something to find out. */
  private isDue = true;
  private running: AbortController | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;

  readonly view: Readable<CodeView> = this.store;
  /** Those of the last check, until the next one has ended. */
  readonly problems: Readable<readonly CodeProblem[]> = this.problemsStore;

  constructor(private readonly session: Pick<ModelSession, 'api' | 'events' | 'environment' | 'variables'>) {
    const { events, environment, variables } = session;
    this.owned.add(events.onFilesChanged((changes) => void this.filesChanged(changes)));
    this.owned.add(events.onRescan(() => this.changed()));
    const environmentKey = derived(environment, (now) => now?.key ?? null);
    this.owned.defer(environmentKey.subscribe(onAnother(() => this.changed())));
    const given = derived(variables, (all) => JSON.stringify(all));
    this.owned.defer(given.subscribe(onAnother(() => this.surroundingsChanged())));
    this.owned.defer(() => clearTimeout(this.timer));
    this.owned.defer(() => this.running?.abort());
  }

  /** Whether somebody would see what a check finds. */
  setWanted(isWanted: boolean): void {
    this.isWanted = isWanted;
    this.checkSoon();
  }

  /** Once more, as a person asks for it. */
  checkAgain(): void {
    this.isDue = true;
    void this.check();
  }

  dispose(): void {
    this.owned.dispose();
  }

  private async filesChanged(changes: readonly FileChange[]): Promise<void> {
    const meant = changes.filter(({ kind }) => kind !== 'attributes');
    const paths = meant.flatMap(({ path, destination }) =>
      destination === null ? [path] : [path, destination],
    );
    if (paths.some(isOfPackages)) this.surroundingsChanged();
    const code = meant.filter(({ path, destination }) => isCode(path) || isCode(destination ?? ''));
    const news = await Promise.all(code.map((change) => this.isNews(change)));
    if (news.some(Boolean)) this.changed();
  }

  private async isNews({ kind, path }: FileChange): Promise<boolean> {
    if (kind !== 'written') return true;
    const before = this.texts.get(path);
    const text = await this.read(path);
    return text === null || text !== before;
  }

  private async read(path: string): Promise<string | null> {
    try {
      const { bytes } = await this.session.api.read(path, COMPARED_BYTES);
      const text = bytes && new TextDecoder().decode(bytes);
      if (text === null || this.texts.size >= COMPARED_FILES) this.texts.clear();
      if (text !== null) this.texts.set(path, text);
      return text;
    } catch {
      // Gone again, or out of reach: the check itself says what is wrong, if anything is.
      return null;
    }
  }

  private surroundingsChanged(): void {
    if (this.known.some(({ kind }) => !LASTING.has(kind))) this.changed();
  }

  /** What is known does not hold for the code as it is now. */
  private changed(): void {
    this.isDue = true;
    this.running?.abort();
    this.store.update((view) => ({ ...view, functions: null }));
    this.checkSoon();
  }

  private checkSoon(): void {
    clearTimeout(this.timer);
    if (this.isDue && this.isWanted) this.timer = setTimeout(() => void this.check(), SETTLE_MS);
  }

  private async check(): Promise<void> {
    if (this.running !== null) return; // at its end it looks whether another one is due
    this.isDue = false;
    const stop = new AbortController();
    this.running = stop;
    this.store.set({ status: 'checking', functions: null, failure: '' });
    try {
      this.found(await this.session.api.check(stop.signal));
    } catch (error) {
      this.failed(stop.signal.aborted || hasCode(error, 'offline') ? '' : messageOf(error));
    } finally {
      this.running = null;
      this.checkSoon();
    }
  }

  private found({ functions, problems }: CodeCheck): void {
    const unable = problems.find(({ kind }) => kind === 'out_of_time' || kind === 'terminated');
    this.known = problems;
    this.problemsStore.set(problems.filter((problem) => problem !== unable));
    if (unable !== undefined) return this.failed(unable.message);
    this.store.set({ status: 'checked', functions: problems.length === 0 ? functions : null, failure: '' });
  }

  /** Without a reason where it will be tried again by itself. */
  private failed(failure: string): void {
    this.store.set({ status: failure === '' ? 'unknown' : 'failed', functions: null, failure });
  }
}

/** Calls when it is another than before; null is not known yet. */
function onAnother(act: () => void): (value: string | null) => void {
  let known: string | null = null;
  return (value) => {
    const before = known;
    known = value ?? before;
    if (before !== null && known !== before) act();
  };
}
