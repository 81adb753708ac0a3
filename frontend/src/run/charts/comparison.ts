/** Several runs beside each other: how each is drawn, in which parameters they differ, and their points as a file. */

import { texts } from '../../texts/charts.ts';
import type { Operation } from '../../wire.ts';
import type { Metrics } from './series.ts';

export const MOST_RUNS = 8;
const COLORS = 4;
const DASHES: readonly (readonly number[])[] = [[], [7, 4], [2, 3], [9, 3, 2, 3]];
const LONGEST_VALUE = 40;

export interface Style {
  readonly color: `--chart-${number}`;
  /** Colour alone does not tell runs apart for everybody. */
  readonly dash: readonly number[];
}

/** No two of the first sixteen look alike. */
export function styleOf(index: number): Style {
  const dash = DASHES[(index + Math.floor(index / COLORS)) % DASHES.length] ?? [];
  return { color: `--chart-${(index % COLORS) + 1}`, dash };
}

/** Of each run, the parameters that are not the same in all of them, as "rate 0.1". */
export function differences(all: readonly Operation['parameters'][]): string[][] {
  const names = [...new Set(all.flatMap((parameters) => Object.keys(parameters)))];
  const differing = names.filter(
    (name) => new Set(all.map((parameters) => written(parameters[name]))).size > 1,
  );
  return all.map((parameters) => differing.map((name) => `${name} ${written(parameters[name])}`));
}

function written(value: unknown): string {
  if (value === undefined) return texts.notGiven;
  const text = JSON.stringify(value);
  return text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE)}…` : text;
}

/** One line for each point. A name with a comma or a quote is quoted, as spreadsheets have it. */
export function metricsCsv(runs: readonly { readonly id: string; readonly metrics: Metrics }[]): string {
  const lines = ['operation,metric,step,time,value'];
  for (const { id, metrics } of runs) {
    for (const { name, steps, times, values } of metrics.all) {
      const start = `${id},${quoted(name)}`;
      steps.forEach((step, index) => {
        const value = values[index] ?? NaN;
        lines.push(`${start},${step},${times[index]?.toFixed(3)},${Number.isNaN(value) ? '' : value}`);
      });
    }
  }
  return `${lines.join('\n')}\n`;
}

function quoted(name: string): string {
  return /[",\n\r]/.test(name) ? `"${name.replaceAll('"', '""')}"` : name;
}
