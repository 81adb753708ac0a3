import { expect, test } from 'vitest';
import type { ElementType } from '../../wire.ts';
import { heatPixels, MOST_SIDE_CELLS, stepOf } from './heat.ts';
import {
  cellText,
  curveOf,
  describeType,
  elementAt,
  elementText,
  extremesOf,
  isWhole,
  looksOf,
  matrixOf,
  type Tensor,
} from './tensor.ts';

const tensor = (shape: number[], elements?: ArrayLike<unknown>, type: ElementType = 'f64'): Tensor => {
  const count = shape.reduce((product, length) => product * length, 1);
  return { type, shape, elements: elements ?? Array.from({ length: count }, (_, index) => index) };
};

test.each<[number[], number[], [number, number, number]]>([
  [[3], [], [3, 1, 0]],
  [[2, 3], [], [2, 3, 0]],
  [[4, 2, 3], [1], [2, 3, 6]],
  [
    [2, 4, 2, 3],
    [1, 2],
    [2, 3, 36],
  ],
])(
  'of the shape %j, the matrix at %j has rows, columns and first element %j',
  (shape, at, [rows, columns, offset]) => {
    expect(matrixOf(tensor(shape), at)).toMatchObject({ rows, columns, offset });
  },
);

test('an element is found in its matrix, and those that are not here are undefined', () => {
  const matrix = matrixOf(tensor([2, 2, 2], [0, 1, 2, 3, 4]), [1]);
  expect([elementAt(matrix, 0, 0), elementAt(matrix, 0, 1)]).toEqual([4, undefined]);
  expect(isWhole(matrix.tensor)).toBe(false);
});

test('the lowest and the highest are finite, and told with their places', () => {
  const matrix = matrixOf(tensor([2, 2], ['nan', 3, '-inf', -1]), []);
  expect(extremesOf(matrix)).toEqual({
    lowest: { value: -1, row: 1, column: 1 },
    highest: { value: 3, row: 0, column: 1 },
  });
  expect(extremesOf(matrixOf(tensor([1, 2], ['nan', 'inf']), []))).toBeNull();
});

test('the lowest is dark, the highest bright, and what is no number grey', () => {
  const matrix = matrixOf(tensor([2, 2], [0, 10, 'nan', 'inf']), []);
  const { width, height, pixels } = heatPixels(matrix, { lowest: 0, highest: 10 });
  const points = [0, 1, 2, 3].map((index) => [...pixels.slice(index * 4, index * 4 + 3)]);
  expect([width, height, points]).toEqual([
    2,
    2,
    [
      [68, 1, 84],
      [253, 231, 37],
      [128, 128, 128],
      [253, 231, 37],
    ],
  ]);
});

test('a picture is never larger than a screen can show', () => {
  const { width, height } = heatPixels(matrixOf(tensor([2, 1_000_000], []), []), null);
  expect([width <= MOST_SIDE_CELLS, height, stepOf(28)]).toEqual([true, 2, 1]);
});

test.each<[Tensor, string[]]>([
  [tensor([28, 28]), ['heatMap', 'table']],
  [tensor([3, 2]), ['table', 'heatMap']],
  [tensor([20]), ['table', 'curve']],
  [tensor([2]), ['table']],
  [tensor([9, 9], [], 'string'), ['table']],
])('%j is shown as %j', (shown, looks) => {
  expect(looksOf(shown)).toEqual(looks);
});

test.each([
  [0.1, '0.1'],
  [1 / 3, '0.33333334'],
  [16777216, '16777216'],
  [1e-20, '1e-20'],
  [-0, '0'],
  [Infinity, 'inf'],
])('the 32-bit number nearest %d is written %s', (number, text) => {
  expect(elementText('f32', Math.fround(number))).toBe(text);
});

test.each<[ElementType, unknown, string, string]>([
  ['f64', 1 / 3, '0.3333333333333333', '0.333333'],
  ['f64', 'nan', 'nan', 'nan'],
  ['i64', '9223372036854775807', '9223372036854775807', '9223372036854775807'],
  ['i64', 9223372036854775807n, '9223372036854775807', '9223372036854775807'],
  ['boolean', 1, 'true', 'true'],
  ['boolean', false, 'false', 'false'],
  ['string', '<b>', '<b>', '<b>'],
  ['string', 'x'.repeat(600), 'x'.repeat(600), `${'x'.repeat(500)}…`],
  ['f64', undefined, '', ''],
])('of %s, %s is written %s, in a table %s', (type, element, whole, short) => {
  expect([elementText(type, element), cellText(type, element)]).toEqual([whole, short]);
});

test('a type is described with its shape', () => {
  expect([describeType({ type: 'f64', shape: [] }), describeType({ type: 'u8', shape: [3, 4] })]).toEqual([
    'f64',
    'u8 [3×4]',
  ]);
});

test('a list is drawn whole, a very long one by its extremes', () => {
  expect(curveOf(tensor([3], [1, 'nan', 2]))).toEqual({ x: [0, 1, 2], y: [1, null, 2] });
  const long = Array.from({ length: 100_000 }, (_, index) => (index === 777 ? 9 : 0));
  const { x, y } = curveOf(tensor([100_000], long));
  expect([x.length <= 2_001, y.includes(9), x.at(-1)]).toEqual([true, true, 99_999]);
});
