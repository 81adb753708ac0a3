import { expect, test } from 'vitest';
import { segmentsOf } from './linked-text.ts';

test('a traceback line is cut around its link, and nothing is lost', () => {
  const line = '  File "/model/main.py", line 12, in evaluate';
  const segments = segmentsOf(line);
  expect(segments.map(({ text }) => text).join('')).toBe(line);
  expect(segments.map(({ text, link }) => [text, link?.path, link?.line])).toEqual([
    ['  ', undefined, undefined],
    ['File "/model/main.py", line 12', 'main.py', 12],
    [', in evaluate', undefined, undefined],
  ]);
});

test('a line without a place is one piece', () => {
  expect(segmentsOf('ZeroDivisionError: division by zero')).toEqual([
    { text: 'ZeroDivisionError: division by zero', link: null },
  ]);
});
