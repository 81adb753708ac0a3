import { expect, test } from 'vitest';
import type { PackageSet } from '../wire.ts';
import { installCommand, isOfPackages, missingUnder } from './own-packages.ts';

const set = (python: string, ...names: string[]): PackageSet => ({
  python,
  packages: names.map((name) => ({ name, version: '1' })),
});
const shown = (sets: readonly PackageSet[]) =>
  sets.map(({ python, packages }) => [python, packages.map(({ name }) => name)]);

test('what only another Python has is missing, each package once', () => {
  const sets = [set('3.13', 'six'), set('3.12', 'six', 'numpy'), set('3.11', 'numpy', 'pandas')];
  expect(shown(missingUnder('3.13', sets))).toEqual([
    ['3.12', ['numpy']],
    ['3.11', ['pandas']],
  ]);
  expect(shown(missingUnder('3.12', sets))).toEqual([['3.11', ['pandas']]]);
  expect(missingUnder('3.13', [set('3.13', 'six')])).toEqual([]);
});

test.each([
  ['requirements.txt', undefined, true],
  ['.venv/lib/python3.13/site-packages/six.py', undefined, true],
  ['node_modules', undefined, true],
  ['draft.txt', 'requirements.txt', true],
  ['src/requirements.txt', undefined, false],
  ['main.py', undefined, false],
])('a change of %s (to %s) is of packages: %s', (path, destination, expected) => {
  expect(isOfPackages({ path, destination: destination ?? null })).toBe(expected);
});

test('several files are installed one after the other', () => {
  const files = ['requirements.txt', 'package.json'].map((path) => ({
    path,
    outdated: true,
    command: `install ${path}`,
  }));
  expect(installCommand(files)).toBe('install requirements.txt && install package.json');
});
