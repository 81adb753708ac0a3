/** Operations side by side: what they were given, how long their steps took, what they measured. */

import { texts } from '../../texts/compare.ts';
import { texts as run } from '../../texts/run.ts';
import type { Operation } from '../../wire.ts';
import { metricText } from '../charts/drawing.ts';
import type { Metrics } from '../charts/series.ts';
import type { PhaseRow } from '../transcript.ts';

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
  if (value === null) return texts.tooLong;
  const text =
    typeof value === 'string'
      ? value
      : JSON.stringify(value, (_, part) => (isFile(part) ? texts.aFile : part));
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
    return rowOf(run.phases[name], cells);
  });
}

export interface MetricComparison {
  readonly name: string;
  /** The last value of each operation. */
  readonly last: readonly string[];
}

export function metricsOf(measured: readonly Metrics[]): MetricComparison[] {
  const names = new Set(measured.flatMap(({ all }) => all.map(({ name }) => name)));
  return [...names].map((name) => ({
    name,
    last: measured.map((metrics) => metricText(metrics.get(name)?.values.at(-1))),
  }));
}
