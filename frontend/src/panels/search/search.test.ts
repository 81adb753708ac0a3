import { expect, test } from 'vitest';
import type { FoundInFile, SearchMatch } from '../../wire.ts';
import { EMPTY_FORM, globsOf, identityOf, queryOf, withPattern } from './form.ts';
import { placeOf, Results } from './results.ts';

const match = (line: number, text = 'x'): SearchMatch => ({
  line,
  column: 1,
  before: '',
  text,
  after: '',
  replacement: null,
});
const found = (path: string, ...lines: number[]): FoundInFile => ({
  type: 'file',
  path,
  matches: lines.map((line) => match(line)),
});

test('globs are divided by commas, but not within braces', () => {
  expect(globsOf(' *.py, src/ ,,*.{js,ts} ')).toEqual(['*.py', 'src/', '*.{js,ts}']);
  expect(globsOf('{a,b')).toEqual(['{a', 'b']);
  expect(globsOf('')).toEqual([]);
});

test('nothing is replaced until replacing is asked for', () => {
  expect(queryOf({ ...EMPTY_FORM, replacement: 'x' }).replacement).toBe(null);
  expect(queryOf({ ...EMPTY_FORM, replacement: '', replaces: true }).replacement).toBe('');
});

test('another replacement is no other search', () => {
  const form = { ...EMPTY_FORM, pattern: 'a' };
  expect(identityOf({ ...form, replaces: true, replacement: 'b' })).toBe(identityOf(form));
  expect(identityOf({ ...form, matchCase: true })).not.toBe(identityOf(form));
});

test('a pattern is remembered once, the latest last', () => {
  expect(withPattern(['a', 'b'], 'a')).toEqual(['b', 'a']);
  expect(withPattern(['a'], '')).toEqual(['a']);
});

test('what is found comes in the order of paths, files before the folders beside them', () => {
  const results = Results.none
    .with([found('src/deep/a', 1)])
    .with([found('src/z', 1), found('b', 1), found('src/a', 1)]);
  expect(results.files.map(({ path }) => path)).toEqual(['b', 'src/a', 'src/z', 'src/deep/a']);
});

test('a file that was told of in parts is one', () => {
  const results = Results.none.with([found('a', 1)]).with([found('a', 2)]);
  expect(
    results.rows(new Set()).map((row) => (row.kind === 'match' ? row.match.line : row.file.path)),
  ).toEqual(['a', 1, 2]);
  expect([results.fileCount, results.matchCount]).toEqual([1, 2]);
});

test('a closed file shows none of its matches', () => {
  const rows = Results.none.with([found('a', 1), found('b', 1)]).rows(new Set(['a']));
  expect(rows.map(({ kind }) => kind)).toEqual(['file', 'file', 'match']);
});

test('what was dismissed stays away, and takes its file along with the last', () => {
  const results = Results.none.with(
    [found('a', 1), found('b', 1)],
    (place) => place !== placeOf('a', match(1)),
  );
  expect(results.files.map(({ path }) => path)).toEqual(['b']);
  const only = results.files[0]?.matches ?? [];
  expect(results.without('b', only).fileCount).toBe(0);
});
