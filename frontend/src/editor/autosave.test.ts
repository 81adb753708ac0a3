import { writable } from 'svelte/store';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ApiError } from '../services/api.ts';
import { Autosave, PAUSE_MS } from './autosave.ts';
import type { OpenFile, SaveOutcome } from './open-file.ts';

const FULL = new ApiError('filesystem_full', 'full', 507);
const OFFLINE = new ApiError('offline', 'offline', 0);

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function fileOf(disk: 'same' | 'changed' | 'deleted' = 'same') {
  return { path: 'main.py', state: { save: { dirty: true, disk } } } as unknown as OpenFile; // what is read of it
}

function setUp(outcomes: SaveOutcome[] = []) {
  const usage = writable({ used_bytes: 9, limit_bytes: 10, used_files: 1, limit_files: 10 });
  const setting = writable(true);
  const saved: OpenFile[] = [];
  const told: unknown[] = [];
  const session = {
    usage,
    connection: writable({ state: 'open' as const }),
    filesystem: writable({ status: 'ready' as const, message: '', remounted_at: null }),
    notifications: { dismissKey: () => undefined },
    announce: () => undefined,
  };
  const saver = {
    saveQuietly: async (file: OpenFile) => {
      saved.push(file);
      return outcomes.shift() ?? { kind: 'saved' as const };
    },
    tell: async (_: OpenFile, error: unknown) => void told.push(error),
  };
  // Only these parts of a session are used.
  const autosave = new Autosave(
    session as unknown as ConstructorParameters<typeof Autosave>[0],
    saver,
    setting,
  );
  return { autosave, usage, setting, saved, told, connection: session.connection };
}

test('what is typed is saved once, after a pause', async () => {
  const { autosave, saved } = setUp();
  const file = fileOf();
  autosave.edited(file);
  await vi.advanceTimersByTimeAsync(PAUSE_MS - 1);
  autosave.edited(file);
  await vi.advanceTimersByTimeAsync(PAUSE_MS - 1);
  expect(saved).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  expect(saved).toEqual([file]);
});

test('it is saved at once when the focus leaves, and not again', async () => {
  const { autosave, saved } = setUp();
  autosave.edited(fileOf());
  await autosave.flush();
  await vi.advanceTimersByTimeAsync(2 * PAUSE_MS);
  expect(saved.length).toBe(1);
});

test('nothing is written over what changed or was deleted on disk, and nothing at all once it is off', async () => {
  const { autosave, saved, setting } = setUp();
  autosave.edited(fileOf('changed'));
  autosave.edited(fileOf('deleted'));
  await autosave.flush();
  autosave.edited(fileOf());
  setting.set(false);
  autosave.edited(fileOf());
  await vi.advanceTimersByTimeAsync(2 * PAUSE_MS);
  expect(saved).toEqual([]);
});

test('a full filesystem is told once, and tried again when there is more room', async () => {
  const full: SaveOutcome = { kind: 'failed', error: FULL };
  const { autosave, saved, told, usage } = setUp([full, full]);
  const file = fileOf();
  for (const _ of [1, 2]) {
    autosave.edited(file);
    await vi.advanceTimersByTimeAsync(PAUSE_MS);
  }
  usage.update((now) => ({ ...now, used_bytes: 10 }));
  await vi.advanceTimersByTimeAsync(10 * PAUSE_MS);
  expect([saved.length, told]).toEqual([2, [FULL]]);
  usage.update((now) => ({ ...now, limit_bytes: 20 }));
  await vi.advanceTimersByTimeAsync(10 * PAUSE_MS);
  expect(saved.length).toBe(3);
});

test('a lost connection is not told a second time; what waits is saved when it is back', async () => {
  const { autosave, saved, told, connection } = setUp([{ kind: 'failed', error: OFFLINE }]);
  autosave.edited(fileOf());
  await vi.advanceTimersByTimeAsync(PAUSE_MS);
  connection.set({ state: 'open' });
  await vi.advanceTimersByTimeAsync(10 * PAUSE_MS);
  expect([saved.length, told]).toEqual([2, []]);
});
