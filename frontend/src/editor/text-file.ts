/** What a file's bytes say of themselves: whether they are text, in which encoding, with which line ends and indents. */

import { decode, type Encoding, markOf, startsWith } from './encodings.ts';

export type LineEnd = '\n' | '\r\n';

/** Of a mixed file each carriage return stays a character of its line. */
export type LineEnds = LineEnd | 'mixed';

/** How a text is laid out, apart from its characters. */
export interface TextFormat {
  readonly lineEnds: LineEnds;
  /** One level: a tab, or so many spaces. */
  readonly indent: string;
  /** How many columns a tab takes. */
  readonly tabWidth: number;
}

export interface DecodedText {
  readonly text: string;
  readonly encoding: Encoding;
}

const MARKED: readonly Encoding[] = ['utf-8-bom', 'utf-16le', 'utf-16be'];
/** Enough to tell text from all else. */
export const SNIFFED_BYTES = 64 * 2 ** 10;

/** The text, or null where it is none. */
export function decodeText(bytes: Uint8Array): DecodedText | null {
  const encoding = encodingOf(bytes);
  if (encoding === null) return null;
  const text = decode(bytes, encoding);
  if (text !== null) return { text, encoding };
  // Begins as if it were of this encoding, and is not. In Windows-1252 every byte is a character, and stays it.
  const western = bytes.includes(0) ? null : decode(bytes, 'windows-1252');
  return western === null ? null : { text: western, encoding: 'windows-1252' };
}

/** Which encoding the first bytes of a file speak of; null where they are not text. */
export function encodingOf(bytes: Uint8Array): Encoding | null {
  const start = bytes.subarray(0, SNIFFED_BYTES);
  const marked = MARKED.find((encoding) => startsWith(start, markOf(encoding)));
  if (marked !== undefined) return marked;
  if (start.includes(0)) return bareUtf16(start);
  if (isUtf8(start)) return bytes.includes(0) ? null : 'utf-8';
  return hasControls(start) ? null : 'windows-1252';
}

/** The last character may be cut. */
function isUtf8(start: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(start, { stream: true });
    return true;
  } catch (error) {
    if (error instanceof TypeError) return false;
    throw error;
  }
}

/** Text of Latin letters in UTF-16 has a null byte in every other place, and nowhere else. */
function bareUtf16(start: Uint8Array): Encoding | null {
  const nulls = [0, 0];
  start.forEach((byte, at) => {
    if (byte === 0) nulls[at % 2] = (nulls[at % 2] ?? 0) + 1;
  });
  const [even = 0, odd = 0] = nulls;
  const many = start.length / 4;
  if (start.length % 2 === 1 || start.length < 4 || (even > 0 && odd > 0)) return null;
  if (odd > many) return 'utf-16le-bare';
  return even > many ? 'utf-16be-bare' : null;
}

/** Characters that text has no use for; tab, line feed, form feed, carriage return, backspace and escape it has. */
function hasControls(start: Uint8Array): boolean {
  return start.some((byte) => byte < 0x20 && !TEXT_CONTROLS.has(byte));
}

const TEXT_CONTROLS = new Set([0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x1b]);

export function lineEndsOf(text: string): LineEnds {
  if (!text.includes('\r')) return '\n';
  return /(?<!\r)\n|\r(?!\n)/.test(text) ? 'mixed' : '\r\n';
}

/** What lines are joined with. */
export function lineEndOf(ends: LineEnds): LineEnd {
  return ends === '\r\n' ? '\r\n' : '\n';
}

export const DEFAULT_INDENT = '    ';
export const DEFAULT_TAB_WIDTH = 4;
/** What a long text's indentation is judged by. */
const INDENT_SAMPLE_CHARACTERS = 100_000;

/** What one level of indentation is in this text: a tab, or so many spaces. */
export function indentOf(text: string, fallback = DEFAULT_INDENT): string {
  const indents = text.slice(0, INDENT_SAMPLE_CHARACTERS).match(/^(?:\t| {2,8})(?=\S)/gm) ?? [];
  if (indents.length === 0) return fallback;
  if (indents.filter((indent) => indent === '\t').length * 2 > indents.length) return '\t';
  const widths = indents.filter((indent) => indent !== '\t').map((indent) => indent.length);
  return ' '.repeat(Math.min(...widths));
}

/** A line with its indentation written in another way, as wide as before. */
export function reindented(
  line: string,
  { indent, tabWidth }: Pick<TextFormat, 'indent' | 'tabWidth'>,
): string {
  const [space = ''] = /^[\t ]*/.exec(line) ?? [];
  const width = widthOf(space, tabWidth);
  const tabs = indent === '\t' ? Math.floor(width / tabWidth) : 0;
  return '\t'.repeat(tabs) + ' '.repeat(width - tabs * tabWidth) + line.slice(space.length);
}

function widthOf(space: string, tabWidth: number): number {
  let width = 0;
  for (const character of space) width += character === '\t' ? tabWidth - (width % tabWidth) : 1;
  return width;
}
