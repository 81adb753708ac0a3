import { expect, test } from 'vitest';
import type { Entry, Operation } from '../wire.ts';
import { mayHaveChanged, unavailable } from './availability.ts';

const entry = (name: string, modified_at: number, kind: Entry['kind'] = 'file'): Entry => ({
  name,
  path: name,
  kind,
  byte_size: 1,
  modified_at,
  etag: '"1"',
  executable: false,
  link_target: null,
});

const loaded = [
  { started_at: 100, ended_at: 101 },
  { started_at: 200, ended_at: null },
] as Operation[]; // the rest is not read

test('what the code defined is known until the code changes', () => {
  expect(mayHaveChanged([entry('main.py', 99), entry('notes.md', 300)], loaded)).toBe(false);
  expect(mayHaveChanged([entry('main.py', 150)], loaded)).toBe(true);
  expect(mayHaveChanged([], [])).toBe(false);
});

test('folders may hold code, save those that tools make', () => {
  expect(mayHaveChanged([entry('package', 1, 'folder')], loaded)).toBe(true);
  expect(mayHaveChanged([entry('node_modules', 1, 'folder'), entry('.venv', 1, 'folder')], loaded)).toBe(
    false,
  );
});

test('an operation without its function says which one it needs', () => {
  expect(unavailable('train', ['evaluate'])).toContain('function train');
  expect([unavailable('train', null), unavailable('evaluate', ['evaluate'])]).toEqual([null, null]);
});
