import { expect, test } from 'vitest';
import type { State } from '../../wire.ts';
import { lineage, madeBy, sizeText } from './lineage.ts';

function state(
  id: string,
  created_at: number,
  parent_id: string | null = null,
  more: Partial<State> = {},
): State {
  return {
    id,
    model_id: 'model',
    name: id,
    created_at,
    byte_size: 3,
    operation_id: null,
    keys: [{ key: '', byte_size: 3 }],
    origin: parent_id === null ? 'created' : 'trained',
    parent_id,
    code_digest: '',
    parameters: {},
    ...more,
  };
}

function outline(states: readonly State[]): string[] {
  return lineage(states).map(({ state: { id }, depth }) => `${' '.repeat(depth)}${id}`);
}

test('a state stands below the one it was trained from, newest first', () => {
  const states = [
    state('a', 1),
    state('b', 2),
    state('a1', 3, 'a'),
    state('a2', 4, 'a'),
    state('a11', 5, 'a1'),
  ];
  expect(outline(states)).toEqual(['b', 'a', ' a2', ' a1', '  a11']);
});

test('a state whose parent is deleted begins a line, and says so', () => {
  const orphan = state('a1', 3, 'gone');
  expect(lineage([orphan])).toEqual([{ state: orphan, parent: null, depth: 0 }]);
  expect(madeBy(orphan, null)).toBe('Trained from a state that is deleted');
});

test('every state is listed once, however long its line is', () => {
  const states = Array.from({ length: 3_000 }, (_, index) =>
    state(`${index}`, index, index === 0 ? null : `${index - 1}`),
  );
  expect(lineage(states).map(({ depth }) => depth)).toEqual(states.map((_, index) => index));
});

test('what made a state is said in words', () => {
  const base = state('base', 1);
  expect(madeBy(base, null)).toBe('Made by createModelState');
  expect(madeBy(state('t', 2, 'base'), base)).toBe('Trained from base');
  expect(madeBy(state('t', 2, 'base', { origin: 'checkpoint' }), base)).toBe(
    'Checkpoint of a training from base',
  );
  expect(madeBy(state('t', 2, null, { origin: 'uploaded' }), null)).toBe('Uploaded');
});

test('a size names its keys, if there are any', () => {
  const keys = [
    { key: 'a', byte_size: 1024 },
    { key: 'b', byte_size: 512 },
  ];
  expect(sizeText(state('a', 1))).toBe('3 B');
  expect(sizeText(state('a', 1, null, { keys, byte_size: 1536 }))).toBe('1.5 KiB in 2 keys');
});
