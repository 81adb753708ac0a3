/** Bytes as text and back, such that text nobody changed gives the same bytes again. */

import { texts } from '../texts/encodings.ts';

/** How a file's characters are written as bytes; the mark is what such a file begins with. */
interface EncodingKind {
  /** As TextDecoder calls it. */
  readonly decoder: string;
  readonly mark?: readonly number[];
  /** How text is encoded: the browser only knows how to write UTF-8. */
  readonly writes: 'utf-8' | 'utf-16' | 'latin-1' | 'single' | 'double';
}

const single = (decoder: string) => ({ decoder, writes: 'single' }) as const;
const double = (decoder: string) => ({ decoder, writes: 'double' }) as const;

export const ENCODINGS = {
  'utf-8': { decoder: 'utf-8', writes: 'utf-8' },
  'utf-8-bom': { decoder: 'utf-8', mark: [0xef, 0xbb, 0xbf], writes: 'utf-8' },
  'utf-16le': { decoder: 'utf-16le', mark: [0xff, 0xfe], writes: 'utf-16' },
  'utf-16be': { decoder: 'utf-16be', mark: [0xfe, 0xff], writes: 'utf-16' },
  'utf-16le-bare': { decoder: 'utf-16le', writes: 'utf-16' },
  'utf-16be-bare': { decoder: 'utf-16be', writes: 'utf-16' },
  'windows-1252': single('windows-1252'),
  // TextDecoder takes this name for Windows-1252, which differs in 27 characters.
  'iso-8859-1': { decoder: '', writes: 'latin-1' },
  'iso-8859-15': single('iso-8859-15'),
  macintosh: single('macintosh'),
  'windows-1250': single('windows-1250'),
  'iso-8859-2': single('iso-8859-2'),
  'windows-1251': single('windows-1251'),
  'koi8-r': single('koi8-r'),
  'windows-1253': single('windows-1253'),
  'windows-1254': single('windows-1254'),
  'windows-1255': single('windows-1255'),
  'windows-1256': single('windows-1256'),
  shift_jis: double('shift_jis'),
  'euc-jp': double('euc-jp'),
  gbk: double('gbk'),
  big5: double('big5'),
  'euc-kr': double('euc-kr'),
} as const satisfies Readonly<Record<string, EncodingKind>>;

export type Encoding = keyof typeof ENCODINGS;

export const ENCODING_NAMES = Object.keys(ENCODINGS) as Encoding[]; // the keys above

/** A character that an encoding has no bytes for. */
export interface MissingCharacter {
  readonly character: string;
  /** In UTF-16 units from the beginning of the text. */
  readonly index: number;
}

export type Encoded = { readonly bytes: Uint8Array<ArrayBuffer> } | { readonly missing: MissingCharacter };

export function encodingLabel(encoding: Encoding): string {
  return texts[encoding];
}

/** The bytes that a file of this encoding begins with. */
export function markOf(encoding: Encoding): readonly number[] {
  const { mark = [] }: EncodingKind = ENCODINGS[encoding];
  return mark;
}

/** The text without its mark; null where these bytes are not of this encoding, so that saving would change them. */
export function decode(bytes: Uint8Array, encoding: Encoding): string | null {
  const { decoder, mark = [], writes }: EncodingKind = ENCODINGS[encoding];
  if (!startsWith(bytes, mark)) return null;
  const content = bytes.subarray(mark.length);
  if (writes === 'latin-1') return latin1(content);
  const text = decodeStrictly(content, decoder);
  // Some characters can be written in two ways in these; which one it was is forgotten in the text.
  if (writes === 'double' && text !== null && !isWrittenAs(content, text, encoding)) return null;
  return text;
}

export function encode(text: string, encoding: Encoding): Encoded {
  const { mark = [], writes }: EncodingKind = ENCODINGS[encoding];
  switch (writes) {
    case 'utf-8':
      return wellFormed(text, () => withMark(mark, new TextEncoder().encode(text)));
    case 'utf-16':
      return wellFormed(text, () => withMark(mark, utf16(text, encoding.startsWith('utf-16le'))));
    case 'latin-1':
    case 'single':
      return encodeSingle(text, singleTable(encoding));
    case 'double':
      return encodeDouble(text, doubleTable(encoding));
  }
}

export function startsWith(bytes: Uint8Array, mark: readonly number[]): boolean {
  return mark.every((byte, index) => bytes[index] === byte);
}

function decodeStrictly(bytes: Uint8Array, decoder: string): string | null {
  try {
    // A mark within the text is one of its characters.
    return new TextDecoder(decoder, { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}

const CHUNK = 8192;

function latin1(bytes: Uint8Array): string {
  let text = '';
  for (let start = 0; start < bytes.length; start += CHUNK) {
    text += String.fromCharCode(...bytes.subarray(start, start + CHUNK));
  }
  return text;
}

function isWrittenAs(bytes: Uint8Array, text: string, encoding: Encoding): boolean {
  const again = encode(text, encoding);
  return (
    'bytes' in again &&
    again.bytes.length === bytes.length &&
    again.bytes.every((byte, at) => byte === bytes[at])
  );
}

/** Half of a pair of surrogates is no character, and an encoder would put another in its place. */
function wellFormed(text: string, write: () => Uint8Array<ArrayBuffer>): Encoded {
  if (text.isWellFormed()) return { bytes: write() };
  const index = text.search(/[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/);
  return { missing: { character: text.charAt(index), index } };
}

function withMark(mark: readonly number[], bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  if (mark.length === 0) return bytes;
  const all = new Uint8Array(mark.length + bytes.length);
  all.set(mark);
  all.set(bytes, mark.length);
  return all;
}

function utf16(text: string, littleEndian: boolean): Uint8Array<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(text.length * 2));
  for (let index = 0; index < text.length; index += 1)
    view.setUint16(index * 2, text.charCodeAt(index), littleEndian);
  return new Uint8Array(view.buffer);
}

/** The byte of each character, by its code; all of them are single UTF-16 units. */
function singleTable(encoding: Encoding): ReadonlyMap<number, number> {
  const every = Uint8Array.from({ length: 256 }, (_, byte) => byte);
  const { decoder, writes }: EncodingKind = ENCODINGS[encoding];
  const text = writes === 'latin-1' ? latin1(every) : new TextDecoder(decoder).decode(every);
  const table = new Map<number, number>();
  for (let byte = 0; byte < 256; byte += 1) table.set(text.charCodeAt(byte), byte);
  table.delete(REPLACEMENT);
  return table;
}

const REPLACEMENT = 0xfffd;

function encodeSingle(text: string, table: ReadonlyMap<number, number>): Encoded {
  const bytes = new Uint8Array(text.length);
  for (let index = 0; index < text.length; index += 1) {
    const byte = table.get(text.charCodeAt(index));
    if (byte === undefined) return missingAt(text, index);
    bytes[index] = byte;
  }
  return { bytes };
}

/** One or two bytes of each character: what the decoder makes of each pair of bytes, turned round. */
function doubleTable(encoding: Encoding): ReadonlyMap<number, readonly number[]> {
  const decoder = new TextDecoder(ENCODINGS[encoding].decoder);
  const table = new Map<number, readonly number[]>();
  const learn = (bytes: readonly number[]): void => {
    const text = decoder.decode(Uint8Array.from(bytes));
    const code = text.codePointAt(0) ?? REPLACEMENT;
    const isOne = text === String.fromCodePoint(code);
    if (isOne && code !== REPLACEMENT && !table.has(code)) table.set(code, bytes);
  };
  for (let byte = 0; byte < 256; byte += 1) learn([byte]);
  for (let lead = 0x81; lead < 0xff; lead += 1) {
    for (let trail = 0x40; trail < 0xff; trail += 1) learn([lead, trail]);
  }
  return table;
}

function encodeDouble(text: string, table: ReadonlyMap<number, readonly number[]>): Encoded {
  const bytes: number[] = [];
  let index = 0;
  for (const character of text) {
    const written = table.get(character.codePointAt(0) ?? REPLACEMENT);
    if (written === undefined) return missingAt(text, index);
    bytes.push(...written);
    index += character.length;
  }
  return { bytes: Uint8Array.from(bytes) };
}

function missingAt(text: string, index: number): Encoded {
  return { missing: { character: String.fromCodePoint(text.codePointAt(index) ?? REPLACEMENT), index } };
}
