/** The rows of a CSV or TSV file, read a portion at a time. */

import Papa from 'papaparse';
import { extension } from '../../base/paths.ts';
import { ENCODINGS } from '../encodings.ts';
import { encodingOf } from '../text-file.ts';
import { readPart } from './parts.ts';
import type { FileSource } from './viewers.ts';

export const PORTION_BYTES = 2 ** 20;
/** More would take more memory than a table is worth. */
export const MOST_BYTES = 64 * 2 ** 20;
/** The browser draws nothing higher than so many rows. */
export const MOST_ROWS = 1_000_000;
const SAMPLE_CHARACTERS = 64 * 2 ** 10;

/** What Papa.Parser, for parsing in portions, gives back; its type says "any". */
interface Parsed {
  readonly data: string[][];
  readonly meta: { readonly cursor: number };
}

export class CsvReader {
  private readonly kept: string[][] = [];
  private decoder: TextDecoder | null = null;
  private parser: Papa.Parser | null = null;
  private position = 0;
  /** The beginning of a row whose end is in the next portion. */
  private rest = '';

  constructor(
    readonly source: FileSource,
    private readonly read: typeof readPart = readPart,
  ) {}

  get rows(): readonly (readonly string[])[] {
    return this.kept;
  }

  get readBytes(): number {
    return this.position;
  }

  /** All of the file is in the rows. */
  get isWhole(): boolean {
    return this.position >= this.source.byteSize;
  }

  /** No more of it is shown, be there more or not. */
  get isDone(): boolean {
    return this.isWhole || this.position >= MOST_BYTES || this.kept.length >= MOST_ROWS;
  }

  async readMore(signal?: AbortSignal): Promise<void> {
    if (this.isDone) return;
    const bytes = await this.read(this.source, this.position, this.position + PORTION_BYTES, signal);
    this.decoder ??= decoderFor(bytes);
    this.position += bytes.length;
    this.take(this.decoder.decode(bytes, { stream: !this.isWhole }));
  }

  private take(text: string): void {
    const all = this.rest + text;
    this.parser ??= parserFor(all, this.source.path);
    const { data, meta } = this.parser.parse(all, 0, !this.isWhole) as Parsed;
    this.rest = all.slice(meta.cursor);
    for (const row of data) if (row.length > 1 || row[0] !== '') this.kept.push(row);
  }
}

/** Bytes that are not of the encoding are shown as such: a table is only looked at. */
function decoderFor(start: Uint8Array): TextDecoder {
  const { decoder } = ENCODINGS[encodingOf(start) ?? 'windows-1252'];
  return new TextDecoder(decoder);
}

function parserFor(text: string, path: string): Papa.Parser {
  const { meta } = Papa.parse<string[]>(text.slice(0, SAMPLE_CHARACTERS), {
    preview: 20,
    skipEmptyLines: true,
  });
  return new Papa.Parser({
    delimiter: extension(path) === 'tsv' ? '\t' : meta.delimiter,
    newline: meta.linebreak as '\n' | '\r\n' | '\r', // what Papa Parse guesses
  });
}
