import { expect, test } from 'vitest';
import type { OutputValue } from '../wire.ts';
import { describeType, elementText, MOST_COLUMNS, MOST_ROWS, valueText, valueView } from './result-view.ts';

const value = (change: Partial<OutputValue>): OutputValue => ({
  type: 'f64',
  shape: [],
  elements: [],
  blobs: [],
  truncated: false,
  ...change,
});

const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

test.each([
  ['a number', { elements: [0.5] }, { kind: 'scalar', text: '0.5' }],
  ['no number', { elements: ['NaN'] }, { kind: 'scalar', text: 'NaN' }],
  ['a truth value', { type: 'boolean', elements: [true] }, { kind: 'scalar', text: 'true' }],
  ['text', { type: 'string', elements: ['<b>hi</b>\n'] }, { kind: 'text', text: '<b>hi</b>\n' }],
  ['an empty tensor', { shape: [0, 3] }, { kind: 'empty' }],
  [
    'a list',
    { shape: [2], elements: [1, 2] },
    {
      kind: 'table',
      header: [],
      rows: [
        { label: '0', cells: ['1'] },
        { label: '1', cells: ['2'] },
      ],
      omitted: '',
    },
  ],
  [
    'a matrix',
    { shape: [2, 2], elements: [1, 2, 3, 4] },
    {
      kind: 'table',
      header: ['0', '1'],
      rows: [
        { label: '0', cells: ['1', '2'] },
        { label: '1', cells: ['3', '4'] },
      ],
      omitted: '',
    },
  ],
] as const)('%s', (_, change, view) => {
  expect(valueView(value(change as Partial<OutputValue>))).toEqual(view);
});

test('a tensor of higher rank is a table of its innermost lists', () => {
  const view = valueView(value({ shape: [2, 2, 2], elements: range(8) }));
  expect(view.kind === 'table' && view.rows.map(({ label, cells }) => [label, ...cells])).toEqual([
    ['[0, 0]', '0', '1'],
    ['[0, 1]', '2', '3'],
    ['[1, 0]', '4', '5'],
    ['[1, 1]', '6', '7'],
  ]);
});

test('a large matrix is cut, and the cut is told', () => {
  const view = valueView(value({ shape: [1000, 60], elements: range(60_000) }));
  if (view.kind !== 'table') throw new Error(`expected a table, got ${view.kind}`);
  expect(view.rows).toHaveLength(MOST_ROWS);
  expect(view.rows[0]?.cells).toHaveLength(MOST_COLUMNS);
  expect(view.rows[1]?.cells[0]).toBe('60');
  expect(view.omitted).toBe('Shown: the first 200 of 1,000 rows and 50 of 60 columns.');
});

test('what the server cut is cut here too', () => {
  const view = valueView(value({ shape: [1000, 2], elements: range(5), truncated: true }));
  expect(view.kind === 'table' && [view.rows.length, view.rows[2]?.cells, view.omitted]).toEqual([
    3,
    ['4'],
    'Shown: the first 3 of 1,000 rows.',
  ]);
});

test('media keep their files', () => {
  const blobs = [{ index: 0, format: 'png', byte_size: 10 }];
  expect(valueView(value({ type: 'image', blobs }))).toEqual({ kind: 'media', medium: 'image', blobs });
});

test.each([
  [0.1, '0.1'],
  [1 / 3, '0.33333334'],
  [16777216, '16777216'],
  [1e-20, '1e-20'],
  [-0, '0'],
])('the 32-bit number nearest %d is written %s', (number, text) => {
  expect(elementText('f32', Math.fround(number))).toBe(text);
});

test('a table is written with seven digits, a single number with all', () => {
  const table = valueView(value({ shape: [1], elements: [1 / 3] }));
  expect(table.kind === 'table' && table.rows[0]?.cells).toEqual(['0.3333333']);
  expect(valueView(value({ elements: [1 / 3] }))).toEqual({ kind: 'scalar', text: '0.3333333333333333' });
});

test('a type is described with its shape', () => {
  expect([describeType(value({})), describeType(value({ type: 'u8', shape: [3, 4] }))]).toEqual([
    'f64',
    'u8 [3×4]',
  ]);
});

test('copied, rows are lines and columns stand between tabs', () => {
  expect(valueText(value({ type: 'f32', shape: [2, 2], elements: [0.10000000149011612, 2, 'nan', 4] }))).toBe(
    '0.1\t2\nnan\t4',
  );
  expect(valueText(value({ type: 'string', shape: [], elements: ['a b'] }))).toBe('a b');
  expect(valueText(value({ type: 'i64', shape: [3], elements: [1, 2, 3] }))).toBe('1\n2\n3');
});
