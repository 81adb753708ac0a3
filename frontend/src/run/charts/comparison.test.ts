import { expect, test } from 'vitest';
import { parseSettings } from './chart-settings.ts';
import { differences, MOST_RUNS, metricsCsv, styleOf } from './comparison.ts';
import { Metrics } from './series.ts';

test('runs differ in more than colour, and no two look alike', () => {
  const styles = Array.from({ length: MOST_RUNS }, (_, index) => JSON.stringify(styleOf(index)));
  expect(new Set(styles).size).toBe(MOST_RUNS);
  expect(new Set([0, 1, 2, 3].map((index) => styleOf(index).dash.join())).size).toBe(4);
});

test('only parameters that differ are told', () => {
  expect(
    differences([
      { rate: 0.1, seed: 1 },
      { rate: 0.2, seed: 1, mode: 'fast' },
      { rate: 0.1, seed: 1 },
    ]),
  ).toEqual([
    ['rate 0.1', 'mode not given'],
    ['rate 0.2', 'mode "fast"'],
    ['rate 0.1', 'mode not given'],
  ]);
  expect(differences([{ a: 1 }])).toEqual([[]]);
});

test('points become lines of a table', () => {
  const metrics = new Metrics();
  const point = { type: 'metric', time: 12.5, tensor: null } as const;
  metrics.add({ ...point, name: 'loss', step: 0, value: 0.1 });
  metrics.add({ ...point, name: 'loss', step: 1, value: null });
  metrics.add({ ...point, name: 'a,"b"', step: 2, value: 3 });
  expect(metricsCsv([{ id: 'op', metrics }])).toBe(
    'operation,metric,step,time,value\nop,loss,0,12.500,0.1\nop,loss,1,12.500,\nop,"a,""b""",2,12.500,3\n',
  );
});

test.each([
  [null, { smoothing: 0, isLogarithmic: false, axis: 'step' }],
  [
    '{"smoothing":0.5,"isLogarithmic":true,"axis":"time"}',
    { smoothing: 0.5, isLogarithmic: true, axis: 'time' },
  ],
  ['{"smoothing":7,"axis":"sideways"}', { smoothing: 0.99, isLogarithmic: false, axis: 'step' }],
])('settings stored as %j are %j', (stored, settings) => {
  expect(parseSettings(stored)).toEqual(settings);
});
