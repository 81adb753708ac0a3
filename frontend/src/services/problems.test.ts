import { get } from 'svelte/store';
import { expect, test } from 'vitest';
import {
  countProblems,
  nextProblem,
  ofCodeCheck,
  type Problem,
  Problems,
  withoutDoubles,
} from './problems.ts';

function problem(overrides: Partial<Problem>): Problem {
  return {
    path: 'main.py',
    line: 1,
    column: 1,
    end: null,
    severity: 'error',
    message: 'wrong',
    source: 'ty',
    code: '',
    ...overrides,
  };
}

const checked = (line: number, kind: 'syntax' | 'import' | 'exception'): Problem[] =>
  ofCodeCheck([{ path: 'main.py', line, column: 0, message: 'wrong', kind }]);

test('what a source finds takes the place of what it had found, and leaves what others found', () => {
  const problems = new Problems();
  problems.replaceIn('main.py', 'ty', [problem({ line: 3 })]);
  problems.replaceIn('main.py', 'ruff', [problem({ line: 2, source: 'ruff' })]);
  problems.replaceIn('other.py', 'ty', [problem({ path: 'other.py' })]);
  problems.replaceIn('main.py', 'ty', [problem({ line: 1 })]);
  expect(get(problems.all).map(({ path, line, source }) => [path, line, source])).toEqual([
    ['main.py', 1, 'ty'],
    ['main.py', 2, 'ruff'],
    ['other.py', 1, 'ty'],
  ]);
  problems.replace('ty', []);
  expect(get(problems.all).map(({ source }) => source)).toEqual(['ruff']);
});

test('what the code check and a server say of one line is shown once, as the server says it', () => {
  const [server] = [problem({ line: 4 })];
  expect(withoutDoubles([...checked(4, 'import'), server])).toEqual([server]);
  expect(withoutDoubles([...checked(5, 'import'), server])).toHaveLength(2);
});

test('what happened while the code was loaded is no double of what a server says of the line', () => {
  expect(withoutDoubles([...checked(4, 'exception'), problem({ line: 4 })])).toHaveLength(2);
});

test('a warning of a server says nothing of an error in its line', () => {
  expect(withoutDoubles([...checked(4, 'syntax'), problem({ line: 4, severity: 'warning' })])).toHaveLength(
    2,
  );
});

test('that there is no code is no problem of a file', () => {
  expect(ofCodeCheck([{ path: '', line: 0, column: 0, message: 'no code', kind: 'no_code' }])).toEqual([]);
});

test('errors and warnings are counted', () => {
  const all = [problem({}), problem({ severity: 'warning' }), problem({ severity: 'hint' })];
  expect(countProblems(all)).toEqual({ errors: 1, warnings: 1 });
});

test('what two servers say of a line is shown once, other rules of the line beside it', () => {
  const typed = problem({ line: 2, code: 'unresolved-reference' });
  const linted = problem({ line: 2, source: 'ruff', code: 'F821' });
  const unused = problem({ line: 2, source: 'ruff', code: 'F401' });
  expect(withoutDoubles([typed, linted, unused])).toEqual([typed, unused]);
  expect(withoutDoubles([linted, unused])).toEqual([linted, unused]);
});

test('problems are gone along through all files, and around', () => {
  const all = [
    problem({ path: 'a', line: 2 }),
    problem({ path: 'a', line: 5 }),
    problem({ path: 'c', line: 1 }),
  ];
  const from = (path: string, line: number) => ({ path, line, column: 1 });
  expect(nextProblem(all, from('a', 2), 1)).toBe(all[1]);
  expect(nextProblem(all, from('b', 9), 1)).toBe(all[2]);
  expect(nextProblem(all, from('c', 1), 1)).toBe(all[0]);
  expect(nextProblem(all, from('a', 2), -1)).toBe(all[2]);
  expect(nextProblem(all, from('a', 3), -1)).toBe(all[0]);
  expect(nextProblem(all, null, 1)).toBe(all[0]);
  expect(nextProblem([problem({ line: 0 })], null, 1)).toBe(null);
});
