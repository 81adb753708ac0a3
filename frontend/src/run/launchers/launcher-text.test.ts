import { expect, test } from 'vitest';
import type { Launcher, State } from '../../wire.ts';
import { aboutLauncher, isIdle, loadedText, nextText, statusText } from './launcher-text.ts';

const NOW = 1_000_000;
const MEBIBYTE = 2 ** 20;
const WARM: Launcher = {
  id: 'l',
  model_id: 'm',
  name: 'temporary 1',
  choice: null,
  spec: { cpus: 0.5, memory_bytes: 512 * MEBIBYTE, gpus: 0, idle_seconds: 60 },
  status: 'ready',
  message: '',
  level: 'code_loaded',
  state_id: null,
  operation_id: null,
  started_at: NOW - 180,
  idle_until: NOW + 42.5,
  operations: 2,
  restarts: 0,
};
const PERSISTENT: Launcher = { ...WARM, name: 'serving', choice: { name: 'serving' }, idle_until: null };
const STATE = { id: 's', name: 'base' } as State; // the rest is not looked at

test('a launcher is told of in one line', () => {
  expect(aboutLauncher(WARM, [], NOW)).toBe(
    'code loaded · 0.5 CPUs, 512 MiB · started 3 minutes ago · 2 runs · ends in 0:42',
  );
});

test('one that has died says why and when it starts again', () => {
  const died: Launcher = {
    ...PERSISTENT,
    status: 'restarting',
    message: 'The process ended with exit code 7.\nmore',
    level: null,
    started_at: null,
    idle_until: NOW + 4,
    restarts: 3,
  };
  expect(aboutLauncher(died, [], NOW)).toBe(
    'no process · 0.5 CPUs, 512 MiB · 2 runs · started again 3 times · starts again in 0:04 · The process ended with exit code 7.',
  );
});

test.each([
  [{ level: 'launcher' }, 'process started'],
  [{ level: 'state_instantiated', state_id: 's' }, 'state “base” instantiated'],
  [{ level: 'state_instantiated', state_id: 'gone' }, 'instantiated'],
] as const)('of %o it is said: %s', (change, text) => {
  expect(loadedText({ ...WARM, ...change }, [STATE])).toBe(text);
});

test('a temporary one that waits is warm, and the only one that a person can end', () => {
  expect(statusText(WARM)).toEqual({ title: 'Warm', tone: 'good' });
  expect(statusText(PERSISTENT)).toEqual({ title: 'Ready', tone: 'good' });
  expect([WARM, PERSISTENT, { ...WARM, status: 'working' } as Launcher].map(isIdle)).toEqual([
    true,
    false,
    false,
  ]);
});

test('only what will happen by itself is counted down', () => {
  expect(nextText({ ...WARM, status: 'working' }, NOW)).toBe('');
  expect(nextText(PERSISTENT, NOW)).toBe('');
});
