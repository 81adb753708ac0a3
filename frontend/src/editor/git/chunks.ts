/** What differs between the text and what git has of it, in pieces that are taken over one by one. Pure. */

import { Chunk } from '@codemirror/merge';
import { Text } from '@codemirror/state';

export type ChunkKind = 'added' | 'changed' | 'deleted';

export interface Replacement {
  readonly from: number;
  readonly to: number;
  readonly insert: string;
}

export function kindOf({ fromA, toA, fromB, toB }: Chunk): ChunkKind {
  if (fromA === toA) return 'added';
  return fromB === toB ? 'deleted' : 'changed';
}

/** Lines of the text that a chunk stands beside, counted from 1. What was deleted stands at the line before it. */
export function linesOf({ fromB, toB }: Chunk, doc: Text): readonly [number, number] {
  const first = doc.lineAt(Math.min(fromB, doc.length)).number;
  if (fromB === toB)
    return [
      Math.max(1, fromB > doc.length ? first : first - 1),
      Math.max(1, fromB > doc.length ? first : first - 1),
    ];
  return [first, doc.lineAt(Math.min(doc.length, Math.max(fromB, toB - 1))).number];
}

/** What makes this piece of the text again what git has. */
export function reverted({ fromA, toA, fromB, toB }: Chunk, base: Text, doc: Text): Replacement {
  return taken({ from: fromA, to: toA, source: base }, { from: fromB, to: toB, target: doc });
}

/** What git would have with this piece of the text. */
export function staged({ fromA, toA, fromB, toB }: Chunk, base: Text, doc: Text): Text {
  const { from, to, insert } = taken(
    { from: fromB, to: toB, source: doc },
    { from: fromA, to: toA, target: base },
  );
  return base.replace(from, to, Text.of(insert.split('\n')));
}

interface Source {
  readonly from: number;
  readonly to: number;
  readonly source: Text;
}

interface Target {
  readonly from: number;
  readonly to: number;
  readonly target: Text;
}

/** A chunk ends after its last line end, which the last line of a text has not. */
function taken({ from, to, source }: Source, { from: at, to: until, target }: Target): Replacement {
  const lines = source.sliceString(from, Math.max(from, to - 1));
  const isEmpty = from === to;
  // At the end of the target there is no line to put it before: the line end comes first.
  if (at > target.length)
    return { from: target.length, to: target.length, insert: isEmpty ? '' : `\n${lines}` };
  if (until > target.length && isEmpty) return { from: Math.max(0, at - 1), to: target.length, insert: '' };
  return {
    from: at,
    to: Math.min(until, target.length),
    insert: isEmpty || until > target.length ? lines : `${lines}\n`,
  };
}

export function chunksOf(base: Text, doc: Text): readonly Chunk[] {
  return Chunk.build(base, doc);
}
