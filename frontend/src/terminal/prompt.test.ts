import { expect, test } from 'vitest';
import { isPrompt } from './prompt.ts';

test.each([
  ['~ $ ', 4, true],
  ['root@model:/# ', 14, true],
  ['~ $ pip install x', 17, false],
  ['~ $ pip', 4, false],
  ['>>> ', 4, false],
  ['', 0, false],
])('%j with the cursor at %i: %s', (line, cursor, expected) => {
  expect(isPrompt(line, cursor)).toBe(expected);
});
