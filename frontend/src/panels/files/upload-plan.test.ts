import { expect, test } from 'vitest';
import type { Entry, Usage } from '../../wire.ts';
import { conflicts, foldersOf, type Picked, plan, shortage } from './upload-plan.ts';

const picked = (path: string, byteSize = 1): Picked => ({ path, file: { size: byteSize } as File });

function entry(path: string, byteSize: number): Entry {
  const name = path.slice(path.lastIndexOf('/') + 1);
  return {
    name,
    path,
    kind: 'file',
    byte_size: byteSize,
    modified_at: 0,
    etag: '"e"',
    executable: false,
    link_target: null,
  };
}

const PRESENT = new Map([
  ['data/a.csv', entry('data/a.csv', 5000)],
  ['data/a (2).csv', entry('data/a (2).csv', 1)],
]);
const USAGE: Usage = { used_bytes: 0, limit_bytes: 3 * 4096, used_files: 0, limit_files: 3 };

test('folders are made from above', () => {
  expect(foldersOf([picked('in/a/b/c.txt'), picked('in/a/d.txt'), picked('in/e')], 'in')).toEqual([
    'in/a',
    'in/a/b',
  ]);
  expect(foldersOf([picked('a/b')], '')).toEqual(['a']);
});

test('what is there already is replaced, kept beside, or left out', () => {
  const all = [picked('data/a.csv'), picked('data/b.csv')];
  expect(conflicts(all, PRESENT).map(({ path }) => path)).toEqual(['data/a.csv']);
  const paths = (answer: 'replace' | 'keep' | 'skip'): unknown =>
    plan(all, PRESENT, answer).map(({ path, replacedBytes }) => [path, replacedBytes]);
  expect(paths('replace')).toEqual([
    ['data/a.csv', 5000],
    ['data/b.csv', null],
  ]);
  expect(paths('keep')).toEqual([
    ['data/a (3).csv', null],
    ['data/b.csv', null],
  ]);
  expect(paths('skip')).toEqual([['data/b.csv', null]]);
});

test('whether all of it fits is known before anything is sent', () => {
  const three = plan([picked('a'), picked('b'), picked('c')], new Map(), 'skip');
  expect(shortage(three, 0, USAGE)).toBe(null);
  expect(shortage(three, 1, USAGE)).toMatchObject({ needed_files: 4, free_files: 3 });
  const large = plan([picked('a', 9000), picked('b', 1)], new Map(), 'skip');
  expect(shortage(large, 0, USAGE)).toMatchObject({ needed_bytes: 4 * 4096, free_bytes: 3 * 4096 });
  const replacing = plan([picked('data/a.csv', 8000)], PRESENT, 'replace');
  expect(shortage(replacing, 0, { ...USAGE, used_bytes: 3 * 4096, used_files: 3 })).toBe(null);
});
