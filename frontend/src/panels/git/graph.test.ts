import { expect, test } from 'vitest';
import { graphOf } from './graph.ts';

test('a branch that is merged stands beside the line it came from', () => {
  const entries = [
    { id: 'merge', parents: ['left', 'right'] },
    { id: 'right', parents: ['root'] },
    { id: 'left', parents: ['root'] },
    { id: 'root', parents: [] },
  ];
  const rows = graphOf(entries);
  expect(rows.map(({ column }) => column)).toEqual([0, 1, 0, 1]);
  expect(rows[0]?.below).toEqual([
    { from: 0, to: 0 },
    { from: 0, to: 1 },
  ]);
  expect(rows[3]?.below).toEqual([]);
});

test('one line of commits needs one column', () => {
  const rows = graphOf([
    { id: 'b', parents: ['a'] },
    { id: 'a', parents: [] },
  ]);
  expect(rows).toEqual([
    { column: 0, above: [], below: [{ from: 0, to: 0 }], width: 1 },
    { column: 0, above: [0], below: [], width: 1 },
  ]);
});
