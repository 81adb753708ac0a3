/** Changes to a text by what stands in it: each is made only where its text is still found. */

export interface Substitution {
  /** Counted from 1. */
  readonly line: number;
  /** Counted from 1, in units of a string. */
  readonly column: number;
  /** What stands there, ... */
  readonly text: string;
  /** ... and what is to. Its line ends are "\n", whatever the file's. */
  readonly insert: string;
}

export interface Edited {
  readonly text: string;
  /** Whose text was not found where it should be. */
  readonly missed: readonly Substitution[];
}

export function inOrder(edits: readonly Substitution[]): readonly Substitution[] {
  return [...edits].sort((a, b) => a.line - b.line || a.column - b.column);
}

/** The text of a file after these edits. A byte order mark, which no column counts, and line ends stay as they are. */
export function substituted(text: string, edits: readonly Substitution[]): Edited {
  const mark = text.startsWith('\ufeff') ? 1 : 0;
  const lineEnd = text.includes('\r\n') ? '\r\n' : '\n';
  const starts = lineStarts(text, mark);
  const missed: Substitution[] = [];
  let made = '';
  let at = 0;
  for (const edit of inOrder(edits)) {
    const start = (starts[edit.line - 1] ?? Number.POSITIVE_INFINITY) + edit.column - 1;
    if (start < at || !text.startsWith(edit.text, start) || start + edit.text.length > text.length) {
      missed.push(edit);
      continue;
    }
    made += text.slice(at, start) + edit.insert.replaceAll('\n', lineEnd);
    at = start + edit.text.length;
  }
  return { text: made + text.slice(at), missed };
}

function lineStarts(text: string, first: number): readonly number[] {
  const starts = [first];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

/** What takes these edits back once all were made. */
export function inverse(edits: readonly Substitution[]): readonly Substitution[] {
  let addedLines = 0;
  let line = 0;
  let shift = 0;
  return inOrder(edits).map((edit) => {
    if (edit.line !== line) [line, shift] = [edit.line, 0];
    const back: Substitution = {
      line: edit.line + addedLines,
      column: edit.column + shift,
      text: edit.insert,
      insert: edit.text,
    };
    const inserted = edit.insert.split('\n');
    const lastLength = inserted.at(-1)?.length ?? 0;
    addedLines += inserted.length - 1;
    shift =
      inserted.length > 1
        ? lastLength + 1 - edit.column - edit.text.length
        : shift + lastLength - edit.text.length;
    return back;
  });
}
