import { expect, test } from 'vitest';
import type { FileChange } from '../wire.ts';
import { modeOf, placeOf, splitPlace } from './palette.ts';
import { isListed, pathsAfter } from './path-index.ts';
import { latestFirst } from './recent.ts';

test('a first letter leads to a mode, any other to none', () => {
  expect([...'>@#:x'].map(modeOf)).toEqual(['commands', 'symbols', 'allSymbols', 'line', null]);
  expect(modeOf('')).toBe(null);
});

test('a name may end with a line and a column', () => {
  expect(splitPlace('main.py:12')).toEqual({ name: 'main.py', place: { line: 12 } });
  expect(splitPlace('main.py:12:5')).toEqual({ name: 'main.py', place: { line: 12, column: 5 } });
  expect(splitPlace('main.py:')).toEqual({ name: 'main.py', place: null });
  expect(splitPlace('main.py')).toEqual({ name: 'main.py', place: null });
  expect([placeOf('0'), placeOf('7:'), placeOf('x'), placeOf('')]).toEqual([
    { line: 1 },
    { line: 7 },
    null,
    null,
  ]);
});

test('what was used lately comes first', () => {
  expect(latestFirst(['a', 'b', 'c', 'd'], ['c', 'b'], (name) => name)).toEqual(['c', 'b', 'a', 'd']);
});

test('what tools filled is not listed, and hidden files are where they are asked for', () => {
  expect(['a/b.py', '.env', 'src/.x/a', 'node_modules/x.js'].map((path) => isListed(path, false))).toEqual([
    true,
    false,
    false,
    false,
  ]);
  expect(isListed('.env', true)).toBe(true);
});

test('the list follows what happens to files, and is read again where that tells too little', () => {
  const paths = new Set(['a.py', 'src/b.py']);
  const after = (change: Pick<FileChange, 'kind' | 'path'> & { destination?: string }) => {
    const found = pathsAfter(paths, { destination: null, ...change }, false);
    return found && [...found];
  };
  expect(after({ kind: 'written', path: 'c.py' })).toEqual(['a.py', 'src/b.py', 'c.py']);
  expect(after({ kind: 'written', path: '.env' })).toEqual(['a.py', 'src/b.py']);
  expect(after({ kind: 'removed', path: 'src' })).toEqual(['a.py']);
  expect(after({ kind: 'renamed', path: 'src', destination: 'lib' })).toEqual(['a.py', 'lib/b.py']);
  expect(after({ kind: 'renamed', path: 'new', destination: 'lib' })).toBe(null);
  expect(after({ kind: 'created', path: 'x' })).toBe(null);
  expect(after({ kind: 'attributes', path: 'a.py' })).toEqual(['a.py', 'src/b.py']);
});
