/** A long text in portions that begin and end with whole lines and whole characters. */

import { ENCODINGS, type Encoding } from '../encodings.ts';
import { encodingOf, SNIFFED_BYTES } from '../text-file.ts';
import { readPart } from './parts.ts';
import type { FileSource } from './viewers.ts';

export const PORTION_BYTES = 2 ** 20;
/** How far beyond the portion's last byte the end of its last line is looked for; a longer line is cut. */
const LONGEST_TAIL_BYTES = 64 * 2 ** 10;
const LINE_FEED = 0x0a;

export interface Portion {
  readonly text: string;
  /** Its first byte, and the one after its last. */
  readonly start: number;
  readonly end: number;
}

export function portionCount({ byteSize }: FileSource): number {
  return Math.max(1, Math.ceil(byteSize / PORTION_BYTES));
}

export async function encodingOfSource(
  source: FileSource,
  read: typeof readPart = readPart,
): Promise<Encoding> {
  return encodingOf(await read(source, 0, SNIFFED_BYTES)) ?? 'windows-1252';
}

/** The lines that begin in this portion of the file, counted from 0. Portions meet without a gap. */
export async function readPortion(
  source: FileSource,
  index: number,
  encoding: Encoding,
  read: typeof readPart = readPart,
): Promise<Portion> {
  const wanted = index * PORTION_BYTES;
  // With the character before it: that a line begins right here is only known by that.
  const from = Math.max(0, wanted - unitOf(encoding));
  const bytes = await read(source, from, wanted + PORTION_BYTES + LONGEST_TAIL_BYTES);
  const start = index === 0 ? 0 : boundary(bytes, wanted - from, encoding);
  const end = boundary(bytes, wanted + PORTION_BYTES - from, encoding);
  const decoder = new TextDecoder(ENCODINGS[encoding].decoder || 'windows-1252');
  return { text: decoder.decode(bytes.subarray(start, end)), start: from + start, end: from + end };
}

function unitOf(encoding: Encoding): 1 | 2 {
  return encoding.startsWith('utf-16') ? 2 : 1;
}

/** Where the first line from here on begins; where none does within reach, the first character. */
function boundary(bytes: Uint8Array, at: number, encoding: Encoding): number {
  if (at >= bytes.length) return bytes.length;
  const unit = unitOf(encoding);
  const reach = bytes.subarray(at - unit, at + LONGEST_TAIL_BYTES);
  const feed = unit === 1 ? reach.indexOf(LINE_FEED) : wideLineFeed(reach, encoding);
  if (feed !== -1) return at + feed;
  let start = at;
  while (encoding.startsWith('utf-8') && isContinuation(bytes[start])) start += 1;
  return start;
}

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}

function wideLineFeed(bytes: Uint8Array, encoding: Encoding): number {
  const low = encoding.startsWith('utf-16le') ? 0 : 1;
  for (let at = 0; at + 1 < bytes.length; at += 2) {
    if (bytes[at + low] === LINE_FEED && bytes[at + 1 - low] === 0) return at;
  }
  return -1;
}
