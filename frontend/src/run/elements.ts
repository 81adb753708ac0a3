/** One element of a parameter: what its type allows and how text is read as it. */

import { texts } from '../texts/inputs.ts';
import type { ElementType, ParameterDefinition } from '../wire.ts';

export type Element = { readonly value: number | string | boolean } | { readonly problem: string };

/** Whole numbers beyond 2^53 would arrive as another number, as JSON is read and written with doubles here. */
const SAFE = Number.MAX_SAFE_INTEGER;

const INTEGER_RANGES: Partial<Record<ElementType, readonly [number, number]>> = {
  i8: [-128, 127],
  i16: [-32768, 32767],
  i32: [-(2 ** 31), 2 ** 31 - 1],
  i64: [-SAFE, SAFE],
  u8: [0, 255],
  u16: [0, 65535],
  u32: [0, 2 ** 32 - 1],
  u64: [0, SAFE],
};

const WHOLE = /^[+-]?\d+$/;
/** Numbers that JSON cannot write; the server reads them as these words. */
const WORD = /^(nan|-?inf)$/;
const FLOATS: readonly ElementType[] = ['f32', 'f64'];

const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

type Bounds = Pick<ParameterDefinition, 'types' | 'minimum' | 'maximum'>;

/** Only whole numbers are allowed. */
export function isWhole({ types }: Pick<ParameterDefinition, 'types'>): boolean {
  return types.every((type) => INTEGER_RANGES[type] !== undefined);
}

/** The range a definition states itself, "0 to 1"; '' where it states none. */
export function rangeOf({ minimum, maximum }: Bounds): string {
  if (minimum !== null && maximum !== null) return texts.range(minimum, maximum);
  if (minimum !== null) return texts.atLeast(minimum);
  return maximum === null ? '' : texts.atMost(maximum);
}

/** What is expected, for a message: "a whole number from 0 to 255". */
export function typeText(definition: Bounds): string {
  const { types } = definition;
  if (types.includes('string')) return texts.text;
  if (types.every((type) => type === 'boolean')) return texts.boolean;
  const [low, high] = boundsOf(definition);
  const noun = isWhole(definition) ? texts.wholeNumber : texts.number;
  if (Number.isFinite(low) && Number.isFinite(high)) return texts.numberFrom(noun, low, high);
  if (Number.isFinite(low)) return texts.numberOfAtLeast(noun, low);
  return Number.isFinite(high) ? texts.numberOfAtMost(noun, high) : noun;
}

export function boundsOf({ types, minimum, maximum }: Bounds): readonly [number, number] {
  const ranges = types.map((type) => INTEGER_RANGES[type] ?? [-Infinity, Infinity]);
  const low = Math.min(...ranges.map(([least]) => least ?? -Infinity));
  const high = Math.max(...ranges.map(([, most]) => most ?? Infinity));
  return [Math.max(low, minimum ?? -Infinity), Math.min(high, maximum ?? Infinity)];
}

/** Reads text a person typed. */
export function parseElement(definition: Bounds, text: string): Element {
  const { types } = definition;
  if (types.includes('string')) return { value: text };
  const trimmed = text.trim();
  if (types.includes('boolean') && (trimmed === 'true' || trimmed === 'false'))
    return { value: trimmed === 'true' };
  if (isWord(definition, trimmed.toLowerCase())) return { value: trimmed.toLowerCase() };
  const form = isWhole(definition) ? WHOLE : DECIMAL;
  if (!form.test(trimmed)) return unexpected(definition, texts.quoted(trimmed));
  return checkElement(definition, Number(trimmed));
}

/** Judges a value that came as JSON. */
export function checkElement(definition: Bounds, value: unknown): Element {
  const { types } = definition;
  if (typeof value === 'string' && (types.includes('string') || isWord(definition, value))) return { value };
  if (typeof value === 'boolean' && types.includes('boolean')) return { value };
  const isNumeric = types.some((type) => type !== 'string' && type !== 'boolean');
  if (typeof value !== 'number' || !isNumeric) return unexpected(definition, JSON.stringify(value));
  const [low, high] = boundsOf(definition);
  const fits = value >= low && value <= high && (Number.isInteger(value) || !isWhole(definition));
  return fits && Number.isFinite(value) ? { value } : unexpected(definition, String(value));
}

function isWord({ types, minimum, maximum }: Bounds, text: string): boolean {
  const isUnbounded = minimum === null && maximum === null;
  return isUnbounded && types.some((type) => FLOATS.includes(type)) && WORD.test(text);
}

function unexpected(definition: Bounds, got: string): Element {
  return { problem: texts.expected(typeText(definition), got) };
}
