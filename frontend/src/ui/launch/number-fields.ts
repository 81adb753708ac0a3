/** Numbers that may be left to a level above: what is typed of them, what it means, and what is wrong with it. */

import { MEBIBYTE } from '../../base/format.ts';
import { texts } from '../../texts/launch.ts';
import type { LaunchBounds, LauncherSpec, MaxDurations } from '../../wire.ts';

/** All numbers are in the server's unit, of which one in the field's has `factor`. */
export interface NumberField<Name extends string = string> {
  readonly name: Name;
  readonly label: string;
  readonly unit: string;
  readonly factor: number;
  readonly isWhole: boolean;
  readonly lowest: number;
  readonly highest: number;
  /** What holds where nothing is typed. */
  readonly fallback: number;
}

export type Typed = Readonly<Record<string, string>>;
export type Problems = Readonly<Record<string, string>>;

const DECIMAL = /^(\d+\.?\d*|\.\d+)$/;

export function specFields(fallback: LauncherSpec, bounds: LaunchBounds): NumberField<keyof LauncherSpec>[] {
  const field = (name: keyof LauncherSpec, unit = '', factor = 1, isWhole = false) => ({
    name,
    label: texts.spec[name],
    unit,
    factor,
    isWhole,
    lowest: bounds.lowest[name],
    highest: bounds.highest[name],
    fallback: fallback[name],
  });
  return [
    field('cpus'),
    field('memory_bytes', 'MiB', MEBIBYTE),
    field('gpus', '', 1, true),
    field('idle_seconds', 's'),
  ];
}

export function durationFields(
  fallback: MaxDurations,
  { shortest_seconds, longest }: LaunchBounds,
): NumberField<keyof MaxDurations>[] {
  const names = Object.keys(texts.durations) as (keyof MaxDurations)[]; // the type's own keys
  return names.map((name) => ({
    name,
    label: texts.durations[name],
    unit: 's',
    factor: 1,
    isWhole: false,
    lowest: shortest_seconds,
    highest: longest[name],
    fallback: fallback[name],
  }));
}

/** As it is typed: 1.5, 2048. */
export function numberText({ factor }: Pick<NumberField, 'factor'>, value: number): string {
  return String(Number((value / factor).toFixed(3)));
}

/** What may be typed: "0.125 to 2", "128 to 8,192 MiB". Never more than is allowed. */
export function rangeText({ factor, lowest, highest, unit }: NumberField): string {
  const [low, high] = [
    Math.ceil((lowest / factor) * 1000) / 1000,
    Math.floor((highest / factor) * 1000) / 1000,
  ];
  const shown = (bound: number): string => bound.toLocaleString('en-US');
  const range = texts.range(shown(low), shown(factor === 1 ? high : Math.floor(high)));
  return `${range}${unit && ` ${unit}`}`;
}

/** What all of them may be, in words; null where they differ. */
export function sharedRange(fields: readonly NumberField[]): string | null {
  const ranges = new Set(fields.map(rangeText));
  const [only] = ranges;
  return ranges.size === 1 ? (only ?? null) : null;
}

/** '' where the text is fine, as none is: then a level above says. */
export function problemOf(field: NumberField, text: string): string {
  const trimmed = text.trim();
  if (trimmed === '') return '';
  const value = DECIMAL.test(trimmed) ? Number(trimmed) * field.factor : Number.NaN;
  const isWithin = value >= field.lowest && value <= field.highest;
  if (isWithin && (Number.isInteger(value) || !field.isWhole)) return '';
  if (field.name === 'gpus' && field.highest === 0) return texts.noGpus;
  return (field.isWhole ? texts.notWholeInRange : texts.notInRange)(rangeText(field), trimmed);
}

export function problemsOf(fields: readonly NumberField[], typed: Typed): Problems {
  const found = fields.map((field) => [field.name, problemOf(field, typed[field.name] ?? '')] as const);
  return Object.fromEntries(found.filter(([, problem]) => problem !== ''));
}

/** What was chosen, as it is typed. */
export function typedOf<Name extends string>(
  fields: readonly NumberField<Name>[],
  chosen: { readonly [name in Name]?: number | null },
): Typed {
  const typed = fields.map((field) => {
    const value = chosen[field.name] ?? null;
    return [field.name, value === null ? '' : numberText(field, value)] as const;
  });
  return Object.fromEntries(typed);
}

/** Of text without problems. Bytes are whole; null is a level above's to say. */
export function valuesOf(fields: readonly NumberField[], typed: Typed): Record<string, number | null> {
  const values = fields.map((field) => {
    const text = (typed[field.name] ?? '').trim();
    if (text === '') return [field.name, null] as const;
    const value = Number(text) * field.factor;
    return [field.name, field.factor === 1 ? value : Math.round(value)] as const;
  });
  return Object.fromEntries(values);
}
