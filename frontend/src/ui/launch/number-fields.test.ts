import { expect, test } from 'vitest';
import type { LaunchBounds, LauncherSpec, MaxDurations } from '../../wire.ts';
import {
  durationFields,
  type NumberField,
  problemOf,
  problemsOf,
  rangeText,
  sharedRange,
  specFields,
  typedOf,
  valuesOf,
} from './number-fields.ts';

const MEBIBYTE = 2 ** 20;
const DEFAULT: LauncherSpec = { cpus: 1, memory_bytes: 512 * MEBIBYTE, gpus: 0, idle_seconds: 60 };
const DURATIONS: MaxDurations = {
  code_startup_seconds: 60,
  create_state_seconds: 60,
  instantiate_model_seconds: 60,
  evaluate_seconds: 60,
  train_seconds: 3600,
  get_state_seconds: 60,
};
const BOUNDS: LaunchBounds = {
  lowest: { cpus: 0.125, memory_bytes: 128 * MEBIBYTE, gpus: 0, idle_seconds: 0 },
  highest: { cpus: 2, memory_bytes: 8192 * MEBIBYTE + 5, gpus: 0, idle_seconds: 3600 },
  shortest_seconds: 1,
  longest: { ...DURATIONS, train_seconds: 604_800 },
};
const FIELDS = specFields(DEFAULT, BOUNDS);

function field(name: keyof LauncherSpec): NumberField {
  const found = FIELDS.find((each) => each.name === name);
  if (found === undefined) throw new Error(`no field ${name}`);
  return found;
}

test('the bounds are named in the unit of the field, and never above what is allowed', () => {
  expect(FIELDS.map(rangeText)).toEqual(['0.125 to 2', '128 to 8,192 MiB', '0 to 0', '0 to 3,600 s']);
});

test.each([
  ['cpus', '', ''],
  ['cpus', ' 0.125 ', ''],
  ['cpus', '3', 'Expected 0.125 to 2, got 3.'],
  ['cpus', '-1', 'Expected 0.125 to 2, got -1.'],
  ['cpus', '1e0', 'Expected 0.125 to 2, got 1e0.'],
  ['memory_bytes', '8192', ''],
  ['memory_bytes', '8193', 'Expected 128 to 8,192 MiB, got 8193.'],
  ['gpus', '0', ''],
  ['gpus', '1', 'This server has no GPUs. Leave it empty.'],
] as const)('of %o, %o is answered with %o', (name, text, problem) => {
  expect(problemOf(field(name), text)).toBe(problem);
});

test('where there are GPUs, half a one is refused', () => {
  const gpus = { ...field('gpus'), highest: 2 };
  expect(problemOf(gpus, '0.5')).toBe('Expected a whole number, 0 to 2, got 0.5.');
  expect(problemOf(gpus, '2')).toBe('');
});

test('problems are by field, and only of those that have one', () => {
  expect(problemsOf(FIELDS, { cpus: '9', memory_bytes: '512' })).toEqual({
    cpus: 'Expected 0.125 to 2, got 9.',
  });
});

test('what is typed is sent in the unit of the server, and comes back as it was typed', () => {
  const typed = { cpus: '0.5', memory_bytes: '200.1', gpus: '', idle_seconds: '0' };
  const values = valuesOf(FIELDS, typed);
  expect(values).toEqual({ cpus: 0.5, memory_bytes: 209_820_058, gpus: null, idle_seconds: 0 });
  expect(typedOf(FIELDS, values)).toEqual(typed);
});

test('a range is told once where all have it', () => {
  const fields = durationFields(DURATIONS, BOUNDS);
  expect(sharedRange(fields)).toBe(null);
  expect(sharedRange(fields.filter(({ name }) => name !== 'train_seconds'))).toBe('1 to 60 s');
});
