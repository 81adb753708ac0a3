/** Places as the protocol has them, counted from 0 in units of UTF-16, and as the page has them, counted from 1. */

import type { Text } from '@codemirror/state';
import type { Location, LocationLink, Position, Range } from 'vscode-languageserver-protocol';
import type { Place } from '../../services/problems.ts';
import { pathOf } from './uris.ts';

/** In a file, named by its path. */
export interface FilePlace extends Place {
  readonly path: string;
  readonly end: Place;
}

export function placeOf({ line, character }: Position): Place {
  return { line: line + 1, column: character + 1 };
}

export function positionAt(doc: Text, offset: number): Position {
  const line = doc.lineAt(offset);
  return { line: line.number - 1, character: offset - line.from };
}

/** Within the text, whatever the server says. */
export function offsetOf(doc: Text, { line, character }: Position): number {
  if (line >= doc.lines) return doc.length;
  const { from, to } = doc.line(Math.max(line, 0) + 1);
  return Math.min(from + Math.max(character, 0), to);
}

/** Those in files, each once. */
export function filePlaces(found: Location | readonly (Location | LocationLink)[] | null): FilePlace[] {
  const all = found === null ? [] : Array.isArray(found) ? found : [found];
  const places = all.map(filePlace).filter((place) => place !== null);
  const seen = new Map(places.map((place) => [`${place.line}:${place.column}:${place.path}`, place]));
  return [...seen.values()];
}

function filePlace(found: Location | LocationLink): FilePlace | null {
  const [uri, range]: [string, Range] =
    'targetUri' in found ? [found.targetUri, found.targetSelectionRange] : [found.uri, found.range];
  const path = pathOf(uri);
  return path === null ? null : { path, ...placeOf(range.start), end: placeOf(range.end) };
}
