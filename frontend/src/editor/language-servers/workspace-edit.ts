/** Changes that a server wants made to the files of the model, as data. */

import { Text } from '@codemirror/state';
import type { TextEdit, WorkspaceEdit } from 'vscode-languageserver-protocol';
import { texts } from '../../texts/editor.ts';
import { offsetOf } from './positions.ts';
import { isOfModel, pathOf } from './uris.ts';

export interface FileEdits {
  readonly path: string;
  readonly edits: readonly TextEdit[];
}

/** Such an edit cannot be made; says why. */
export class UnusableEdit extends Error {
  override readonly name = 'UnusableEdit';
}

/** By file. Throws UnusableEdit where it would do more than change the text of the model's own files. */
export function editsByFile({ changes, documentChanges }: WorkspaceEdit): FileEdits[] {
  const listed = documentChanges?.map((change) => {
    if (!('textDocument' in change)) throw new UnusableEdit(texts.edits.notOnlyText);
    // Snippets are sent only to who asks for them.
    return [change.textDocument.uri, change.edits as TextEdit[]] as const;
  });
  const byPath = new Map<string, TextEdit[]>();
  for (const [uri, edits] of listed ?? Object.entries(changes ?? {})) {
    const path = pathOf(uri);
    if (path === null || !isOfModel(path)) throw new UnusableEdit(texts.edits.notOfModel(path ?? uri));
    if (edits.length > 0) byPath.set(path, [...(byPath.get(path) ?? []), ...edits]);
  }
  return [...byPath].map(([path, edits]) => ({ path, edits }));
}

export interface Change {
  readonly from: number;
  readonly to: number;
  readonly insert: string;
}

/** In the order of the text. Throws UnusableEdit where two of them overlap. */
export function changesIn(doc: Text, edits: readonly TextEdit[]): Change[] {
  const changes = edits
    .map(({ range, newText }) => ({
      from: offsetOf(doc, range.start),
      to: offsetOf(doc, range.end),
      insert: newText.replaceAll('\r\n', '\n'),
    }))
    .sort((a, b) => a.from - b.from || a.to - b.to);
  for (const [index, { to }] of changes.entries()) {
    const next = changes[index + 1];
    if (next !== undefined && next.from < to) throw new UnusableEdit(texts.edits.overlapping);
  }
  return changes;
}

/** The text of a file after the edits; each line keeps its end. */
export function edited(text: string, edits: readonly TextEdit[]): string {
  const lineEnd = text.includes('\r\n') ? '\r\n' : '\n';
  // Split as the server does: at each line end, whichever it is.
  const ends = text.match(/\r\n|\n|\r/g) ?? [];
  const doc = Text.of(text.split(/\r\n|\n|\r/));
  const mixed = (from: number, to: number): string => {
    let result = '';
    let at = from;
    for (let line = doc.lineAt(from).number; at < to; line += 1) {
      const end = Math.min(doc.line(line).to, to);
      result += doc.sliceString(at, end);
      if (end < to) result += ends[line - 1] ?? lineEnd;
      at = end + 1;
    }
    return result;
  };
  let result = '';
  let at = 0;
  for (const { from, to, insert } of changesIn(doc, edits)) {
    result += mixed(at, from) + insert.replaceAll('\n', lineEnd);
    at = to;
  }
  return result + mixed(at, doc.length);
}

/** How many places of how many files, for a person. */
export function describeEdits(files: readonly FileEdits[]): string {
  const places = files.reduce((sum, { edits }) => sum + edits.length, 0);
  return texts.edits.extent(places, files.length);
}
