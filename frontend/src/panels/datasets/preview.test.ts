import { expect, test } from 'vitest';
import type { Dataset, DatasetId, DatasetKey, OutputValue } from '../../wire.ts';
import { aboutDataset, cellText, formatOfName, typeOfKey } from './preview.ts';

const KEY: DatasetKey = {
  key: 'x',
  type: 'f64',
  shape: [],
  entries: 3,
  byte_size: 2048,
  minimum: 0,
  maximum: 1,
};

function value(shape: readonly number[], elements: readonly unknown[], truncated = false): OutputValue {
  return { type: 'f64', shape, elements, blobs: [], truncated };
}

function dataset(...keys: readonly DatasetKey[]): Dataset {
  return { id: 'd' as DatasetId, name: 'd', created_at: 0, changed_at: 0, keys };
}

test.each([
  ['iris.CSV', 'csv'],
  ['a.b.jsonl', 'jsonl'],
  ['x.npz', 'zip'],
  ['x.npy', 'npy'],
  ['notes', null],
  ['x.png', null],
])('the name of %s says %s', (name, format) => {
  expect(formatOfName(name)).toBe(format);
});

test('a dataset is told by its keys, entries and size', () => {
  expect(aboutDataset(dataset())).toBe('empty');
  expect(aboutDataset(dataset(KEY))).toBe('1 key · 3 entries · 2 KiB');
  expect(aboutDataset(dataset(KEY, { ...KEY, key: 'y', entries: 1 }))).toBe('2 keys · 3 entries · 4 KiB');
});

test('a key is told by its type and shape', () => {
  expect(typeOfKey(KEY)).toBe('f64');
  expect(typeOfKey({ ...KEY, type: 'u8', shape: [-1, 3] })).toBe('u8 [n×3]');
});

test.each([
  [value([], [1.5]), '1.5'],
  [value([], ['nan']), 'nan'],
  [value([], [false]), 'false'],
  [value([], ['a text']), 'a text'],
  [value([], ['x'.repeat(200)]), `${'x'.repeat(120)}…`],
  [value([3], [1, 2, 'inf']), '[1, 2, inf]'],
  [value([2], ['a', 'b']), '["a", "b"]'],
  [value([2, 2], [1, 2, 3, 4]), '[[1, 2], [3, 4]]'],
  [value([9], [1, 2], true), '[1, 2]…'],
  [value([0, 2], []), '[]'],
])('an entry is one line: %j', (entry, text) => {
  expect(cellText(entry)).toBe(text);
});
