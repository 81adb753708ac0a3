import { expect, test } from 'vitest';
import type { Entry } from '../../wire.ts';
import { Tree } from './tree.ts';

function entry(path: string, kind: Entry['kind'] = 'file'): Entry {
  const name = path.slice(path.lastIndexOf('/') + 1);
  return { name, path, kind, byte_size: 0, modified_at: 0, etag: null, executable: false, link_target: null };
}

function sample(): Tree {
  const tree = new Tree();
  tree.put('', [
    entry('b.py'),
    entry('src', 'folder'),
    entry('.env'),
    entry('a10'),
    entry('a2'),
    entry('data', 'folder'),
  ]);
  tree.put('src', [entry('src/x.py'), entry('src/deep', 'folder')]);
  tree.put('src/deep', [entry('src/deep/y')]);
  return tree;
}

const paths = (tree: Tree, showHidden = false): string[] =>
  tree.rows(showHidden).map((row) => row.entry.path);

test('folders come first and numbers count', () => {
  expect(paths(sample())).toEqual(['data', 'src', 'a2', 'a10', 'b.py']);
});

test('hidden names show when they are asked for', () => {
  expect(paths(sample(), true)).toContain('.env');
});

test('an open folder shows what is in it, one deeper', () => {
  const tree = sample();
  tree.open('src');
  const rows = tree
    .rows(false)
    .map(({ entry: { path }, depth, isOpen, place, siblings }) => [path, depth, isOpen, place, siblings]);
  expect(rows.slice(0, 4)).toEqual([
    ['data', 0, false, 1, 5],
    ['src', 0, true, 2, 5],
    ['src/deep', 1, false, 1, 2],
    ['src/x.py', 1, false, 2, 2],
  ]);
});

test('a folder that is gone takes along what was known below it', () => {
  const tree = sample();
  tree.open('src');
  tree.open('src/deep');
  tree.put('', [entry('b.py')]);
  expect([tree.isRead('src/deep'), tree.isOpen('src'), paths(tree)]).toEqual([false, false, ['b.py']]);
});

test('open folders stay open when they are moved', () => {
  const tree = sample();
  tree.open('src');
  tree.open('src/deep');
  tree.moved('src', 'lib');
  expect(tree.openFolders().sort()).toEqual(['lib', 'lib/deep']);
});

test('what is moved has its row in its new place at once, with what is open below it', () => {
  const tree = sample();
  tree.open('src');
  tree.open('src/deep');
  tree.moved('src/deep', 'deeper');
  expect(paths(tree)).toEqual(['data', 'deeper', 'deeper/y', 'src', 'src/x.py', 'a2', 'a10', 'b.py']);
});

test('what is moved over something takes its row', () => {
  const tree = sample();
  tree.moved('src/x.py', 'b.py');
  tree.open('src');
  expect(paths(tree)).toEqual(['data', 'src', 'src/deep', 'a2', 'a10', 'b.py']);
});

test('what is moved into a folder that was not read leaves it to be read', () => {
  const tree = sample();
  tree.moved('b.py', 'data/b.py');
  expect([paths(tree), tree.isRead('data')]).toEqual([['data', 'src', 'a2', 'a10'], false]);
});

test('only read folders whose names changed are stale', () => {
  const stale = sample().staleAfter([
    { kind: 'written', path: 'b.py', destination: null },
    { kind: 'created', path: 'src/new.py', destination: null },
    { kind: 'created', path: 'unread/new.py', destination: null },
    { kind: 'renamed', path: 'src/deep/y', destination: 'y' },
  ]);
  expect([...stale].sort()).toEqual(['', 'src', 'src/deep']);
});

test('ten thousand names are rows within a moment', () => {
  const tree = new Tree();
  const started = performance.now();
  tree.put(
    '',
    Array.from({ length: 10_000 }, (_, index) => entry(`file-${index}`)),
  );
  expect(tree.rows(false)).toHaveLength(10_000);
  expect(performance.now() - started).toBeLessThan(1000);
});

test('what was made is there once, and a new folder needs no reading', () => {
  const tree = sample();
  tree.made('c', 'folder');
  tree.made('b.py', 'file');
  expect([paths(tree), tree.isRead('c')]).toEqual([['c', 'data', 'src', 'a2', 'a10', 'b.py'], true]);
});
