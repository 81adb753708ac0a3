/** A metric's points as a chart takes them: x ascending, gaps null. */

import type { MetricSeries } from '../transcript.ts';

export interface ChartData {
  readonly x: readonly number[];
  readonly y: readonly (number | null)[];
  /** What x counts: the steps the model gave, or, where those go back, the points as they came. */
  readonly axis: 'step' | 'point';
}

export function chartData({ steps, values }: MetricSeries): ChartData {
  const isAscending = steps.every((step, index) => index === 0 || step > (steps[index - 1] ?? step));
  return isAscending
    ? { x: steps, y: values, axis: 'step' }
    : { x: steps.map((_, index) => index), y: values, axis: 'point' };
}

/** 0.012345678 -> "0.01235", 123456 -> "123,456". */
export function metricText(value: number | null | undefined): string {
  if (value === null || value === undefined) return '–';
  const isPlain = value === 0 || (Math.abs(value) >= 1e-4 && Math.abs(value) < 1e9);
  return isPlain ? value.toLocaleString('en-US', { maximumSignificantDigits: 4 }) : value.toExponential(3);
}

export interface MetricRow {
  readonly step: number;
  readonly value: string;
}

/** The last points, newest first, for those who cannot see the curve. */
export function lastRows({ steps, values }: MetricSeries, count: number): MetricRow[] {
  const from = Math.max(0, steps.length - count);
  return steps
    .slice(from)
    .map((step, index) => ({ step, value: metricText(values[from + index]) }))
    .reverse();
}
