import { expect, test } from 'vitest';
import { delayMilliseconds, LONGEST_DELAY_MS } from './backoff.ts';

test('delays double up to the longest and stay there', () => {
  const delays = [1, 2, 3, 4, 5, 6, 100, 10_000].map((failures) => delayMilliseconds(failures, () => 0));
  expect(delays).toEqual([500, 1000, 2000, 4000, 8000, 15_000, 15_000, 15_000]);
});

test('jitter takes off at most half', () => {
  expect(delayMilliseconds(100, () => 1)).toBe(LONGEST_DELAY_MS / 2);
});
