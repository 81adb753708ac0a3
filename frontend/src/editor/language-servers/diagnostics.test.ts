import { ChangeSet, Text } from '@codemirror/state';
import { expect, test } from 'vitest';
import { movedBy, problemOf } from './diagnostics.ts';

const range = { start: { line: 1, character: 4 }, end: { line: 1, character: 7 } };

test('a diagnostic becomes a problem of its file, its places counted from 1', () => {
  const diagnostic = {
    range,
    message: 'unused',
    severity: 2,
    source: 'Ruff',
    code: 'F401',
    tags: [1],
  } as const;
  // @ts-expect-error the protocol's tags are an enum, and its lists not readonly
  expect(problemOf(diagnostic, { path: 'a.py', source: 'ruff' })).toEqual({
    path: 'a.py',
    line: 2,
    column: 5,
    end: { line: 2, column: 8 },
    severity: 'warning',
    message: 'unused',
    source: 'ruff',
    code: 'F401',
    faded: true,
  });
});

test('without a severity it is an error, without a source the server has found it', () => {
  const problem = problemOf({ range, message: 'wrong' }, { path: 'a.py', source: 'ty' });
  expect(problem).toMatchObject({ severity: 'error', source: 'ty', code: '', faded: false });
});

test('what was typed since the server looked moves what it found', () => {
  const before = Text.of(['one', 'two foo']);
  const changes = ChangeSet.of(
    [
      { from: 0, insert: 'zero\n' },
      { from: 4, insert: 'x' },
    ],
    before.length,
  );
  const moved = movedBy({ before, now: changes.apply(before), mapPos: (offset) => changes.mapPos(offset) });
  expect(moved({ line: 1, character: 4 })).toEqual({ line: 3, column: 6 });
  expect(moved({ line: 9, character: 0 })).toEqual({ line: 3, column: 9 });
});
