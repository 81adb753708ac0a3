import { expect, test } from 'vitest';
import type { ElementType } from '../../wire.ts';
import { isNpyType, numberOf, readNpy, writeNpy } from './npy.ts';

test.each<[ElementType, readonly number[], readonly unknown[], readonly unknown[]]>([
  ['f64', [2, 2], [0.1, -1, 'nan', '-inf'], [0.1, -1, NaN, -Infinity]],
  ['f32', [2], [0.5, 'inf'], [0.5, Infinity]],
  ['i64', [2], ['9223372036854775807', -1], [2n ** 63n - 1n, -1n]],
  ['u64', [1], [3], [3n]],
  ['i8', [1, 1, 1], [-128], [-128]],
  ['u16', [0], [], []],
  ['boolean', [2], [true, false], [1, 0]],
  ['f64', [], [2], [2]],
])('%s of shape %o is read as it was written', (type, shape, elements, read) => {
  expect([...readNpy(type, shape, writeNpy(type, shape, elements))]).toEqual(read);
});

test('the header is that of numpy, and the elements start where they are aligned', () => {
  const file = writeNpy('f32', [2, 3], [1, 2, 3, 4, 5, 6]);
  const header = new TextDecoder().decode(file.slice(10, 128));
  expect(header.trimEnd()).toBe("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3, ), }");
  expect([file.byteLength, header.length % 64]).toEqual([128 + 24, 54]);
});

test('a file of another type or size is refused', () => {
  const file = writeNpy('f32', [2], [1, 2]);
  expect(() => readNpy('f64', [2], file)).toThrow('Expected 2 elements of f64');
  expect(() => readNpy('f32', [3], file)).toThrow('Expected 3 elements of f32');
});

test.each([
  ['nan', NaN],
  ['-inf', -Infinity],
  ['9007199254740993', 9007199254740992],
  [true, 1],
  [5n, 5],
])('%s is the number %d', (element, number) => {
  expect(numberOf(element)).toBe(number);
});

test('texts and files have no such file', () => {
  expect((['string', 'image', 'f32', 'boolean'] as const).map(isNpyType)).toEqual([false, false, true, true]);
});
