import { expect, test } from 'vitest';
import type { Problem } from '../../services/problems.ts';
import { groupByPath, originOf, placeOf } from './problem-groups.ts';

const problem: Problem = {
  path: 'main.py',
  line: 2,
  column: 5,
  end: null,
  severity: 'error',
  message: 'wrong',
  source: 'ruff',
  code: 'F401',
};

test('problems are grouped by their file, in their order', () => {
  const other = { ...problem, path: 'other.py' };
  expect(groupByPath([problem, other, problem])).toEqual([
    { path: 'main.py', problems: [problem, problem] },
    { path: 'other.py', problems: [other] },
  ]);
});

test('who found it and where is said as far as it is known', () => {
  expect(originOf(problem)).toBe('ruff(F401)');
  expect(originOf({ ...problem, code: '' })).toBe('ruff');
  expect(placeOf(problem)).toBe('Ln 2, Col 5');
  expect(placeOf({ ...problem, column: 0 })).toBe('Ln 2');
  expect(placeOf({ ...problem, line: 0 })).toBe('');
});
