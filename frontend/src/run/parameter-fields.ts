/** The form of an operation: which control a parameter definition gets, and what a person put in as a value to send. */

import { texts } from '../texts/inputs.ts';
import type {
  DatasetValue,
  ElementType,
  MediaValue,
  OperationKind,
  ParameterDefinition,
  ParameterDefinitions,
  Values,
} from '../wire.ts';
import { parseElement, rangeOf, typeText } from './elements.ts';
import { parseMany, parseTensor } from './tensors.ts';

export type Control = 'checkbox' | 'choice' | 'slider' | 'number' | 'text' | 'tensor' | 'file';

/** A file a person chose, or one from an earlier operation. */
export interface ChosenFile {
  readonly name: string;
  readonly value: MediaValue;
}

/** What a control holds: text of inputs, the index of a choice, whether a box is checked, or files. '' is nothing given. */
export type OneInput = string | boolean | readonly ChosenFile[];

/** Many values: as a list in JSON, or as files. */
export interface ManyInput {
  readonly many: string | readonly ChosenFile[];
}

/** The entries of a dataset's key; '' is not chosen yet. */
export interface DatasetInput {
  readonly dataset: string;
  readonly key: string;
}

export type FieldInput = OneInput | ManyInput | DatasetInput;

/** Where the value of a parameter comes from. */
export type Source = 'one' | 'many' | 'dataset';

export function sourceOf(input: FieldInput): Source {
  if (typeof input !== 'object' || Array.isArray(input)) return 'one';
  return 'many' in input ? 'many' : 'dataset';
}

/** What a field begins with once another source is chosen for it. */
export function emptyOf(source: Source, field: Field): FieldInput {
  if (source === 'dataset') return { dataset: '', key: '' };
  if (source === 'many') return { many: field.control === 'file' ? [] : '' };
  return field.initial;
}

export interface Field {
  readonly definition: ParameterDefinition;
  readonly control: Control;
  readonly label: string;
  /** What is expected, as a hint beside the label: "f32, 0 to 1". */
  readonly expects: string;
  readonly initial: OneInput;
}

export type Inputs = Readonly<Record<string, FieldInput>>;

export interface Problem {
  readonly name: string;
  readonly message: string;
}

export type Submission =
  | { readonly parameters: Readonly<Record<string, unknown>>; readonly problems: readonly [] }
  | { readonly parameters: null; readonly problems: readonly Problem[] };

type Reading = { readonly value: unknown } | { readonly problem: string } | 'absent';

const MEDIA: ReadonlySet<ElementType> = new Set(['image', 'audio', 'video', 'binary']);

export function definitionsOf(
  kind: OperationKind,
  all: ParameterDefinitions,
): readonly ParameterDefinition[] {
  switch (kind) {
    case 'evaluate':
      return all.evaluate_input;
    case 'train':
      return all.train;
    case 'createModelState':
      return all.create_state;
    case 'debug':
      return [];
  }
}

export function fieldOf(declared: ParameterDefinition): Field {
  const definition = withChoices(declared);
  const control = controlOf(definition);
  const field = { definition, control, label: definition.display_name || definition.name };
  const given = definition.default !== null && definition.default !== undefined;
  const initial = given
    ? oneInputOf({ ...field, expects: '', initial: '' }, definition.default)
    : empty(definition, control);
  return { ...field, expects: expectation(definition), initial };
}

/** What a form shows again for a value that was sent before. */
export function inputOf(field: Field, value: unknown): FieldInput {
  if (isDatasetValue(value)) return { dataset: value.dataset, key: value.key };
  if (!isValues(value)) return oneInputOf(field, value);
  const isOfFiles = field.control === 'file';
  return { many: isOfFiles ? value.values.filter(isMediaValue).map(fileOf) : JSON.stringify(value.values) };
}

function oneInputOf({ definition, control }: Field, value: unknown): OneInput {
  switch (control) {
    case 'checkbox':
      return value === true;
    case 'choice': {
      const wanted = JSON.stringify(value);
      const index = definition.choices.findIndex((choice) => JSON.stringify(choice) === wanted);
      return index === -1 ? '' : String(index);
    }
    case 'file':
      return (Array.isArray(value) ? value : [value]).filter(isMediaValue).map(fileOf);
    case 'slider':
    case 'number':
    case 'text':
    case 'tensor':
      return typeof value === 'string' && control !== 'tensor' ? value : JSON.stringify(value);
  }
}

/** The form filled in as an earlier operation was; what it did not name keeps its initial value. */
export function inputsOf(fields: readonly Field[], parameters: Readonly<Record<string, unknown>>): Inputs {
  const known = fields.map((field) => {
    const { name } = field.definition;
    return [name, name in parameters ? inputOf(field, parameters[name]) : field.initial] as const;
  });
  return Object.fromEntries(known);
}

/** What a field holds: what was put in, unless slipway.toml has given it another kind of control since. */
export function currentInput({ definition, control, initial }: Field, inputs: Inputs): FieldInput {
  const input = inputs[definition.name];
  if (input === undefined) return initial;
  const source = sourceOf(input);
  if (source === 'many')
    return Array.isArray((input as ManyInput).many) === (control === 'file') ? input : initial;
  return source === 'dataset' || typeof input === typeof initial ? input : initial;
}

export function submissionOf(fields: readonly Field[], inputs: Inputs): Submission {
  const parameters: Record<string, unknown> = {};
  const problems: Problem[] = [];
  for (const field of fields) {
    const { name } = field.definition;
    const reading = read(field, currentInput(field, inputs));
    if (reading === 'absent') continue;
    if ('problem' in reading) problems.push({ name, message: reading.problem });
    else parameters[name] = reading.value;
  }
  return problems.length === 0 ? { parameters, problems: [] } : { parameters: null, problems };
}

/** A box is checked or not; a truth value that may also be left out is chosen. */
function withChoices(definition: ParameterDefinition): ParameterDefinition {
  const { types, shape, choices, required } = definition;
  const mayBeLeftOut = !required && (definition.default === null || definition.default === undefined);
  const isChosen = mayBeLeftOut && types.every((type) => type === 'boolean') && shape.length === 0;
  return isChosen && choices.length === 0 ? { ...definition, choices: [true, false] } : definition;
}

function controlOf({ types, shape, choices, minimum, maximum }: ParameterDefinition): Control {
  if (types.some((type) => MEDIA.has(type))) return 'file';
  if (choices.length > 0 && shape.length === 0) return 'choice';
  if (shape.length > 0) return 'tensor';
  if (types.every((type) => type === 'boolean')) return 'checkbox';
  if (types.includes('string')) return 'text';
  return minimum !== null && maximum !== null ? 'slider' : 'number';
}

function empty({ minimum, required }: ParameterDefinition, control: Control): OneInput {
  if (control === 'checkbox') return false;
  if (control === 'file') return [];
  return control === 'slider' && required ? String(minimum) : '';
}

function expectation(definition: ParameterDefinition): string {
  const { types, shape } = definition;
  const type = texts.types(types);
  const kind = shape.length === 0 ? type : `${type} ${shapeText(shape)}`;
  const range = rangeOf(definition);
  return [kind, range].filter((part) => part !== '').join(', ');
}

/** "[3]", "[n×3]": n is any length. */
function shapeText(shape: readonly number[]): string {
  return `[${shape.map((length) => (length === -1 ? 'n' : String(length))).join('×')}]`;
}

/** What is wrong with what a field holds; '' if nothing is. */
export function problemOf(field: Field, input: FieldInput): string {
  const reading = read(field, input);
  return typeof reading === 'object' && 'problem' in reading ? reading.problem : '';
}

function read(field: Field, input: FieldInput): Reading {
  if (typeof input === 'object' && 'dataset' in input) return readDataset(field, input);
  if (typeof input === 'object' && 'many' in input) return readMany(field, input);
  return readOne(field, input);
}

function readDataset({ definition }: Field, { dataset, key }: DatasetInput): Reading {
  if (dataset !== '' && key !== '') return { value: { dataset, key } satisfies DatasetValue };
  if (dataset === '' && !definition.required) return 'absent';
  return { problem: dataset === '' ? texts.dataset.none : texts.dataset.noKey };
}

function readMany({ definition, control }: Field, { many }: ManyInput): Reading {
  if (many.length === 0) return absent(definition, control);
  const reading =
    typeof many === 'string' ? parseMany(definition, many) : { value: many.map(({ value }) => value) };
  return 'problem' in reading ? reading : { value: { values: reading.value as unknown[] } satisfies Values };
}

function readOne(field: Field, input: OneInput): Reading {
  const { definition, control } = field;
  if (typeof input === 'boolean') return { value: input };
  if (typeof input !== 'string') return readFiles(definition, input);
  // A text may be empty; no other value can.
  if (input.trim() === '' && !(control === 'text' && definition.required)) return absent(definition, control);
  switch (control) {
    case 'choice':
      return Number(input) in definition.choices
        ? { value: definition.choices[Number(input)] }
        : absent(definition, control);
    case 'tensor':
      return parseTensor(definition, input);
    default:
      return parseElement(definition, input);
  }
}

function absent(definition: ParameterDefinition, control: Control): Reading {
  if (!definition.required) return 'absent';
  const expected = control === 'choice' ? texts.choice : typeText(definition);
  return { problem: texts.gotNothing(expected) };
}

function readFiles(definition: ParameterDefinition, files: readonly ChosenFile[]): Reading {
  const [type = 'binary'] = definition.types;
  if (files.length === 0) {
    return definition.required ? { problem: texts.files.none(type) } : 'absent';
  }
  const values = files.map((file) => file.value);
  if (definition.shape.length === 0) return { value: values[0] };
  const [length = -1] = definition.shape;
  if (length !== -1 && length !== values.length) {
    return { problem: texts.files.wrongCount(length, values.length) };
  }
  return { value: values };
}

function isDatasetValue(value: unknown): value is DatasetValue {
  const from = value as Partial<DatasetValue> | null;
  return typeof from?.dataset === 'string' && typeof from.key === 'string';
}

function isValues(value: unknown): value is Values {
  return Array.isArray((value as Partial<Values> | null)?.values);
}

function isMediaValue(value: unknown): value is MediaValue {
  const media = value as Partial<MediaValue> | null;
  return typeof media?.format === 'string' && typeof media.base64 === 'string';
}

function fileOf(value: MediaValue): ChosenFile {
  return { name: texts.files.earlier(value.format), value };
}
