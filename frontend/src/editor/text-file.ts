/** Bytes of a file as text to edit, such that saving unchanged text gives the same bytes back. */

export type LineEnd = '\n' | '\r\n';

export type Decoded =
  | { readonly kind: 'text'; readonly text: string; readonly lineEnd: LineEnd }
  /** Holds a null byte or is not UTF-8: editing it as text would damage it. */
  | { readonly kind: 'binary' };

export function decode(bytes: Uint8Array): Decoded {
  if (bytes.includes(0)) return { kind: 'binary' };
  try {
    // ignoreBOM keeps a byte order mark in the text, so that it is saved again.
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    return { kind: 'text', text, lineEnd: lineEndOf(text) };
  } catch (error) {
    if (error instanceof TypeError) return { kind: 'binary' };
    throw error;
  }
}

/** "\r\n" only where every line ends so; in a mixed file carriage returns stay characters of their lines. */
export function lineEndOf(text: string): LineEnd {
  const ends = text.match(/\r?\n/g) ?? [];
  const onlyCarriage = ends.length > 0 && ends.every((end) => end === '\r\n') && !/\r(?!\n)/.test(text);
  return onlyCarriage ? '\r\n' : '\n';
}

/** What one level of indentation is in this text: a tab, or so many spaces. */
export function indentOf(text: string, fallback = '    '): string {
  const indents = text.match(/^(?:\t| {2,8})(?=\S)/gm) ?? [];
  if (indents.length === 0) return fallback;
  if (indents.filter((indent) => indent === '\t').length * 2 > indents.length) return '\t';
  const widths = indents.filter((indent) => indent !== '\t').map((indent) => indent.length);
  return ' '.repeat(Math.min(...widths));
}
