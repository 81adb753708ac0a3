/** What a launcher used, as charts take it: curves over time, each with its limit. */

import { MEBIBYTE } from '../../base/format.ts';
import { texts } from '../../texts/resources.ts';
import type { LauncherSpec, LauncherUsage } from '../../wire.ts';

export interface UsageCurve {
  readonly name: string;
  readonly unit: '' | 'MiB';
  readonly values: readonly (number | null)[];
  /** Null where it is not known: of operations from before there were specs. */
  readonly limit: number | null;
}

/** What this machine does not tell at all is left out. */
export function usageCurves(
  samples: readonly LauncherUsage[],
  spec: LauncherSpec | null,
): readonly UsageCurve[] {
  const mebibytes = (bytes: number | null): number | null => (bytes === null ? null : bytes / MEBIBYTE);
  const memory = mebibytes(spec?.memory_bytes ?? null);
  const curves: UsageCurve[] = [
    { name: texts.cpus, unit: '', values: samples.map(({ cpus }) => cpus), limit: spec?.cpus ?? null },
    {
      name: texts.memory,
      unit: 'MiB',
      values: samples.map(({ memory_bytes }) => mebibytes(memory_bytes)),
      limit: memory,
    },
    // It has no limit of its own: it counts as memory.
    {
      name: '/tmp',
      unit: 'MiB',
      values: samples.map(({ tmp_bytes }) => mebibytes(tmp_bytes)),
      limit: memory,
    },
  ];
  return curves.filter(({ values }) => values.some((value) => value !== null));
}

export interface TimeAxis {
  readonly x: readonly number[];
  /** Its unit. */
  readonly label: string;
}

const MINUTE = 60;
const HOUR = 3600;

/** Times since the first, in a unit that makes few of them. */
export function timeAxis(samples: readonly LauncherUsage[]): TimeAxis {
  const start = samples[0]?.time ?? 0;
  const seconds = samples.map(({ time }) => time - start);
  const span = seconds.at(-1) ?? 0;
  if (span >= 3 * HOUR) return { x: seconds.map((each) => each / HOUR), label: texts.hours };
  if (span >= 10 * MINUTE) return { x: seconds.map((each) => each / MINUTE), label: texts.minutes };
  return { x: seconds, label: texts.seconds };
}

/** The most that was used; null where nothing is known. */
export function peakOf({ values }: UsageCurve): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((most, value) => Math.max(most, value));
}

/** "0.42", "34.6 MiB". */
export function amountText({ unit }: Pick<UsageCurve, 'unit'>, value: number | null | undefined): string {
  if (value === null || value === undefined) return '–';
  const digits = unit === '' ? 2 : 1;
  return `${value.toLocaleString('en-US', { maximumFractionDigits: digits })}${unit && ` ${unit}`}`;
}
