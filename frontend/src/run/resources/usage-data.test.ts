import { expect, test } from 'vitest';
import type { LauncherUsage } from '../../wire.ts';
import { amountText, peakOf, timeAxis, usageCurves } from './usage-data.ts';

const MEBIBYTE = 2 ** 20;
const SPEC = { cpus: 0.5, memory_bytes: 512 * MEBIBYTE, gpus: 0, idle_seconds: 60 };

function sample(time: number, change: Partial<LauncherUsage> = {}): LauncherUsage {
  return { time, cpus: 0.25, memory_bytes: 32 * MEBIBYTE, tmp_bytes: MEBIBYTE, ...change };
}

test('there is a curve of each kind, with its limit', () => {
  const samples = [sample(100), sample(101, { cpus: null, memory_bytes: 64 * MEBIBYTE })];
  expect(usageCurves(samples, SPEC)).toEqual([
    { name: 'CPUs', unit: '', values: [0.25, null], limit: 0.5 },
    { name: 'Memory', unit: 'MiB', values: [32, 64], limit: 512 },
    { name: '/tmp', unit: 'MiB', values: [1, 1], limit: 512 },
  ]);
});

test('what the machine does not tell has no curve, and without a spec there are no limits', () => {
  const samples = [sample(1, { cpus: null, tmp_bytes: null })];
  expect(usageCurves(samples, null)).toEqual([{ name: 'Memory', unit: 'MiB', values: [32], limit: null }]);
  expect(usageCurves([], SPEC)).toEqual([]);
});

test.each([
  [1, 'seconds', 1],
  [600, 'minutes', 10],
  [10_800, 'hours', 3],
] as const)('of %i seconds the axis counts %s', (seconds, label, last) => {
  expect(timeAxis([sample(1000), sample(1000 + seconds)])).toEqual({ x: [0, last], label });
});

test('without samples the axis is empty', () => {
  expect(timeAxis([])).toEqual({ x: [], label: 'seconds' });
});

test('the peak leaves out what is not known', () => {
  const curve = { name: 'CPUs', unit: '', limit: null } as const;
  expect(peakOf({ ...curve, values: [0.1, null, 0.4, 0.2] })).toBe(0.4);
  expect(peakOf({ ...curve, values: [null] })).toBe(null);
});

test('amounts are told with few digits', () => {
  expect([0.4166, 1, null, undefined].map((value) => amountText({ unit: '' }, value))).toEqual([
    '0.42',
    '1',
    '–',
    '–',
  ]);
  expect(amountText({ unit: 'MiB' }, 2048.06)).toBe('2,048.1 MiB');
});
