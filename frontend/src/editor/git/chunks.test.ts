import { Text } from '@codemirror/state';
import { expect, test } from 'vitest';
import { chunksOf, kindOf, linesOf, reverted, staged } from './chunks.ts';

const text = (value: string): Text => Text.of(value.split('\n'));

const PAIRS: readonly [string, string][] = [
  ['a\nb\nc\n', 'a\nB\nc\n'],
  ['a\nb\nc\n', 'a\nc\n'],
  ['a\nc\n', 'a\nb\nc\n'],
  ['a\nb', 'a\nb\nc'],
  ['a\nb\nc', 'a\nb'],
  ['a', 'b'],
  ['', 'a\n'],
  ['a\n', ''],
  ['a\nb\n', 'x\na\nb\n'],
  ['x\na\nb\n', 'a\nb\n'],
  ['a\nb\nc\nd\ne\nf\n', 'A\nb\nc\nd\nE\nf\n'],
];

test.each(PAIRS)('of %j and %j each piece can be taken back and be staged', (before, after) => {
  const [base, doc] = [text(before), text(after)];
  let undone = doc;
  let index = base;
  // The last first, so that the places of the others hold.
  for (const chunk of chunksOf(base, doc).toReversed()) {
    const { from, to, insert } = reverted(chunk, base, doc);
    undone = undone.replace(from, to, text(insert));
    const only = staged(chunk, base, doc);
    expect(chunksOf(only, doc).length).toBe(chunksOf(base, doc).length - 1);
    index = only;
  }
  expect(undone.toString()).toBe(before);
  if (chunksOf(base, doc).length === 1) expect(index.toString()).toBe(after);
});

test('a piece stands beside its lines, and what was deleted at the line before it', () => {
  const doc = text('one\nTWO\nthree\nfour\n');
  const found = chunksOf(text('one\ntwo\nthree\ngone\n'), doc).map((chunk) => [
    kindOf(chunk),
    ...linesOf(chunk, doc),
  ]);
  expect(found).toEqual([
    ['changed', 2, 2],
    ['changed', 4, 4],
  ]);
  const shorter = text('one\n');
  expect(
    chunksOf(text('one\ntwo\n'), shorter).map((chunk) => [kindOf(chunk), ...linesOf(chunk, shorter)]),
  ).toEqual([['deleted', 1, 1]]);
});
