import { expect, test } from 'vitest';
import { partsOf } from './parts.ts';

const place = { path: 'a.py', line: 3, column: 9, end: { line: 3, column: 12 }, text: '    x = foo + 1' };

test('a line is shown without its indent, with what was found apart', () => {
  expect(partsOf(place)).toEqual(['x = ', 'foo', ' + 1']);
});

test('what goes on in the next line ends with this one', () => {
  expect(partsOf({ ...place, end: { line: 4, column: 1 } })).toEqual(['x = ', 'foo + 1', '']);
});

test('a line that has become shorter is shown as it is', () => {
  expect(partsOf({ ...place, text: 'x' })).toEqual(['x', '', '']);
});

test('of a long line only what is near is shown', () => {
  const [before, , after] = partsOf({
    ...place,
    text: 'y'.repeat(1000),
    column: 500,
    end: { line: 3, column: 503 },
  });
  expect([before.length, after.length]).toEqual([161, 160]);
});
