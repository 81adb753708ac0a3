import { expect, test } from 'vitest';
import { afterMove, basename, encodePath, extension, isWithin, join, parent } from './paths.ts';

test('a path takes apart and goes together again', () => {
  expect([parent('a/b/c.py'), basename('a/b/c.py'), join('a/b', 'c.py')]).toEqual([
    'a/b',
    'c.py',
    'a/b/c.py',
  ]);
  expect([parent('c.py'), basename('c.py'), join('', 'c.py')]).toEqual(['', 'c.py', 'c.py']);
});

test('only what stands after a last dot within the name is an extension', () => {
  const names = ['a.PY', 'a.tar.gz', 'Makefile', '.gitignore', 'dir.d/file'];
  expect(names.map(extension)).toEqual(['py', 'gz', '', '', '']);
});

test('a folder that begins with the same letters is another folder', () => {
  expect([isWithin('ab/c', 'a'), isWithin('a/c', 'a'), isWithin('a', 'a'), isWithin('x', '')]).toEqual([
    false,
    true,
    true,
    true,
  ]);
});

test('a move takes along what is in the folder', () => {
  expect([afterMove('a/b/c', 'a', 'z'), afterMove('ab', 'a', 'z'), afterMove('a', 'a', 'z')]).toEqual([
    'z/b/c',
    'ab',
    'z',
  ]);
});

test('a path in a URL keeps its slashes and nothing else', () => {
  expect(encodePath('a b/ü?#%.txt')).toBe('a%20b/%C3%BC%3F%23%25.txt');
});
