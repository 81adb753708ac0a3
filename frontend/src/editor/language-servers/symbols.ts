/** Symbols as the page lists them. */

import type { DocumentSymbol, SymbolInformation, WorkspaceSymbol } from 'vscode-languageserver-protocol';
import type { CodeSymbol, SymbolKind } from '../../services/languages.ts';
import { placeOf } from './positions.ts';
import { pathOf } from './uris.ts';

const KINDS: Readonly<Record<number, SymbolKind>> = {
  2: 'module',
  3: 'module',
  4: 'module',
  5: 'class',
  6: 'method',
  7: 'property',
  8: 'property',
  9: 'method',
  10: 'class',
  11: 'class',
  12: 'function',
  13: 'variable',
  14: 'variable',
  22: 'property',
  23: 'class',
};

const kindOf = (kind: number): SymbolKind => KINDS[kind] ?? 'other';

/** Of one file, each after what it is defined in. */
export function symbolsOfFile(
  path: string,
  found: readonly (DocumentSymbol | SymbolInformation)[],
  container = '',
): CodeSymbol[] {
  return found.flatMap((symbol) => {
    if ('location' in symbol) return symbolsOfModel([symbol]);
    const { name, kind, selectionRange, children = [] } = symbol;
    const own = { name, kind: kindOf(kind), container, path, ...placeOf(selectionRange.start) };
    return [own, ...symbolsOfFile(path, children, container === '' ? name : `${container}.${name}`)];
  });
}

/** Those in files. */
export function symbolsOfModel(found: readonly (SymbolInformation | WorkspaceSymbol)[]): CodeSymbol[] {
  return found.flatMap(({ name, kind, containerName = '', location }) => {
    const path = pathOf(location.uri);
    if (path === null) return [];
    const start = 'range' in location ? location.range.start : { line: 0, character: 0 };
    return [{ name, kind: kindOf(kind), container: containerName, path, ...placeOf(start) }];
  });
}
