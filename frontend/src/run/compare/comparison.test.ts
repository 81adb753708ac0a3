import { expect, test } from 'vitest';
import type { Operation } from '../../wire.ts';
import { Metrics } from '../charts/series.ts';
import { metricsOf, parameterRows, phaseRows } from './comparison.ts';

const given = (parameters: Record<string, unknown>): Operation => ({ parameters }) as Operation;

test('inputs stand side by side, and those that differ are marked', () => {
  const rows = parameterRows([
    given({ rate: 0.1, words: 'a', long: null }),
    given({ rate: 0.2, words: 'a', image: { format: 'png', base64: '' } }),
  ]);
  expect(rows).toEqual([
    { name: 'rate', cells: ['0.1', '0.2'], differs: true },
    { name: 'words', cells: ['a', 'a'], differs: false },
    { name: 'long', cells: ['too long to show', '–'], differs: true },
    { name: 'image', cells: ['–', '"a file"'], differs: true },
  ]);
});

test('a phase that only one of them had is told as such', () => {
  const train = { phase: 'train', startedAt: 0, seconds: 2 } as const;
  const load = { phase: 'codeStartup', startedAt: 0, seconds: 1 } as const;
  expect(phaseRows([[load, train], [load]], (seconds) => `${seconds} s`)).toEqual([
    { name: 'Load code', cells: ['1 s', '1 s'], differs: false },
    { name: 'Train', cells: ['2 s', '–'], differs: true },
  ]);
});

test('of each metric, the last value of each run is told', () => {
  const measured = [[3, 1], [], [4, null]].map((values) => {
    const metrics = new Metrics();
    for (const [step, value] of values.entries()) {
      metrics.add({ type: 'metric', time: 0, name: 'loss', step, value, tensor: null });
    }
    return metrics;
  });
  expect(metricsOf(measured)).toEqual([{ name: 'loss', last: ['1', '–', '–'] }]);
});
