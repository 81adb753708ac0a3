import { expect, test } from 'vitest';
import {
  all,
  extended,
  kept,
  NOTHING,
  only,
  type Selection,
  toggled,
  typedAhead,
  withContext,
} from './selection.ts';

const ORDER = ['a', 'b', 'c', 'd'];
const shown = ({ focus, anchor, paths }: Selection): unknown => [focus, anchor, [...paths].sort()];

test('a click selects one, Ctrl adds and takes away', () => {
  expect(shown(only('b'))).toEqual(['b', 'b', ['b']]);
  expect(shown(toggled(only('b'), 'd'))).toEqual(['d', 'd', ['b', 'd']]);
  expect(shown(toggled(toggled(only('b'), 'd'), 'b'))).toEqual(['b', 'b', ['d']]);
});

test('Shift selects from where the range began, also back over it', () => {
  const forward = extended(only('b'), 'd', ORDER);
  expect(shown(forward)).toEqual(['d', 'b', ['b', 'c', 'd']]);
  expect(shown(extended(forward, 'a', ORDER))).toEqual(['a', 'b', ['a', 'b']]);
  expect(shown(extended(NOTHING, 'c', ORDER))).toEqual(['c', 'c', ['c']]);
});

test('all are selected at once', () => {
  expect(shown(all(only('c'), ORDER))).toEqual(['c', 'a', ORDER]);
});

test('a context menu keeps a selection that it opens on', () => {
  const two = toggled(only('a'), 'b');
  expect([...withContext(two, 'a').paths].sort()).toEqual(['a', 'b']);
  expect([...withContext(two, 'c').paths]).toEqual(['c']);
});

test('when rows go, the focus goes to the one that took their place', () => {
  const selection = extended(only('b'), 'c', ORDER);
  expect(shown(kept(selection, ['a', 'd'], ORDER))).toEqual(['d', 'd', ['d']]);
  expect(shown(kept(only('d'), ['a', 'b'], ORDER))).toEqual(['b', 'b', ['b']]);
  expect(shown(kept(only('a'), [], ORDER))).toEqual(['', '', []]);
  expect(shown(kept(selection, ['a', 'c', 'd'], ORDER))).toEqual(['c', 'b', ['c']]);
  expect(kept(selection, [...ORDER, 'e'], ORDER)).toBe(selection);
});

test('typing ahead finds names by their beginning, and the next by the same letter', () => {
  const names = ['data', 'main.py', 'make.sh', 'model.py', 'test'];
  expect(typedAhead('m', 0, names)).toBe(1);
  expect(typedAhead('mm', 1, names)).toBe(2);
  expect(typedAhead('mo', 1, names)).toBe(3);
  expect(typedAhead('ma', 1, names)).toBe(1);
  expect(typedAhead('D', 4, names)).toBe(0);
  expect(typedAhead('x', 0, names)).toBe(null);
});
