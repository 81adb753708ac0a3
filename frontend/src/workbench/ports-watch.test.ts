import { expect, test } from 'vitest';
import { newPorts } from './ports-watch.ts';

test('what listened when the page was opened is no news; what begins to is', () => {
  expect(newPorts(null, [8000])).toEqual([]);
  expect(newPorts([8000], [5173, 8000])).toEqual([5173]);
  expect(newPorts([8000], [])).toEqual([]);
});
