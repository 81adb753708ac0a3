import { expect, test } from 'vitest';
import { copyName, described, numberedName, outermost } from './names.ts';

const taken =
  (...names: string[]) =>
  (name: string): boolean =>
    names.includes(name);

test('a copy has a name of its own, before the extension', () => {
  expect(copyName('main.py', taken())).toBe('main copy.py');
  expect(copyName('main.py', taken('main copy.py', 'main copy 2.py'))).toBe('main copy 3.py');
  expect(copyName('.env', taken())).toBe('.env copy');
  expect(copyName('data', taken('data copy'))).toBe('data copy 2');
});

test('an upload that is kept beside what was there is numbered', () => {
  expect(numberedName('a.tar.gz', taken('a.tar (2).gz'))).toBe('a.tar (3).gz');
});

test('what lies in a chosen folder is not chosen twice', () => {
  expect(outermost(['a/b', 'a', 'a-b', 'c/d', 'c/d/e/f'])).toEqual(['a', 'a-b', 'c/d']);
});

test('one is called by its name, several by their number', () => {
  expect([described(['a/b.py']), described(['a', 'b'])]).toEqual(['b.py', '2 files and folders']);
});
