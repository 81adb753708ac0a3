import { expect, test } from 'vitest';
import type { OutputValue } from '../../wire.ts';
import { blobFileName, fileOf, fileStem, jsonOf, type ValueView, valueText, viewOf } from './values.ts';

const value = (change: Partial<OutputValue>): OutputValue => ({
  type: 'f64',
  shape: [],
  elements: [],
  blobs: [],
  truncated: false,
  ...change,
});

test.each<[Partial<OutputValue>, ValueView]>([
  [{}, 'scalar'],
  [{ type: 'boolean' }, 'scalar'],
  [{ type: 'string' }, 'text'],
  [{ shape: [0, 3] }, 'empty'],
  [{ shape: [2] }, 'tensor'],
  [{ type: 'image', shape: [2] }, 'image'],
  [{ type: 'binary' }, 'binary'],
])('%j is shown as %s', (change, view) => {
  expect(viewOf(value(change))).toBe(view);
});

test('copied, rows are lines and columns stand between tabs', () => {
  expect(valueText(value({ type: 'f32', shape: [2, 2], elements: [0.10000000149011612, 2, 'nan', 4] }))).toBe(
    '0.1\t2\nnan\t4',
  );
  expect(valueText(value({ type: 'string', shape: [], elements: ['a b'] }))).toBe('a b');
  expect(valueText(value({ type: 'i64', shape: [3], elements: [1, 2, 3] }))).toBe('1\n2\n3');
});

test.each([
  ['scores', 0, 1, 'scores'],
  ['scores', 1, 3, 'scores-1'],
  ['../etc/pass wd', 0, 1, '_etc_pass_wd'],
  ['größe', 0, 1, 'größe'],
  ['..', 0, 1, 'output'],
])('the output %j at %i of %i is saved as %s', (name, index, count, stem) => {
  expect(fileStem(name, index, count)).toBe(stem);
});

test('a file is named by its format', () => {
  const blob = { index: 0, format: 'png', byte_size: 1 };
  expect([blobFileName('x', blob), blobFileName('x', { ...blob, format: '' })]).toEqual(['x.png', 'x.bin']);
});

test('what no file holds becomes one', async () => {
  const files = [
    fileOf('n', value({ shape: [1], elements: [1] })),
    fileOf('t', value({ type: 'string', elements: ['hello'] })),
    fileOf('l', value({ type: 'string', shape: [2], elements: ['a', 'b'] })),
  ];
  expect(files.map(({ name }) => name)).toEqual(['n.npy', 't.txt', 'l.json']);
  expect([await files[1]?.text(), await files[2]?.text(), files[0]?.size]).toEqual([
    'hello',
    '["a","b"]',
    136,
  ]);
});

test.each<[string, unknown]>([
  [' {"a": [1]}', { a: [1] }],
  ['[1, 2]', [1, 2]],
  ['{broken', undefined],
  ['12', undefined],
  ['hello', undefined],
])('%j holds %j as JSON', (text, json) => {
  expect(jsonOf(text)).toEqual(json);
});
