import { expect, test } from 'vitest';
import { exceeds, fileLimit, fullness } from './quota.ts';

const usage = (used_bytes: number, used_files: number) => ({
  used_bytes,
  used_files,
  limit_bytes: 1_000_000,
  limit_files: 1000,
});

test.each([
  [usage(0, 0), 'fine'],
  [usage(899_999, 899), 'fine'],
  [usage(900_000, 0), 'near'],
  [usage(0, 900), 'near'],
  [usage(1_000_000, 0), 'full'],
  [usage(996_000, 0), 'full'],
  [usage(0, 1000), 'full'],
])('%o is judged %s', (value, expected) => {
  expect(fullness(value)).toBe(expected);
});

test('an empty limit is full, not a division by zero', () => {
  expect(fullness({ used_bytes: 0, limit_bytes: 0, used_files: 0, limit_files: 0 })).toBe('full');
});

test('the file limit is one per 8 KiB and at least 1024, as the server computes it', () => {
  expect([fileLimit(1), fileLimit(32 * 2 ** 20), fileLimit(2 ** 33)]).toEqual([1024, 4096, 1_048_576]);
});

test.each([
  [usage(8192, 10), 8192, false],
  [usage(8193, 10), 8192, true],
  [usage(8192, 1025), 8192, true],
])('%o exceeds %i bytes: %s', (value, limitBytes, expected) => {
  expect(exceeds(value, limitBytes)).toBe(expected);
});
