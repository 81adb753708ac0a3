import { expect, test } from 'vitest';
import { knownLanguage, serversOf } from './known-languages.ts';

test.each([
  ['main.py', ['ty', 'ruff']],
  ['typings/x.pyi', ['ty', 'ruff']],
  ['/opt/environment/lib/x.py', ['ty']],
  ['index.mjs', ['typescript']],
  ['app.tsx', ['typescript']],
  ['README.md', []],
  ['Makefile', []],
])('%s is looked after by %j', (path, servers) => {
  expect(serversOf(path, 'ty')).toEqual(servers);
});

test('the chosen server knows Python', () => {
  expect(serversOf('main.py', 'basedpyright')).toEqual(['basedpyright', 'ruff']);
});

test('a language is named as the protocol names it', () => {
  expect(knownLanguage('a.tsx')?.id).toBe('typescriptreact');
  expect(knownLanguage('a.txt')).toBe(null);
});
