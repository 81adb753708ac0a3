import { Text } from '@codemirror/state';
import { expect, test } from 'vitest';
import type { Problem } from '../services/problems.ts';
import { rangeOf } from './problem-marks.ts';

const doc = Text.of(['import torch', '', '    x = 1']);

function marked(overrides: Partial<Problem>): string {
  const problem = { path: '', severity: 'error', message: '', source: '', code: '', end: null } as const;
  const { from, to } = rangeOf(doc, { ...problem, line: 1, column: 1, ...overrides });
  return doc.sliceString(from, to);
}

test('a problem with an end is marked from its column to its end', () => {
  expect(marked({ column: 8, end: { line: 1, column: 13 } })).toBe('torch');
});

test('a problem without an end is marked to the end of its line, without a column past the indent', () => {
  expect(marked({ column: 8 })).toBe('torch');
  expect(marked({ line: 3, column: 0 })).toBe('x = 1');
});

test('an empty range is marked at one character', () => {
  expect(marked({ column: 1, end: { line: 1, column: 1 } })).toBe('i');
  expect(marked({ column: 13, end: { line: 1, column: 13 } })).toBe('h');
});

test('a place that the text does not have any more is marked within it', () => {
  expect(marked({ line: 90, column: 200, end: { line: 95, column: 1 } })).toBe('1');
  expect(marked({ line: 2, column: 4 })).toBe('');
});
