/** Lines that join commits with their parents, one column for each that is drawn beside another. */

import type { GitLogEntry } from '../../wire.ts';

export interface GraphRow {
  /** Where the commit's dot is. */
  readonly column: number;
  /** Columns whose line comes from above, and those whose line goes on below, with where from. */
  readonly above: readonly number[];
  readonly below: readonly { readonly from: number; readonly to: number }[];
  readonly width: number;
}

/** Of commits whose parents come after them. */
export function graphOf(entries: readonly Pick<GitLogEntry, 'id' | 'parents'>[]): readonly GraphRow[] {
  let lanes: (string | null)[] = [];
  return entries.map(({ id, parents }) => {
    const above = lanes.flatMap((lane, column) => (lane === null ? [] : [column]));
    const column = placeOf(lanes, id);
    const next = lanes.map((lane) => (lane === id ? null : lane));
    if (column === next.length) next.push(null);
    const joined = parents.map((parent, index) => {
      const known = next.indexOf(parent);
      const to = known !== -1 ? known : index === 0 ? column : freeIn(next);
      next[to] = parent;
      return { from: column, to };
    });
    const passing = lanes.flatMap((lane, at) => (lane === null || lane === id ? [] : [{ from: at, to: at }]));
    const width = Math.max(lanes.length, next.length, column + 1);
    lanes = withoutEnd(next);
    return { column, above, below: [...passing, ...joined], width };
  });
}

function placeOf(lanes: readonly (string | null)[], id: string): number {
  const known = lanes.indexOf(id);
  return known === -1 ? freeIn(lanes) : known;
}

function freeIn(lanes: readonly (string | null)[]): number {
  const free = lanes.indexOf(null);
  return free === -1 ? lanes.length : free;
}

function withoutEnd(lanes: readonly (string | null)[]): (string | null)[] {
  const last = lanes.findLastIndex((lane) => lane !== null);
  return lanes.slice(0, last + 1);
}
