/** Numbers that may be left to a level above: what is typed of them, what it means, and what is wrong with it. */

import { MEBIBYTE } from '../../base/format.ts';
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

const NO_GPUS = 'This server has no GPUs. Leave it empty.';

export function specFields(fallback: LauncherSpec, bounds: LaunchBounds): NumberField<keyof LauncherSpec>[] {
  const field = (name: keyof LauncherSpec, label: string, unit = '', factor = 1, isWhole = false) => ({
    name,
    label,
    unit,
    factor,
    isWhole,
    lowest: bounds.lowest[name],
    highest: bounds.highest[name],
    fallback: fallback[name],
  });
  return [
    field('cpus', 'CPUs'),
    field('memory_bytes', 'Memory', 'MiB', MEBIBYTE),
    field('gpus', 'GPUs', '', 1, true),
    field('idle_seconds', 'Kept for', 's'),
  ];
}

const DURATION_LABELS: Readonly<Record<keyof MaxDurations, string>> = {
  code_startup_seconds: 'Load code',
  create_state_seconds: 'Create state',
  instantiate_model_seconds: 'Instantiate model',
  evaluate_seconds: 'Evaluate',
  train_seconds: 'Train',
  get_state_seconds: 'Get state',
};

export function durationFields(
  fallback: MaxDurations,
  { shortest_seconds, longest }: LaunchBounds,
): NumberField<keyof MaxDurations>[] {
  const names = Object.keys(DURATION_LABELS) as (keyof MaxDurations)[]; // the type's own keys
  return names.map((name) => ({
    name,
    label: DURATION_LABELS[name],
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
  const range = [low, factor === 1 ? high : Math.floor(high)].map((bound) => bound.toLocaleString('en-US'));
  return `${range.join(' to ')}${unit && ` ${unit}`}`;
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
  if (field.name === 'gpus' && field.highest === 0) return NO_GPUS;
  return `Expected ${field.isWhole ? 'a whole number, ' : ''}${rangeText(field)}, got ${trimmed}.`;
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
  const texts = fields.map((field) => {
    const value = chosen[field.name] ?? null;
    return [field.name, value === null ? '' : numberText(field, value)] as const;
  });
  return Object.fromEntries(texts);
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
