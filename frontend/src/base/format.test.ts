import { expect, test } from 'vitest';
import { formatAge, formatBytes, formatCount, formatDuration, formatElapsed } from './format.ts';

test.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1024, '1 KiB'],
  [1536, '1.5 KiB'],
  [32 * 2 ** 20, '32 MiB'],
  [2 ** 20 - 1, '1 MiB'],
  [150.4 * 2 ** 20, '150 MiB'],
  [10 * 2 ** 30, '10 GiB'],
])('%d bytes read as %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});

test('a count agrees with its noun', () => {
  expect([formatCount(1, 'file'), formatCount(4096, 'file')]).toEqual(['1 file', '4,096 files']);
});

test.each([
  [0.042, '42 ms'],
  [12.34, '12.3 s'],
  [754, '12:34'],
  [4000, '1:06:40'],
])('%d seconds read as %s', (seconds, text) => {
  expect(formatDuration(seconds)).toBe(text);
});

test('an age goes from minutes to a date', () => {
  const now = 1_800_000_000;
  const ages = [0, 61, 7200, 86_400 * 2, 86_400 * 30].map((seconds) => formatAge(now - seconds, now));
  expect(ages).toEqual(['just now', '1 minute ago', '2 hours ago', '2 days ago', '16 Dec 2026']);
});

test('a duration that grows has no tenths', () => {
  expect([0, 9.7, 59.9, 61, 3725].map(formatElapsed)).toEqual(['0:00', '0:09', '0:59', '1:01', '1:02:05']);
});
