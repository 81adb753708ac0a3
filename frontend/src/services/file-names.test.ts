import { expect, test } from 'vitest';
import { nameProblem } from './file-names.ts';

test.each(['', '.', '..', 'a/b', 'a\0b', 'é'.repeat(128), '🚢'.repeat(64)])('%j is not a name', (name) => {
  expect(nameProblem(name)).not.toBeNull();
});

test.each(['a', '.hidden', 'with space', 'é'.repeat(127), 'x'.repeat(255)])('%j is a name', (name) => {
  expect(nameProblem(name)).toBeNull();
});
