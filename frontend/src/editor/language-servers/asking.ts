/** What a person asks language servers of a file, each answer in the page's own words. */

import type { EditorView } from '@codemirror/view';
import type {
  CodeAction,
  CodeActionContext,
  Command,
  Diagnostic,
  DocumentSymbol,
  Location,
  LocationLink,
  Range,
  ServerCapabilities,
  SymbolInformation,
  TextEdit,
  WorkspaceEdit,
  WorkspaceSymbol,
} from 'vscode-languageserver-protocol';
import type { FileLanguages } from './file-languages.ts';
import { type FilePlace, filePlaces, offsetOf, positionAt } from './positions.ts';
import type { ServerConnection } from './server-connection.ts';

type Able = Exclude<keyof ServerCapabilities, 'experimental'>;

/** The first that runs and can do it. */
export function able(file: FileLanguages, capability: Able): ServerConnection | null {
  return file.servers.find((server) => server.ready?.serverCapabilities?.[capability]) ?? null;
}

/** Of the file, and where in it. */
function at(file: FileLanguages, view: EditorView, offset: number): object {
  return { textDocument: { uri: file.uri }, position: positionAt(view.state.doc, offset) };
}

type Found = Location | (Location | LocationLink)[] | null;

export async function definitions(
  file: FileLanguages,
  view: EditorView,
  offset: number,
): Promise<FilePlace[]> {
  const server = able(file, 'definitionProvider');
  return filePlaces(
    (await server?.ask<unknown, Found>('textDocument/definition', at(file, view, offset))) ?? null,
  );
}

/** Where the name is defined counts as one. */
export async function references(
  file: FileLanguages,
  view: EditorView,
  offset: number,
): Promise<FilePlace[]> {
  const params = { ...at(file, view, offset), context: { includeDeclaration: true } };
  const server = able(file, 'referencesProvider');
  return filePlaces((await server?.ask<unknown, Found>('textDocument/references', params)) ?? null);
}

/** What a rename would begin with, from and to in the text; null where nothing can be renamed. */
export async function renamed(
  file: FileLanguages,
  view: EditorView,
  offset: number,
): Promise<{ from: number; to: number } | null> {
  const server = able(file, 'renameProvider');
  if (server === null) return null;
  const provider = server.ready?.serverCapabilities?.renameProvider;
  const word = view.state.wordAt(offset);
  if (typeof provider !== 'object' || !provider.prepareProvider) return word;
  const found = await server.ask<unknown, Range | { range: Range } | { defaultBehavior: boolean } | null>(
    'textDocument/prepareRename',
    at(file, view, offset),
  );
  if (found === null) return null;
  if ('defaultBehavior' in found) return word;
  const range = 'range' in found ? found.range : found;
  const { doc } = view.state;
  return { from: offsetOf(doc, range.start), to: offsetOf(doc, range.end) };
}

export async function rename(
  file: FileLanguages,
  view: EditorView,
  { offset, newName }: { offset: number; newName: string },
): Promise<WorkspaceEdit> {
  const params = { ...at(file, view, offset), newName };
  const server = able(file, 'renameProvider');
  return (await server?.ask<unknown, WorkspaceEdit | null>('textDocument/rename', params)) ?? {};
}

/** Null where no server of the file formats. */
export async function formatting(
  file: FileLanguages,
  options: { tabSize: number; insertSpaces: boolean },
): Promise<TextEdit[] | null> {
  // A server that only formats does it as people who chose it expect.
  const server = [...file.servers]
    .reverse()
    .find(({ ready }) => ready?.serverCapabilities?.documentFormattingProvider);
  if (!server) return null;
  const params = { textDocument: { uri: file.uri }, options };
  return (await server.ask<unknown, TextEdit[] | null>('textDocument/formatting', params)) ?? [];
}

export interface OfferedAction {
  readonly server: ServerConnection;
  readonly action: Command | CodeAction;
}

/** What the servers offer to do about a part of the text; what mends problems first. */
export async function codeActions(
  file: FileLanguages,
  view: EditorView,
  { from, to }: { from: number; to: number },
): Promise<OfferedAction[]> {
  const { doc } = view.state;
  const range: Range = { start: positionAt(doc, from), end: positionAt(doc, to) };
  const servers = file.servers.filter(({ ready }) => ready?.serverCapabilities?.codeActionProvider);
  const found = await Promise.all(servers.map((server) => actionsOf(server, file.uri, range)));
  return found.flat().sort((a, b) => rankOf(a.action) - rankOf(b.action));
}

async function actionsOf(server: ServerConnection, uri: string, range: Range): Promise<OfferedAction[]> {
  const touches = (diagnostic: Diagnostic): boolean =>
    diagnostic.range.start.line <= range.end.line && diagnostic.range.end.line >= range.start.line;
  const context: CodeActionContext = {
    diagnostics: server.diagnosticsOf(uri).filter(touches),
    triggerKind: 1,
  };
  const params = { textDocument: { uri }, range, context };
  const found = await server.ask<unknown, (Command | CodeAction)[] | null>('textDocument/codeAction', params);
  const usable = (found ?? []).filter((action) => !('disabled' in action && action.disabled));
  return usable.map((action) => ({ server, action }));
}

function rankOf(action: Command | CodeAction): number {
  if (!('kind' in action) || action.kind === undefined) return 2;
  if (action.kind.startsWith('quickfix')) return 'isPreferred' in action && action.isPreferred ? 0 : 1;
  return action.kind.startsWith('source') ? 4 : 3;
}

export async function resolved({ server, action }: OfferedAction): Promise<Command | CodeAction> {
  const provider = server.ready?.serverCapabilities?.codeActionProvider;
  const isWhole = 'edit' in action || typeof action.command === 'string';
  if (isWhole || typeof provider !== 'object' || !provider.resolveProvider) return action;
  return server.ask<unknown, CodeAction>('codeAction/resolve', action);
}

export async function fileSymbols(
  file: FileLanguages,
): Promise<readonly (DocumentSymbol | SymbolInformation)[]> {
  const server = able(file, 'documentSymbolProvider');
  const params = { textDocument: { uri: file.uri } };
  return (
    (await server?.ask<unknown, (DocumentSymbol | SymbolInformation)[] | null>(
      'textDocument/documentSymbol',
      params,
    )) ?? []
  );
}

export async function modelSymbols(
  server: ServerConnection,
  query: string,
): Promise<readonly (SymbolInformation | WorkspaceSymbol)[]> {
  if (!server.ready?.serverCapabilities?.workspaceSymbolProvider) return [];
  return (
    (await server.ask<unknown, (SymbolInformation | WorkspaceSymbol)[] | null>('workspace/symbol', {
      query,
    })) ?? []
  );
}
