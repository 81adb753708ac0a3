import { expect, test } from 'vitest';
import { waitText } from './queue-text.ts';

test.each([
  [undefined, 'waits for a launcher'],
  [null, 'waits for a launcher'],
  [0, 'next'],
  [2, '2 before it'],
  [1000, '1,000 before it'],
])('with %o before it an operation says: %s', (before, text) => {
  expect(waitText(before)).toBe(text);
});
