import { expect, test } from 'vitest';
import { nameProblem } from './variable-names.ts';

test.each([
  ['API_URL', ''],
  ['_x1', ''],
  ['1x', 'A name has letters, digits and _, and begins with no digit.'],
  ['A-B', 'A name has letters, digits and _, and begins with no digit.'],
  ['TAKEN', 'TAKEN exists already; change it in the list.'],
])('%s: %s', (name, problem) => {
  expect(nameProblem(name, ['TAKEN'])).toBe(problem);
});
