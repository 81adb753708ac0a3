import { expect, test } from 'vitest';
import { mountNameProblem, proposedName } from './mount-names.ts';

test.each([
  ['Word vectors', [], 'word-vectors'],
  ['Modèle 3', [], 'modele-3'],
  ['日本', [], 'model'],
  ['Word vectors', ['word-vectors', 'word-vectors-2'], 'word-vectors-3'],
])('of %o, with %o taken, %o is proposed', (name, taken, proposed) => {
  expect(proposedName(name, taken)).toBe(proposed);
  expect(mountNameProblem(proposed, taken)).toBe('');
});

test.each(['', '.', '..', '-x', 'a/b', 'a b', 'x'.repeat(65)])('%o is no name', (name) => {
  expect(mountNameProblem(name, [])).toContain('A name has');
});

test('a name that is taken is told of', () => {
  expect(mountNameProblem('words', ['words'])).toBe('Another model is mounted at /mounts/words.');
});
