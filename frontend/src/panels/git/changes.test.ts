import { expect, test } from 'vitest';
import type { GitChange, GitStatus } from '../../wire.ts';
import { branchText, groupsOf, syncText } from './changes.ts';

const change = (path: string, values: Partial<GitChange>): GitChange => ({
  path,
  staged: null,
  unstaged: null,
  original_path: null,
  conflict: null,
  ...values,
});

const status = (changes: readonly GitChange[]): GitStatus => ({
  repository: 'sub',
  branch: 'main',
  commit: 'abc',
  upstream: null,
  ahead: 0,
  behind: 0,
  doing: null,
  stashes: 0,
  remotes: [],
  changes,
  more_changes: false,
});

test('a file that is staged and changed again is in two groups, one in conflict only there', () => {
  const groups = groupsOf(
    status([
      change('sub/a', { staged: 'M', unstaged: 'M' }),
      change('sub/deep/b', { unstaged: '?' }),
      change('sub/c', { unstaged: 'U', conflict: 'UU' }),
    ]),
  );
  const shown = groups.map(({ name, rows }) => [
    name,
    ...rows.map(({ folder, name, letter }) => `${folder}|${name} ${letter}`),
  ]);
  expect(shown).toEqual([
    ['conflicts', '|c U'],
    ['staged', '|a M'],
    ['changes', '|a M', 'deep|b ?'],
  ]);
});

test('only what there is to pull or push is told', () => {
  expect(syncText({ upstream: 'origin/main', ahead: 2, behind: 1 })).toBe('1↓ 2↑');
  expect(syncText({ upstream: 'origin/main', ahead: 0, behind: 0 })).toBe('');
  expect(syncText({ upstream: null, ahead: 2, behind: 0 })).toBe('');
});

test('without a branch the commit stands for it', () => {
  expect(branchText({ branch: null, commit: '0123456789abcdef' })).toBe('01234567');
  expect(branchText({ branch: null, commit: null })).toBe('no commits');
});
