import { get } from 'svelte/store';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Polling } from './polling.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('it is read at once, and again after each pause, until it is disposed', async () => {
  let readings = 0;
  const polling = new Polling(async () => ++readings, 2);
  await vi.advanceTimersByTimeAsync(0);
  expect(get(polling.polled)).toEqual({ value: 1, problem: '' });
  await vi.advanceTimersByTimeAsync(4_000);
  expect(get(polling.polled).value).toBe(3);
  polling.dispose();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(readings).toBe(3);
});

test('a reading that fails says why, keeps what was known, and is tried again', async () => {
  let readings = 0;
  const polling = new Polling(async () => {
    readings += 1;
    if (readings === 2) throw new Error('gone');
    return readings;
  }, 2);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(get(polling.polled)).toEqual({ value: 1, problem: 'gone' });
  await vi.advanceTimersByTimeAsync(2_000);
  expect(get(polling.polled)).toEqual({ value: 3, problem: '' });
  polling.dispose();
});

test('without a pause it is read once; disposed while it reads it is read no more', async () => {
  let readings = 0;
  const read = async () => ++readings;
  new Polling(read, null).dispose();
  new Polling(read, 2).dispose();
  new Polling(read, null);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(readings).toBe(3);
});
