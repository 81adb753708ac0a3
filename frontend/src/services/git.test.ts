import { expect, test } from 'vitest';
import type { GitStatus } from '../wire.ts';
import { diffOfPath, lettersOf, pathOfDiff, relevanceOf, repositoryOf } from './git.ts';

test.each([
  ['main.py', 'status'],
  ['.git', 'repositories'],
  ['sub/.git', 'repositories'],
  ['.git/index', 'status'],
  ['.git/index.lock', 'none'],
  ['.git/HEAD', 'status'],
  ['.git/refs/heads/main', 'status'],
  ['sub/.git/MERGE_HEAD', 'status'],
  ['.git/objects/ab/cdef', 'none'],
  ['.git/COMMIT_EDITMSG', 'none'],
  ['.venv/lib/python3.11/site-packages/numpy/core.py', 'none'],
  ['web/node_modules/react', 'none'],
  ['.gitignore', 'status'],
] as const)('a change of %s concerns %s', (path, relevance) => {
  expect(relevanceOf(path)).toBe(relevance);
});

test('a path lies in the innermost repository around it', () => {
  const all = ['', 'sub', 'sub/inner'].map((repository) => ({ repository }) as GitStatus); // nothing else is asked
  expect(repositoryOf(all, 'sub/inner/a')?.repository).toBe('sub/inner');
  expect(repositoryOf(all, 'subject/a')?.repository).toBe('');
  expect(repositoryOf(all.slice(1), 'a')).toBeNull();
});

test('a comparison has a path of its own, which says all of it', () => {
  const left = { kind: 'git', name: 'HEAD', path: 'old/ü %.py' } as const;
  const diff = { path: 'a/b c.py', repository: 'a', left, right: { kind: 'file' }, title: 'x/y' } as const;
  const path = pathOfDiff(diff);
  expect(path.startsWith('/')).toBe(true);
  expect(path.split('/').length).toBe(3);
  expect(diffOfPath(path)).toEqual(diff);
  expect(diffOfPath('main.py')).toBeNull();
});

test('folders around changes are marked too, those around conflicts as such', () => {
  const change = (path: string, unstaged: '?' | 'M' | 'U') => ({
    path,
    staged: null,
    unstaged,
    original_path: null,
    conflict: unstaged === 'U' ? 'UU' : null,
  });
  const letters = lettersOf([change('a/b/c', '?'), change('a/d', 'U'), change('e', 'M'), change('a/z', 'M')]);
  expect(Object.fromEntries(letters)).toEqual({
    'a/b/c': '?',
    'a/b': 'M',
    a: 'U',
    'a/d': 'U',
    e: 'M',
    'a/z': 'M',
  });
});
