/** Tensors as a person types them: nested JSON lists, or values between commas for a list of one dimension. */

import { texts } from '../texts/inputs.ts';
import type { ParameterDefinition } from '../wire.ts';
import { checkElement, parseElement } from './elements.ts';

export type TensorReading = { readonly value: unknown } | { readonly problem: string };

export function parseTensor(definition: ParameterDefinition, text: string): TensorReading {
  const trimmed = text.trim();
  if (!trimmed.startsWith('[')) return parseValues(definition, trimmed);
  const parsed = parseJson(trimmed, shapeNoun(definition.shape));
  if ('problem' in parsed) return parsed;
  const { value } = parsed;
  const problem = shapeProblem(definition.shape, value, '') ?? elementProblem(definition, value, '');
  return problem === null ? { value } : { problem };
}

/** Many values, each of which fits the definition: a list in JSON, or single ones between commas. */
export function parseMany(definition: ParameterDefinition, text: string): TensorReading {
  const { shape } = definition;
  const trimmed = text.trim();
  if (!trimmed.startsWith('[')) {
    if (shape.length === 0) return parseValues({ ...definition, shape: [-1] }, trimmed);
    return { problem: texts.noListOfValues(cut(trimmed)) };
  }
  const parsed = parseJson(trimmed, texts.listOfValues);
  if ('problem' in parsed) return parsed;
  const values = parsed.value as unknown[]; // what starts with a bracket is a list
  const problem = firstProblem(
    values,
    (value, index) =>
      shapeProblem(shape, value, `[${index}]`) ?? elementProblem(definition, value, `[${index}]`),
  );
  return problem === null ? { value: values } : { problem };
}

function parseJson(text: string, noun: string): TensorReading {
  try {
    return { value: JSON.parse(text) };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return { problem: texts.notJson(noun, error.message) };
  }
}

function parseValues(definition: ParameterDefinition, text: string): TensorReading {
  if (definition.shape.length !== 1) {
    return { problem: texts.noNestedLists(shapeNoun(definition.shape), cut(text)) };
  }
  const parts = text.replace(/,\s*$/, '').split(definition.types.includes('string') ? /\s*,\s*/ : /[\s,;]+/);
  const values: unknown[] = [];
  for (const [index, part] of parts.entries()) {
    const element = parseElement(definition, part);
    if ('problem' in element) return { problem: said(`[${index}]`, element.problem) };
    values.push(element.value);
  }
  const problem = shapeProblem(definition.shape, values, '');
  return problem === null ? { value: values } : { problem };
}

/** The first place where lists are not nested or as long as the shape says. */
function shapeProblem(shape: readonly number[], value: unknown, at: string): string | null {
  const [length, ...inner] = shape;
  if (length === undefined) return Array.isArray(value) ? said(at, texts.notSingle) : null;
  if (!Array.isArray(value)) return said(at, texts.expected(shapeNoun(shape), cut(JSON.stringify(value))));
  if (length !== -1 && value.length !== length) {
    return said(at, texts.expected(texts.values(length), String(value.length)));
  }
  return (
    firstProblem(value, (item, index) => shapeProblem(inner, item, `${at}[${index}]`)) ??
    ragged(inner, value, at)
  );
}

/** Where a length may be any, all lists of that dimension still have the same one. */
function ragged(inner: readonly number[], lists: readonly unknown[], at: string): string | null {
  if (inner[0] !== -1) return null;
  const lengths = lists.map((list) => (Array.isArray(list) ? list.length : 0));
  const other = lengths.findIndex((length) => length !== lengths[0]);
  return other === -1 ? null : said(`${at}[${other}]`, texts.ragged(lengths[0] ?? 0, lengths[other] ?? 0));
}

function elementProblem(definition: ParameterDefinition, value: unknown, at: string): string | null {
  if (Array.isArray(value)) {
    return firstProblem(value, (item, index) => elementProblem(definition, item, `${at}[${index}]`));
  }
  const element = checkElement(definition, value);
  return 'problem' in element ? said(at, element.problem) : null;
}

function firstProblem(
  items: readonly unknown[],
  judge: (item: unknown, index: number) => string | null,
): string | null {
  for (const [index, item] of items.entries()) {
    const problem = judge(item, index);
    if (problem !== null) return problem;
  }
  return null;
}

function shapeNoun(shape: readonly number[]): string {
  if (shape.length === 1) return texts.list;
  const lengths = shape.map((length) => (length === -1 ? 'n' : String(length))).join('×');
  return texts.nestedLists(lengths);
}

/** The sentence, with where in the lists it holds; '' is all of them. */
const said = (at: string, sentence: string): string => (at === '' ? sentence : texts.at(at, sentence));
const cut = (text: string): string => (text.length > 40 ? `${text.slice(0, 40)}…` : text);
