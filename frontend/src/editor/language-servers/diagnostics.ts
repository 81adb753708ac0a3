/** What a server finds wrong, as the page's problems. */

import type { Text } from '@codemirror/state';
import type { Diagnostic, Position } from 'vscode-languageserver-protocol';
import type { Place, Problem, Severity } from '../../services/problems.ts';
import { offsetOf, placeOf, positionAt } from './positions.ts';

const SEVERITIES: Readonly<Record<number, Severity>> = { 1: 'error', 2: 'warning', 3: 'info', 4: 'hint' };

/** Where a position of the text that the server saw is now. */
export type Moved = (position: Position) => Place;

export interface Seen {
  /** The text that the server saw. */
  readonly before: Text;
  readonly now: Text;
  /** Of an offset in the one to an offset in the other. */
  mapPos(offset: number): number;
}

export function movedBy({ before, now, mapPos }: Seen): Moved {
  return (position) => placeOf(positionAt(now, Math.min(mapPos(offsetOf(before, position)), now.length)));
}

export interface Finding {
  readonly path: string;
  /** The server's name, where it does not say who found it. */
  readonly source: string;
}

export function problemOf(
  { range, severity, message, source, code, tags = [] }: Diagnostic,
  { path, source: server }: Finding,
  moved: Moved = placeOf,
): Problem {
  return {
    path,
    ...moved(range.start),
    end: moved(range.end),
    severity: SEVERITIES[severity ?? 1] ?? 'error',
    message: typeof message === 'string' ? message : message.value,
    source: (source ?? server).toLowerCase(),
    code: code === undefined ? '' : String(code),
    faded: tags.includes(1),
  };
}
