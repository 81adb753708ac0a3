/** What a person has installed into a model, read again when its files change: what is to be reinstalled under the present
 * Python, and the files that name what is not installed. */

import { derived, get, type Readable, writable } from 'svelte/store';
import { type Disposable, DisposableStore } from '../base/lifecycle.ts';
import { texts } from '../texts/services.ts';
import type { Dependencies, FileChange, OwnPackages, PackageSet } from '../wire.ts';
import { hasCode, messageOf } from './api.ts';
import type { ModelSession } from './session.ts';

const DEPENDENCY_FILES = new Set(['requirements.txt', 'pyproject.toml', 'package.json', 'package-lock.json']);
/** The page says these itself, and reads again once they are over. */
const SAID_ELSEWHERE = ['offline', 'host_unavailable', 'filesystem_unavailable'];
const INSTALLED = /^(\.venv|node_modules)(\/|$)/;
/** An installation writes thousands of files; they are looked at when it pauses. */
const PAUSE_MS = 1_500;

export function isOfPackages({ path, destination }: Pick<FileChange, 'path' | 'destination'>): boolean {
  return [path, destination].some(
    (name) => typeof name === 'string' && (DEPENDENCY_FILES.has(name) || INSTALLED.test(name)),
  );
}

/** What is installed under other versions of Python only, the newest version first. */
export function missingUnder(python: string, sets: readonly PackageSet[]): PackageSet[] {
  const present = new Set(
    sets.filter((set) => set.python === python).flatMap(({ packages }) => packages.map(({ name }) => name)),
  );
  const missing: PackageSet[] = [];
  for (const set of sets.filter((other) => other.python !== python)) {
    const packages = set.packages.filter(({ name }) => !present.has(name));
    for (const { name } of packages) present.add(name);
    if (packages.length > 0) missing.push({ python: set.python, packages });
  }
  return missing;
}

/** Installs all of them, one after the other; a failed one stops it, so that its words stay in sight. */
export function installCommand(dependencies: readonly Dependencies[]): string {
  return dependencies.map(({ command }) => command).join(' && ');
}

export class OwnPackagesReader implements Disposable {
  private readonly owned = new DisposableStore();
  private readonly store = writable<OwnPackages | null>(null);
  private timer: ReturnType<typeof setTimeout> | undefined;
  private reading = 0;

  /** Null until they were read. */
  readonly packages: Readable<OwnPackages | null> = this.store;
  readonly outdated: Readable<readonly Dependencies[]> = derived(
    this.store,
    (packages) => packages?.dependencies.filter(({ outdated }) => outdated) ?? [],
  );

  constructor(private readonly session: ModelSession) {
    this.owned.add(session.events.onFilesChanged((changes) => changes.some(isOfPackages) && this.readSoon()));
    this.owned.add(session.events.onRescan(() => this.readSoon()));
    // Soon is enough, and leaves the first moments of the page to what a person waits for.
    this.owned.defer(session.environment.subscribe(keyChanges(() => this.readSoon())));
    this.owned.defer(() => clearTimeout(this.timer));
  }

  /** A reply that is no longer the latest is left aside. */
  async read(): Promise<void> {
    clearTimeout(this.timer);
    this.reading += 1;
    const reading = this.reading;
    try {
      const packages = await this.session.api.packages();
      if (reading === this.reading) this.store.set(packages);
    } catch (error) {
      this.failed(error);
    }
  }

  dispose(): void {
    this.owned.dispose();
  }

  private failed(error: unknown): void {
    if (SAID_ELSEWHERE.some((code) => hasCode(error, code))) return;
    this.session.notifications.show({
      key: 'own-packages',
      severity: 'error',
      message: texts.packagesUnread,
      details: messageOf(error),
    });
  }

  private readSoon(): void {
    if (get(this.session.environment) === null) return; // read for the first time once that is known
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.read(), PAUSE_MS);
  }
}

/** Calls when another environment is in use, and at first. */
function keyChanges(changed: () => void): (environment: { key: string | null } | null) => void {
  let known: string | null | undefined;
  return (environment) => {
    if (environment === null || environment.key === known) return;
    known = environment.key;
    changed();
  };
}
