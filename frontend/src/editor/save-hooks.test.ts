import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { OpenFile } from './open-file.ts';
import { HOOK_DEADLINE_MS, SaveHooks } from './save-hooks.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const FILE = { path: 'main.py' } as unknown as OpenFile; // hooks here only hand it on

test('hooks run one after the other, and one that was taken away does not', async () => {
  const ran: string[] = [];
  const hooks = new SaveHooks(() => undefined);
  hooks.add(async (file, reason) => void ran.push(`first ${file.path} ${reason}`));
  hooks.add(async () => void ran.push('away')).dispose();
  hooks.add(async () => void ran.push('second'));
  await hooks.run(FILE, 'auto');
  expect(ran).toEqual(['first main.py auto', 'second']);
});

test('one that fails or never ends is told, and keeps nothing from being saved', async () => {
  const told: string[] = [];
  const hooks = new SaveHooks((error) => told.push((error as Error).message));
  hooks.add(() => Promise.reject(new Error('broken')));
  hooks.add(() => new Promise(() => undefined));
  const running = hooks.run(FILE, 'asked');
  await vi.advanceTimersByTimeAsync(HOOK_DEADLINE_MS);
  await running;
  expect(told).toEqual(['broken', 'What is done before saving took more than 2 s.']);
});
