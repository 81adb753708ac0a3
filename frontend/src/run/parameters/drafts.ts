/** Parameter definitions as a person edits them: every field a text or a choice, read and judged as one types. */

import { texts } from '../../texts/parameters.ts';
import type { ElementType, ParameterDefinition, ParameterDefinitions } from '../../wire.ts';
import { parseElement } from '../elements.ts';
import { parseTensor } from '../tensors.ts';

export type Kind = keyof ParameterDefinitions;

export const KINDS: readonly Kind[] = ['evaluate_input', 'evaluate_output', 'train', 'create_state'];

export const TYPES: readonly { readonly title: string; readonly types: readonly ElementType[] }[] = [
  { title: texts.fields.numbers, types: ['f64', 'f32'] },
  { title: texts.fields.wholeNumbers, types: ['i64', 'i32', 'i16', 'i8', 'u64', 'u32', 'u16', 'u8'] },
  { title: texts.fields.otherTypes, types: ['string', 'boolean'] },
  { title: texts.fields.files, types: ['image', 'audio', 'video', 'binary'] },
];

const FILES: ReadonlySet<ElementType> = new Set(['image', 'audio', 'video', 'binary']);
const MOST_DIMENSIONS = 32;

export interface Draft {
  /** What it was read from; null of a new one. */
  readonly origin: ParameterDefinition | null;
  name: string;
  types: ElementType[];
  /** "" is a single value; "n, 3" are rows of three. */
  shape: string;
  required: boolean;
  hasDefault: boolean;
  default: string;
  /** One in a line. */
  choices: string;
  minimum: string;
  maximum: string;
  display_name: string;
  description: string;
}

export type Drafts = Record<Kind, Draft[]>;

/** The fields that can be wrong. */
export type FieldName = 'name' | 'types' | 'shape' | 'default' | 'choices' | 'minimum' | 'maximum';
export type Problems = Readonly<Partial<Record<FieldName, string>>>;

export interface DraftReading {
  readonly definition: ParameterDefinition;
  readonly problems: Problems;
}

export function draftsOf(definitions: ParameterDefinitions): Drafts {
  return {
    create_state: definitions.create_state.map(draftOf),
    train: definitions.train.map(draftOf),
    evaluate_input: definitions.evaluate_input.map(draftOf),
    evaluate_output: definitions.evaluate_output.map(draftOf),
  };
}

export function draftOf(origin: ParameterDefinition): Draft {
  const hasDefault = origin.default !== null && origin.default !== undefined;
  return {
    origin,
    name: origin.name,
    types: [...origin.types],
    shape: origin.shape.map((length) => (length === -1 ? 'n' : String(length))).join(', '),
    required: origin.required,
    hasDefault,
    default: hasDefault ? valueText(origin.default) : '',
    choices: choicesText(origin),
    minimum: origin.minimum === null ? '' : String(origin.minimum),
    maximum: origin.maximum === null ? '' : String(origin.maximum),
    display_name: origin.display_name,
    description: origin.description,
  };
}

/** With a name that none of the others has. */
export function newDraft(others: readonly Draft[]): Draft {
  const names = new Set(others.map(({ name }) => name));
  let number = others.length + 1;
  while (names.has(`parameter_${number}`)) number += 1;
  return {
    origin: null,
    name: `parameter_${number}`,
    types: ['f64'],
    shape: '',
    required: true,
    hasDefault: false,
    default: '',
    choices: '',
    minimum: '',
    maximum: '',
    display_name: '',
    description: '',
  };
}

export function isFile({ types }: Pick<Draft, 'types'>): boolean {
  return types.some((type) => FILES.has(type));
}

export function isNumeric({ types }: Pick<Draft, 'types'>): boolean {
  return types.some((type) => !FILES.has(type) && type !== 'string' && type !== 'boolean');
}

export function isTruth({ types }: Pick<Draft, 'types'>): boolean {
  return types.length > 0 && types.every((type) => type === 'boolean');
}

/** Of a file nothing is typed, and true and false need no list. */
export function takesChoices(draft: Draft): boolean {
  return !isFile(draft) && !isTruth(draft);
}

/** `others` are those of the same table. */
export function readDraft(draft: Draft, others: readonly Draft[]): DraftReading {
  const problems: Partial<Record<FieldName, string>> = {};
  const take = <T>(field: FieldName, reading: Reading<T>, fallback: T): T => {
    if ('value' in reading) return reading.value;
    problems[field] = reading.problem;
    return fallback;
  };
  const name = take('name', readName(draft, others), draft.name);
  const types = take('types', readTypes(draft), [...draft.types]);
  const shape = take('shape', readShape(draft.shape), []);
  const minimum = isNumeric(draft) ? take('minimum', readLimit(draft.minimum), null) : null;
  const maximum = isNumeric(draft) ? take('maximum', readLimit(draft.maximum), null) : null;
  if (minimum !== null && maximum !== null && minimum > maximum) {
    problems.maximum = texts.problems.maximum(minimum, maximum);
  }
  const { required, display_name, description } = draft;
  const base: ParameterDefinition = {
    name,
    types,
    shape,
    required,
    display_name,
    description,
    minimum,
    maximum,
    default: null,
    choices: [],
  };
  // Values are judged by types and shape, so only once these are known.
  const isJudged = problems.types === undefined && problems.shape === undefined;
  const choices = isJudged && takesChoices(draft) ? take('choices', readChoices(draft, base), []) : [];
  const chosen =
    isJudged && draft.hasDefault ? take('default', readDefault(draft, base, choices), null) : null;
  return { definition: { ...base, choices, default: chosen }, problems };
}

/** All of them, and where the first is that is not right yet. */
export function readDrafts(drafts: Drafts): {
  readonly definitions: ParameterDefinitions;
  readonly wrong: { readonly kind: Kind; readonly index: number } | null;
} {
  const read = (kind: Kind): DraftReading[] => drafts[kind].map((draft) => readDraft(draft, drafts[kind]));
  const readings = {
    create_state: read('create_state'),
    train: read('train'),
    evaluate_input: read('evaluate_input'),
    evaluate_output: read('evaluate_output'),
  };
  const wrong = KINDS.map((kind) => ({
    kind,
    index: readings[kind].findIndex(({ problems }) => Object.keys(problems).length > 0),
  })).find(({ index }) => index !== -1);
  const definitions = {
    create_state: readings.create_state.map(({ definition }) => definition),
    train: readings.train.map(({ definition }) => definition),
    evaluate_input: readings.evaluate_input.map(({ definition }) => definition),
    evaluate_output: readings.evaluate_output.map(({ definition }) => definition),
  };
  return { definitions, wrong: wrong ?? null };
}

/** The line that a message of the server names; null where it names none. */
export function lineOf(message: string): number | null {
  const found = /\bline (\d+)/.exec(message);
  return found ? Number(found[1]) : null;
}

type Reading<T> = { readonly value: T } | { readonly problem: string };

function readName({ name }: Draft, others: readonly Draft[]): Reading<string> {
  if (name.trim() === '') return { problem: texts.problems.noName };
  const same = others.filter((other) => other.name === name).length;
  return same > 1 ? { problem: texts.problems.sameName(name) } : { value: name };
}

function readTypes({ types }: Draft): Reading<ElementType[]> {
  if (types.length === 0) return { problem: texts.problems.noType };
  const files = types.filter((type) => FILES.has(type));
  return files.length > 0 && files.length < types.length
    ? { problem: texts.problems.filesAndValues(types) }
    : { value: [...types] };
}

/** "" -> [], "n, 3" -> [-1, 3]; "any", "-1" and "×" are understood as well. */
export function readShape(text: string): Reading<number[]> {
  const parts =
    text.trim() === ''
      ? []
      : text
          .trim()
          .replace(/^\[|\]$/g, '')
          .split(/\s*[,×x]\s*/);
  const lengths = parts.map((part) =>
    /^(n|any|-1|\*)$/i.test(part) ? -1 : /^\d{1,9}$/.test(part) ? Number(part) : null,
  );
  const wrong = parts.find((_, index) => lengths[index] === null);
  if (wrong !== undefined) return { problem: texts.problems.length(wrong) };
  if (lengths.length > MOST_DIMENSIONS) {
    return { problem: texts.problems.dimensions(MOST_DIMENSIONS, lengths.length) };
  }
  return { value: lengths.filter((length) => length !== null) };
}

function readLimit(text: string): Reading<number | null> {
  if (text.trim() === '') return { value: null };
  const limit = Number(text);
  return Number.isFinite(limit) ? { value: limit } : { problem: texts.problems.limit(text.trim()) };
}

/** A list in slipway.toml may hold what lines cannot; as long as nobody touches it, it stays. */
function readChoices(draft: Draft, definition: ParameterDefinition): Reading<unknown[]> {
  if (
    draft.origin !== null &&
    draft.choices === choicesText(draft.origin) &&
    hasTypesOf(draft, draft.origin)
  ) {
    return { value: [...draft.origin.choices] };
  }
  const choices: unknown[] = [];
  for (const line of draft.choices.split('\n').filter((text) => text.trim() !== '')) {
    const element = parseElement(definition, line.trim());
    if ('problem' in element) return element;
    if (choices.includes(element.value)) return { problem: texts.problems.choiceTwice(line.trim()) };
    choices.push(element.value);
  }
  return { value: choices };
}

function readDefault(
  draft: Draft,
  definition: ParameterDefinition,
  choices: readonly unknown[],
): Reading<unknown> {
  const isUntouched = draft.origin !== null && draft.default === valueText(draft.origin.default);
  if (isFile(draft)) {
    return isUntouched ? { value: draft.origin?.default } : { problem: texts.problems.fileDefault };
  }
  const reading =
    definition.shape.length > 0
      ? parseTensor(definition, draft.default)
      : parseElement(definition, draft.default);
  if ('problem' in reading || choices.length === 0) return reading;
  const outside = [reading.value].flat(MOST_DIMENSIONS).find((element) => !choices.includes(element));
  return outside === undefined ? reading : { problem: texts.problems.noChoice(String(outside)) };
}

function hasTypesOf(draft: Draft, { types }: ParameterDefinition): boolean {
  return draft.types.length === types.length && draft.types.every((type, index) => type === types[index]);
}

function choicesText({ choices }: ParameterDefinition): string {
  return choices.map(valueText).join('\n');
}

function valueText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value ?? null);
}

/** "f64", "f32 [n×3]", "string, optional": what a list shows beside a name. */
export function summaryOf(draft: Draft): string {
  const shape = readShape(draft.shape);
  const lengths = 'value' in shape ? shape.value : [];
  const shown =
    lengths.length === 0 ? '' : ` [${lengths.map((length) => (length === -1 ? 'n' : length)).join('×')}]`;
  const type = `${texts.oneOfTypes(draft.types)}${shown}`;
  return draft.required ? type : texts.optional(type);
}
