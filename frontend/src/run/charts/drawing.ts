/** Points as a chart draws them: few enough for its width, smoothed if wanted, of several runs on one axis. */

import { extremeIndices, type Series } from './series.ts';

/** point: as they came, where steps go back or stand still. */
export type Axis = 'step' | 'time' | 'point';

export interface Drawing {
  readonly axis: Axis;
  /** Where time begins, in seconds since the epoch. */
  readonly origin: number;
  /** 0: as it is; towards 1 it follows its past more than its points. */
  readonly smoothing: number;
  /** What has no logarithm is a gap then. */
  readonly isLogarithmic: boolean;
}

export interface Drawn {
  readonly x: readonly number[];
  readonly y: readonly (number | null)[];
  /** Without smoothing, where there is some. */
  readonly raw: readonly (number | null)[] | null;
}

export interface Aligned {
  readonly x: readonly number[];
  /** undefined: the curve has no point there. */
  readonly ys: readonly (readonly (number | null | undefined)[])[];
}

/** A chart is some hundred points wide, each with a lowest and a highest. */
export const DRAWN_GROUPS = 600;

export function axisOf(wanted: 'step' | 'time', all: readonly Series[]): Axis {
  return wanted === 'step' && !all.every(({ ascends }) => ascends) ? 'point' : wanted;
}

export function drawn(series: Series, { axis, origin, smoothing, isLogarithmic }: Drawing): Drawn {
  const { steps, times, values } = series;
  const smooth = smoothing > 0 ? smoothed(values, smoothing) : values;
  const indices =
    series.length <= DRAWN_GROUPS * 2 ? allIndices(series.length) : extremeIndices(values, DRAWN_GROUPS);
  let furthest = -Infinity;
  const place = (index: number): number => {
    const at = axis === 'step' ? steps[index] : axis === 'time' ? (times[index] ?? 0) - origin : index;
    furthest = Math.max(furthest, at ?? 0); // clocks are set back
    return furthest;
  };
  const shown = (value: number | undefined): number | null =>
    value === undefined || Number.isNaN(value) || (isLogarithmic && value <= 0) ? null : value;
  return {
    x: indices.map(place),
    y: indices.map((index) => shown(smooth[index])),
    raw: smoothing > 0 ? indices.map((index) => shown(values[index])) : null,
  };
}

/** An exponential moving average that does not start at zero; gaps stay gaps. */
export function smoothed(values: Float64Array, weight: number): Float64Array {
  const result = new Float64Array(values.length);
  let average = 0;
  let sum = 0;
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index] ?? NaN;
    if (Number.isNaN(value)) {
      result[index] = NaN;
      continue;
    }
    average = weight * average + (1 - weight) * value;
    sum = weight * sum + (1 - weight);
    result[index] = average / sum;
  }
  return result;
}

/** Several curves on one axis. */
export function align(curves: readonly Pick<Drawn, 'x' | 'y'>[]): Aligned {
  const [only] = curves;
  if (only !== undefined && curves.length === 1) return { x: only.x, ys: [only.y] };
  const x = [...new Set(curves.flatMap((curve) => curve.x))].sort((one, other) => one - other);
  const ys = curves.map((curve) => {
    const byPlace = new Map(curve.x.map((place, index) => [place, curve.y[index]]));
    return x.map((place) => byPlace.get(place));
  });
  return { x, ys };
}

/** What a curve is at a point, or was last before it. */
export function valueAt(ys: readonly (number | null | undefined)[], index: number): number | null {
  for (let at = index; at >= 0; at -= 1) {
    const value = ys[at];
    if (value !== undefined) return value;
  }
  return null;
}

/** 0.012345678 -> "0.01235", 123456 -> "123,456". */
export function metricText(value: number | null | undefined): string {
  if (value === null || value === undefined || Number.isNaN(value)) return '–';
  const isPlain = value === 0 || (Math.abs(value) >= 1e-4 && Math.abs(value) < 1e9);
  return isPlain ? value.toLocaleString('en-US', { maximumSignificantDigits: 4 }) : value.toExponential(3);
}

export interface MetricRow {
  readonly step: number;
  readonly value: string;
}

/** The last points, newest first, for those who cannot see the curve. */
export function lastRows({ steps, values, length }: Series, count: number): MetricRow[] {
  const from = Math.max(0, length - count);
  return Array.from(steps.subarray(from), (step, index) => ({
    step,
    value: metricText(values[from + index]),
  })).reverse();
}

function allIndices(length: number): number[] {
  return Array.from({ length }, (_, index) => index);
}
