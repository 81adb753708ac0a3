/** Saves what was edited, after a pause of typing and when the focus leaves, and again once what was in the way has gone. */

import type { Readable } from 'svelte/store';
import { type Disposable, DisposableStore } from '../base/lifecycle.ts';
import { basename } from '../base/paths.ts';
import { isOutOfReach } from '../services/api.ts';
import { FULL_KEY } from '../services/filesystem-full.ts';
import type { ModelSession } from '../services/session.ts';
import { texts } from '../texts/editor.ts';
import type { Usage } from '../wire.ts';
import type { OpenFile } from './open-file.ts';
import type { Saver } from './saver.ts';

export const PAUSE_MS = 1_000;
/** Space comes back in many steps while a folder is deleted. */
const RETRY_MS = 1_000;

type AutosaveSession = Pick<
  ModelSession,
  'usage' | 'connection' | 'filesystem' | 'notifications' | 'announce'
>;

export class Autosave implements Disposable {
  private readonly owned = new DisposableStore();
  private readonly timers = new Map<OpenFile, ReturnType<typeof setTimeout>>();
  /** Those that could not be saved. */
  private readonly waiting = new Set<OpenFile>();
  private retryTimer: ReturnType<typeof setTimeout> | undefined;
  private isOn = true;
  private wasTold = false;

  constructor(
    private readonly session: AutosaveSession,
    private readonly saver: Pick<Saver, 'saveQuietly' | 'tell'>,
    setting: Readable<boolean>,
  ) {
    this.owned.defer(setting.subscribe((isOn) => this.switch(isOn)));
    let before: Usage | null = null;
    this.owned.defer(
      session.usage.subscribe((now) => {
        if (before !== null && hasMoreRoom(before, now)) this.retrySoon();
        before = now;
      }),
    );
    this.owned.defer(session.connection.subscribe(({ state }) => state === 'open' && this.retrySoon()));
    this.owned.defer(session.filesystem.subscribe(({ status }) => status === 'ready' && this.retrySoon()));
    this.owned.defer(() => clearTimeout(this.retryTimer));
    this.owned.defer(() => this.timers.forEach(clearTimeout));
  }

  /** Its text was changed by a person. */
  edited(file: OpenFile): void {
    if (!this.isOn) return;
    clearTimeout(this.timers.get(file));
    this.timers.set(
      file,
      setTimeout(() => void this.save(file), PAUSE_MS),
    );
  }

  /** The focus has gone elsewhere: what waits for a pause is saved now. */
  flush(): Promise<void> {
    return this.all(this.timers.keys());
  }

  forget(file: OpenFile): void {
    clearTimeout(this.timers.get(file));
    this.timers.delete(file);
    this.waiting.delete(file);
  }

  dispose(): void {
    this.owned.dispose();
  }

  private switch(isOn: boolean): void {
    this.isOn = isOn;
    if (isOn) return;
    for (const file of [...this.timers.keys(), ...this.waiting]) this.forget(file);
  }

  private async save(file: OpenFile): Promise<void> {
    clearTimeout(this.timers.get(file));
    this.timers.delete(file);
    const { dirty, disk } = file.state.save;
    // Whoever deleted or changed it on disk may not want this text there: that is for the person to say.
    if (!dirty || disk !== 'same') return this.settled(file);
    const outcome = await this.saver.saveQuietly(file);
    if (outcome.kind === 'failed') return this.failed(file, outcome.error);
    this.settled(file);
  }

  /** Told once, until all is saved again: the tab is marked, and the text waits. */
  private async failed(file: OpenFile, error: unknown): Promise<void> {
    this.waiting.add(file);
    // The page says by itself that the server is out of reach.
    if (this.wasTold || isOutOfReach(error)) return;
    this.wasTold = true;
    await this.saver.tell(file, error);
  }

  private settled(file: OpenFile): void {
    if (!this.waiting.delete(file) || this.waiting.size > 0) return;
    this.wasTold = false;
    this.session.notifications.dismissKey(FULL_KEY);
    this.session.announce(texts.saving.done(basename(file.path)));
  }

  private retrySoon(): void {
    if (this.waiting.size === 0) return;
    this.retryTimer ??= setTimeout(() => {
      this.retryTimer = undefined;
      void this.all(this.waiting);
    }, RETRY_MS);
  }

  private async all(files: Iterable<OpenFile>): Promise<void> {
    await Promise.all([...files].map((file) => this.save(file)));
  }
}

function hasMoreRoom(before: Usage, now: Usage): boolean {
  const bytes = (usage: Usage): number => usage.limit_bytes - usage.used_bytes;
  const files = (usage: Usage): number => usage.limit_files - usage.used_files;
  return bytes(now) > bytes(before) || files(now) > files(before);
}
