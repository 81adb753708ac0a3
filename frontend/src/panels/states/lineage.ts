/** The states of a model as a tree: which was trained from which, and how each came to be. */

import { formatBytes } from '../../base/format.ts';
import { texts } from '../../texts/states.ts';
import type { State, StateId } from '../../wire.ts';

export interface Line {
  readonly state: State;
  /** The state it was trained from, as long as there is one. */
  readonly parent: State | null;
  /** How many states stand above it. */
  readonly depth: number;
}

/** Line by line, each state below the one it came from; where several came from one, the newest first. */
export function lineage(states: readonly State[]): readonly Line[] {
  const byId = new Map(states.map((state) => [state.id, state]));
  const known = ({ parent_id }: State): StateId | null =>
    parent_id !== null && byId.has(parent_id) ? parent_id : null;
  const children = Map.groupBy(
    states.toSorted((a, b) => b.created_at - a.created_at),
    known,
  );
  const lines: Line[] = [];
  const waiting = (children.get(null) ?? [])
    .map((state): Line => ({ state, parent: null, depth: 0 }))
    .reverse();
  for (let line = waiting.pop(); line !== undefined; line = waiting.pop()) {
    lines.push(line);
    const { state, depth } = line;
    const below = children.get(state.id) ?? [];
    waiting.push(
      ...below.map((child): Line => ({ state: child, parent: state, depth: depth + 1 })).reverse(),
    );
  }
  return lines;
}

/** "Trained from base", "Uploaded". */
export function madeBy({ origin, parent_id }: State, parent: State | null): string {
  const says = texts.madeBy;
  const source = parent?.name ?? (parent_id === null ? null : says.deletedState);
  switch (origin) {
    case 'created':
      return says.created;
    case 'trained':
      return says.trained(source);
    case 'checkpoint':
      return says.checkpoint(source);
    case 'uploaded':
      return says.uploaded;
    case 'restored':
      return says.restored;
  }
}

/** "1.5 KiB in 2 keys"; a state that is bare bytes has none to tell. */
export function sizeText({ byte_size, keys }: State): string {
  const named = keys.filter(({ key }) => key !== '');
  return named.length === 0 ? formatBytes(byte_size) : texts.sizeInKeys(formatBytes(byte_size), named.length);
}
