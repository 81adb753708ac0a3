import { expect, test } from 'vitest';
import { tokenVariable } from './clone-model.ts';

test.each([
  ['https://github.com/a/b.git', 'GIT_TOKEN_GITHUB_COM'],
  ['https://ada@git.example.org:8443/a', 'GIT_TOKEN_GIT_EXAMPLE_ORG_8443'],
  ['git@github.com:a/b.git', null],
  ['file:///model/x', null],
])('the token for %s is in %s', (url, variable) => {
  expect(tokenVariable(url)).toBe(variable);
});
