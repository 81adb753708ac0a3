import { expect, test } from 'vitest';
import type { ParameterDefinition } from '../../wire.ts';
import {
  type Draft,
  draftOf,
  draftsOf,
  lineOf,
  newDraft,
  readDraft,
  readDrafts,
  readShape,
  summaryOf,
} from './drafts.ts';

const definition = (change: Partial<ParameterDefinition> = {}): ParameterDefinition => ({
  name: 'x',
  types: ['f64'],
  shape: [],
  required: true,
  display_name: '',
  description: '',
  default: null,
  choices: [],
  minimum: null,
  maximum: null,
  ...change,
});

const draft = (change: Partial<Draft> = {}): Draft => ({ ...draftOf(definition()), ...change });

test.each<Partial<ParameterDefinition>>([
  {},
  { types: ['f32', 'i8'], shape: [-1, 3], default: [[1, 2, 3]], minimum: 0, maximum: 5, required: false },
  {
    types: ['string'],
    default: 'a',
    choices: ['a', 'two words', ''],
    display_name: 'Mode',
    description: 'How.',
  },
  { types: ['string'], choices: ['with\na newline'] },
  { types: ['boolean'], default: false },
  { types: ['binary'], default: { format: '', base64: 'AA==' } },
  { types: ['i64'], choices: [1, 2], default: 2 },
])('what is not touched is read as it was: %j', (change) => {
  const before = definition(change);
  expect(readDraft(draftOf(before), [])).toEqual({ definition: before, problems: {} });
});

test.each<[Partial<Draft>, string, string]>([
  [{ name: ' ' }, 'name', 'Expected the name that the code reads it by, such as “x”; got none.'],
  [{ types: [] }, 'types', 'Expected at least one type.'],
  [{ types: ['f64', 'image'] }, 'types', 'Expected files or values, got both: f64, image.'],
  [
    { shape: '3, many' },
    'shape',
    'Expected lengths between commas, such as “n, 3”, where n is any length; got “many”.',
  ],
  [{ minimum: 'low' }, 'minimum', 'Expected a number, or nothing; got “low”.'],
  [{ minimum: '2', maximum: '1' }, 'maximum', 'Expected at least the minimum, 2, got 1.'],
  [
    { types: ['i8'], hasDefault: true, default: '300' },
    'default',
    'Expected a whole number from -128 to 127, got 300.',
  ],
  [{ hasDefault: true, default: '' }, 'default', 'Expected a number, got “”.'],
  [{ shape: 'n', hasDefault: true, default: '1, b' }, 'default', 'At [1]: expected a number, got “b”.'],
  [{ choices: '1\ntwo' }, 'choices', 'Expected a number, got “two”.'],
  [{ choices: '1\n1' }, 'choices', 'Expected each choice once, got “1” twice.'],
  [{ choices: '1\n2', hasDefault: true, default: '3' }, 'default', 'Expected one of the choices, got “3”.'],
  [
    { types: ['image'], hasDefault: true, default: 'x' },
    'default',
    'A file is no default that can be typed here. Take the default away.',
  ],
])('%j is wrong in its %s', (change, field, problem) => {
  expect(readDraft(draft(change), []).problems).toEqual({ [field]: problem });
});

test('two of one name are both told', () => {
  const others = [draft(), draft()];
  const problem = { name: 'Expected a name of its own; another parameter here is “x” too.' };
  expect(others.map((each) => readDraft(each, others).problems)).toEqual([problem, problem]);
});

test.each([
  ['', []],
  ['n, 3', [-1, 3]],
  ['[any × 28x28]', [-1, 28, 28]],
  ['-1', [-1]],
])('the shape %j is %j', (text, value) => {
  expect(readShape(text)).toEqual({ value });
});

test('limits of what is no number are dropped with the numbers', () => {
  const changed = draft({ types: ['string'], minimum: '1', maximum: '2', hasDefault: true, default: '' });
  expect(readDraft(changed, []).definition).toMatchObject({ minimum: null, maximum: null, default: '' });
});

test('all tables are read at once, and the first that is wrong is found', () => {
  const none = { create_state: [], train: [], evaluate_input: [], evaluate_output: [] };
  const drafts = draftsOf({ ...none, train: [definition(), definition({ name: 'y' })] });
  expect(readDrafts(drafts)).toMatchObject({
    wrong: null,
    definitions: { train: [{ name: 'x' }, { name: 'y' }] },
  });
  for (const each of drafts.train) each.types = [];
  expect(readDrafts(drafts).wrong).toEqual({ kind: 'train', index: 0 });
});

test('a new one has a name of its own', () => {
  expect(newDraft([draft({ name: 'parameter_2' })]).name).toBe('parameter_3');
});

test('a message of the server names its line', () => {
  expect([lineOf('slipway.toml, line 12, [[train]]: x'), lineOf('Nothing.')]).toEqual([12, null]);
});

test('a list says what each is', () => {
  expect(summaryOf(draft({ types: ['f32', 'f64'], shape: 'n, 3', required: false }))).toBe(
    'f32 or f64 [n×3], optional',
  );
});
