import { expect, test } from 'vitest';
import { isOfModel, pathOf, uriOf } from './uris.ts';

test.each([
  ['main.py', 'file:///model/main.py'],
  ['src/a b#ü.py', 'file:///model/src/a%20b%23%C3%BC.py'],
  ['/opt/environment/lib/x.py', 'file:///opt/environment/lib/x.py'],
])('the path %s is named %s, and back', (path, uri) => {
  expect(uriOf(path)).toBe(uri);
  expect(pathOf(uri)).toBe(path);
});

test('what names no file has no path', () => {
  expect(pathOf('untitled:1')).toBe(null);
  expect(pathOf('file:///model/%E0%A4%A')).toBe(null);
});

test('what is outside the filesystem is not of the model', () => {
  expect([isOfModel('main.py'), isOfModel('/opt/environment/lib/x.py')]).toEqual([true, false]);
});
