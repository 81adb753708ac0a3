/** A found line as it is listed. */

import type { FoundPlace } from '../../services/languages.ts';

/** Before, at and after what was found, without the indent; as much as a line of the list has room for. */
export function partsOf({ line, column, end, text }: FoundPlace): [string, string, string] {
  const from = Math.min(column - 1, text.length);
  const to = end.line === line ? Math.min(Math.max(end.column - 1, from), text.length) : text.length;
  const before = text.slice(0, from).trimStart();
  return [
    before.length > LONGEST ? `…${before.slice(-LONGEST)}` : before,
    text.slice(from, to),
    text.slice(to, to + LONGEST),
  ];
}

const LONGEST = 160;
