import { expect, test } from 'vitest';
import {
  align,
  axisOf,
  DRAWN_GROUPS,
  type Drawing,
  drawn,
  lastRows,
  metricText,
  smoothed,
  valueAt,
} from './drawing.ts';
import { Series } from './series.ts';

const drawing = (change: Partial<Drawing> = {}): Drawing => ({
  axis: 'step',
  origin: 0,
  smoothing: 0,
  isLogarithmic: false,
  ...change,
});

function seriesOf(values: readonly (number | null)[], start = 0): Series {
  const series = new Series('loss');
  for (const [index, value] of values.entries()) series.push(start + 10 * index, 100 + index, value);
  return series;
}

test.each([
  ['step', [0, 10, 20]],
  ['time', [5, 6, 7]],
  ['point', [0, 1, 2]],
] as const)('over %s, points stand at %j', (axis, x) => {
  expect(drawn(seriesOf([3, null, 1]), drawing({ axis, origin: 95 }))).toEqual({
    x,
    y: [3, null, 1],
    raw: null,
  });
});

test('a clock that is set back does not turn the axis round', () => {
  const series = new Series('loss');
  for (const time of [5, 3, 8]) series.push(0, time, 1);
  expect(drawn(series, drawing({ axis: 'time' })).x).toEqual([5, 5, 8]);
});

test('what has no logarithm is a gap', () => {
  expect(drawn(seriesOf([0, -1, 2]), drawing({ isLogarithmic: true })).y).toEqual([null, null, 2]);
});

test('many points are thinned to what a chart is wide, with the lowest, the highest and the last', () => {
  const values = Array.from({ length: 500_000 }, (_, index) => Math.sin(index / 1000));
  values[123_456] = 50;
  values[234_567] = -50;
  const { x, y } = drawn(seriesOf(values), drawing());
  expect(x.length).toBeLessThanOrEqual(DRAWN_GROUPS * 2 + 1);
  expect([y.includes(50), y.includes(-50), x.at(-1)]).toEqual([true, true, 4_999_990]);
  expect(x.every((place, index) => index === 0 || place > (x[index - 1] ?? place))).toBe(true);
});

test('smoothing starts at the first value, follows the past, and leaves gaps', () => {
  expect([...smoothed(Float64Array.of(4, NaN, 4, 4), 0.9)].map((value) => Number(value.toFixed(9)))).toEqual([
    4,
    NaN,
    4,
    4,
  ]);
  expect([...smoothed(Float64Array.of(0, 1), 0.5)].map((value) => Number(value.toFixed(4)))).toEqual([
    0, 0.6667,
  ]);
  expect(drawn(seriesOf([0, 1]), drawing({ smoothing: 0.5 })).raw).toEqual([0, 1]);
});

test('one run whose steps go back takes all to counting points', () => {
  const back = new Series('loss');
  for (const step of [1, 0]) back.push(step, 0, 1);
  expect([
    axisOf('step', [seriesOf([1]), back]),
    axisOf('time', [back]),
    axisOf('step', [seriesOf([1])]),
  ]).toEqual(['point', 'time', 'step']);
});

test('curves share an axis; where one has no point it is as it was last', () => {
  const aligned = align([
    { x: [0, 2], y: [1, null] },
    { x: [1, 2, 3], y: [5, 6, 7] },
  ]);
  expect(aligned).toEqual({
    x: [0, 1, 2, 3],
    ys: [
      [1, undefined, null, undefined],
      [undefined, 5, 6, 7],
    ],
  });
  expect(aligned.ys.map((ys) => [valueAt(ys, 1), valueAt(ys, 0), valueAt(ys, 3)])).toEqual([
    [1, 1, null],
    [5, null, 7],
  ]);
});

test.each([
  [0.0123456, '0.01235'],
  [1234567, '1,235,000'],
  [1e-7, '1.000e-7'],
  [0, '0'],
  [null, '–'],
  [NaN, '–'],
])('%d is written %s', (value, text) => {
  expect(metricText(value)).toBe(text);
});

test('the table holds the last points, newest first', () => {
  expect(lastRows(seriesOf([3, 2, null]), 2)).toEqual([
    { step: 20, value: '–' },
    { step: 10, value: '2' },
  ]);
});
