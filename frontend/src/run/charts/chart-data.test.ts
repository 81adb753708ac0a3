import { expect, test } from 'vitest';
import { chartData, lastRows, metricText } from './chart-data.ts';

test('steps are the axis while they ascend', () => {
  const series = { name: 'loss', steps: [0, 10, 20], values: [3, null, 1] };
  expect(chartData(series)).toEqual({ x: [0, 10, 20], y: [3, null, 1], axis: 'step' });
});

test.each([[[0, 1, 0, 1]], [[5, 5]]])(
  'steps %j that go back or stand still are replaced by a count',
  (steps) => {
    const series = { name: 'loss', steps, values: steps.map(() => 1) };
    expect(chartData(series)).toMatchObject({ x: steps.map((_, index) => index), axis: 'point' });
  },
);

test.each([
  [0.0123456, '0.01235'],
  [1234567, '1,235,000'],
  [1e-7, '1.000e-7'],
  [0, '0'],
  [null, '–'],
])('%d is written %s', (value, text) => {
  expect(metricText(value)).toBe(text);
});

test('the table holds the last points, newest first', () => {
  const series = { name: 'loss', steps: [0, 1, 2], values: [3, 2, null] };
  expect(lastRows(series, 2)).toEqual([
    { step: 2, value: '–' },
    { step: 1, value: '2' },
  ]);
});
