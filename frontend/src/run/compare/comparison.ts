/** Operations side by side: what they were given, how long their steps took, what they measured. */

import type { Operation } from '../../wire.ts';
import { metricText } from '../charts/chart-data.ts';
import { PHASE_NAMES } from '../outcomes.ts';
import type { MetricSeries, PhaseRow } from '../transcript.ts';

/** A row of the table: a cell for each operation. */
export interface Row {
  readonly name: string;
  readonly cells: readonly string[];
  /** Not all cells are the same. */
  readonly differs: boolean;
}

const LONGEST_CELL = 200;

export function rowOf(name: string, cells: readonly string[]): Row {
  return { name, cells, differs: cells.some((cell) => cell !== cells[0]) };
}

export function parameterRows(operations: readonly Operation[]): Row[] {
  const names = new Set(operations.flatMap(({ parameters }) => Object.keys(parameters)));
  return [...names].map((name) =>
    rowOf(
      name,
      operations.map(({ parameters }) => valueText(parameters, name)),
    ),
  );
}

function valueText(parameters: Readonly<Record<string, unknown>>, name: string): string {
  if (!(name in parameters)) return '–';
  const value = parameters[name];
  if (value === null) return 'too long to show';
  const text =
    typeof value === 'string' ? value : JSON.stringify(value, (_, part) => (isFile(part) ? 'a file' : part));
  return text.length > LONGEST_CELL ? `${text.slice(0, LONGEST_CELL)}…` : text;
}

function isFile(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'base64' in value;
}

/** Seconds of each phase; one that came twice counts together. */
export function phaseRows(
  phases: readonly (readonly PhaseRow[])[],
  format: (seconds: number) => string,
): Row[] {
  const names = new Set(phases.flatMap((rows) => rows.map(({ phase }) => phase)));
  return [...names].map((name) => {
    const cells = phases.map((rows) => {
      const meant = rows.filter(({ phase }) => phase === name);
      const seconds = meant.reduce((sum, row) => sum + (row.seconds ?? 0), 0);
      return meant.length === 0 ? '–' : format(seconds);
    });
    return rowOf(PHASE_NAMES[name], cells);
  });
}

export interface MetricComparison {
  readonly name: string;
  /** Of each operation; undefined where it did not measure it. */
  readonly series: readonly (MetricSeries | undefined)[];
  /** The last value of each. */
  readonly last: readonly string[];
}

export function metricsOf(measured: readonly (readonly MetricSeries[])[]): MetricComparison[] {
  const names = new Set(measured.flatMap((all) => all.map(({ name }) => name)));
  return [...names].map((name) => {
    const series = measured.map((all) => all.find((one) => one.name === name));
    return { name, series, last: series.map((one) => metricText(one?.values.at(-1))) };
  });
}

export interface Overlay {
  readonly x: readonly number[];
  /** As long as x each; undefined where the series has no point of its own. */
  readonly ys: readonly (readonly (number | null | undefined)[])[];
}

/** Series over the steps that any of them has. */
export function overlayOf(series: readonly (MetricSeries | undefined)[]): Overlay {
  const maps = series.map((one) => new Map(one?.steps.map((step, at) => [step, one.values[at]])));
  const x = [...new Set(maps.flatMap((map) => [...map.keys()]))].sort((a, b) => a - b);
  return { x, ys: maps.map((map) => x.map((step) => map.get(step))) };
}
