import { expect, test } from 'vitest';
import type { Metric } from '../../wire.ts';
import {
  extremeIndices,
  Metrics,
  MetricsRecord,
  MOST_METRICS,
  MOST_POINTS,
  MOST_TENSORS,
  Series,
} from './series.ts';

const metric = (change: Partial<Metric>): Metric => ({
  type: 'metric',
  time: 0,
  name: 'loss',
  step: 0,
  value: 0,
  tensor: null,
  ...change,
});

function seriesOf(values: readonly (number | null)[]): Series {
  const series = new Series('loss');
  for (const [step, value] of values.entries()) series.push(step, step / 10, value);
  return series;
}

test('points are kept with step, time and value, and a gap is no number', () => {
  const series = seriesOf([1, null, 3]);
  expect([[...series.steps], [...series.times], [...series.values], series.ascends]).toEqual([
    [0, 1, 2],
    [0, 0.1, 0.2],
    [1, NaN, 3],
    true,
  ]);
});

test.each([[[0, 1, 1]], [[2, 1]]])('steps %j do not ascend', (steps) => {
  const series = new Series('loss');
  for (const step of steps) series.push(step, 0, 1);
  expect(series.ascends).toBe(false);
});

test('of too many points the extremes stay', () => {
  const series = new Series('loss');
  for (let step = 0; step <= MOST_POINTS; step += 1) {
    series.push(step, step, step === 1_234 ? -99 : step === 77_777 ? 99 : Math.sin(step));
  }
  expect(series.length).toBeLessThanOrEqual(MOST_POINTS / 2 + 4);
  expect([Math.min(...series.values.subarray(0, 9_999)), series.values.indexOf(99) > 0]).toEqual([-99, true]);
  expect([series.steps.at(-1), series.ascends]).toEqual([MOST_POINTS, true]);
});

test('of each group the lowest and the highest are taken, in their order, and the last', () => {
  expect(extremeIndices(Float64Array.of(5, 1, 9, 2, 2, 2, 8, 7, 3), 2)).toEqual([1, 2, 4, 6, 8]);
  expect(extremeIndices(Float64Array.of(NaN, NaN, 4, NaN), 2)).toEqual([0, 2, 3]);
  expect(extremeIndices(new Float64Array(), 3)).toEqual([]);
});

test('metrics are kept by name, names are bounded', () => {
  const metrics = new Metrics();
  for (let index = 0; index < MOST_METRICS + 2; index += 1) metrics.add(metric({ name: `m${index}` }));
  metrics.add(metric({ name: 'm0', step: 1, value: null }));
  expect([metrics.all.length, [...metrics.unshown]]).toEqual([
    MOST_METRICS,
    [`m${MOST_METRICS}`, `m${MOST_METRICS + 1}`],
  ]);
  expect([...(metrics.get('m0')?.values ?? [])]).toEqual([0, NaN]);
});

test('arrays are kept apart, the newest of them always', () => {
  const metrics = new Metrics();
  for (let step = 0; step < 200; step += 1) {
    metrics.add(metric({ step, value: null, tensor: { shape: [1], elements: [step] } }));
  }
  const series = metrics.get('loss');
  expect([series?.length, series?.tensors.at(-1)?.step]).toEqual([0, 199]);
  expect(series?.tensors.length).toBeLessThanOrEqual(MOST_TENSORS);
});

test('a record hears metrics only, and each batch once', () => {
  const record = new MetricsRecord();
  const batch = {
    offset: 5,
    events: [{ type: 'log', time: 0, stream: 'stdout', text: 'x' } as const, metric({})],
  };
  record.apply(batch);
  record.apply(batch);
  expect([record.offset, record.metrics.get('loss')?.length]).toEqual([5, 1]);
});
