import { expect, test } from 'vitest';
import type { Operation } from '../../wire.ts';
import { metricsOf, overlayOf, parameterRows, phaseRows } from './comparison.ts';

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

test('metrics are put over each other by their steps', () => {
  const short = { name: 'loss', steps: [0, 2], values: [3, 1] };
  const long = { name: 'loss', steps: [0, 1, 3], values: [4, null, 2] };
  const [loss] = metricsOf([[short], [], [long]]);
  expect(loss?.last).toEqual(['1', '–', '2']);
  expect(overlayOf(loss?.series ?? [])).toEqual({
    x: [0, 1, 2, 3],
    ys: [
      [3, undefined, 1, undefined],
      [undefined, undefined, undefined, undefined],
      [4, null, undefined, 2],
    ],
  });
});
