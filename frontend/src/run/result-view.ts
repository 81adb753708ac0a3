/** What a result's value looks like on the page, decided from its type and shape alone. */

import type { Blob, ElementType, OutputValue } from '../wire.ts';

export type ValueView =
  | { readonly kind: 'scalar'; readonly text: string }
  | { readonly kind: 'text'; readonly text: string }
  | TableView
  | { readonly kind: 'media'; readonly medium: Medium; readonly blobs: readonly Blob[] }
  | { readonly kind: 'empty' };

export interface TableView {
  readonly kind: 'table';
  /** Of the columns; empty for a list of values. */
  readonly header: readonly string[];
  readonly rows: readonly TableRow[];
  /** What of the tensor is not in `rows`; '' when all is. */
  readonly omitted: string;
}

export interface TableRow {
  /** Index of the row: "3", or "[0, 3]" in a tensor of rank 3. */
  readonly label: string;
  readonly cells: readonly string[];
}

export type Medium = 'image' | 'audio' | 'video' | 'binary';

export const MOST_ROWS = 200;
export const MOST_COLUMNS = 50;

const MEDIA: ReadonlySet<ElementType> = new Set(['image', 'audio', 'video', 'binary']);

function isMedium(type: ElementType): type is Medium {
  return MEDIA.has(type);
}

export function valueView(value: OutputValue): ValueView {
  if (isMedium(value.type)) return { kind: 'media', medium: value.type, blobs: value.blobs };
  if (value.shape.length === 0) return scalarView(value);
  if (value.shape.includes(0)) return { kind: 'empty' };
  return tableView(value);
}

/** "f32 [3×4]", "string". */
export function describeType({ type, shape }: Pick<OutputValue, 'type' | 'shape'>): string {
  return shape.length === 0 ? type : `${type} [${shape.join('×')}]`;
}

function scalarView({ type, elements }: OutputValue): ValueView {
  const text = elementText(type, elements[0]);
  return { kind: type === 'string' ? 'text' : 'scalar', text };
}

function tableView({ type, shape, elements }: OutputValue): TableView {
  const columns = shape.length === 1 ? 1 : (shape.at(-1) ?? 1);
  const outer = shape.length === 1 ? shape : shape.slice(0, -1);
  const rowCount = outer.reduce((product, length) => product * length, 1);
  const shownColumns = Math.min(columns, MOST_COLUMNS);
  const kept = Math.ceil(elements.length / columns);
  const shownRows = Math.min(rowCount, kept, MOST_ROWS);
  const rows = Array.from({ length: shownRows }, (_, row) => ({
    label: rowLabel(row, outer),
    cells: elements
      .slice(row * columns, row * columns + shownColumns)
      .map((element) => cellText(type, element)),
  }));
  return {
    kind: 'table',
    header: shape.length === 1 ? [] : Array.from({ length: shownColumns }, (_, column) => String(column)),
    rows,
    omitted: omission([shownRows, rowCount, 'rows'], [shownColumns, columns, 'columns']),
  };
}

/** To be pasted elsewhere: every element, rows as lines with tabs between, as spreadsheets take them. */
export function valueText({ type, shape, elements }: OutputValue): string {
  const columns = shape.length < 2 ? 1 : (shape.at(-1) ?? 1);
  const texts = elements.map((element) => elementText(type, element));
  const rows = Array.from({ length: Math.ceil(texts.length / columns) }, (_, row) =>
    texts.slice(row * columns, (row + 1) * columns).join('\t'),
  );
  return rows.join('\n');
}

function rowLabel(row: number, outer: readonly number[]): string {
  if (outer.length === 1) return String(row);
  let rest = row;
  const index = outer.toReversed().map((length) => {
    const at = rest % length;
    rest = Math.floor(rest / length);
    return at;
  });
  return `[${index.reverse().join(', ')}]`;
}

function omission(...parts: readonly [shown: number, all: number, what: string][]): string {
  const cut = parts.filter(([shown, all]) => shown < all);
  const texts = cut.map(([shown, all, what]) => `${format(shown)} of ${format(all)} ${what}`);
  return texts.length === 0 ? '' : `Shown: the first ${texts.join(' and ')}.`;
}

const format = (count: number): string => count.toLocaleString('en-US');

/** Numbers as they were meant: a 32-bit 0.1 arrives as 0.10000000149011612. NaN and infinities arrive as strings. */
export function elementText(type: ElementType, element: unknown): string {
  if (typeof element === 'number' && type === 'f32') return float32Text(element);
  return typeof element === 'string' ? element : JSON.stringify(element ?? null);
}

/** Short enough for many side by side; a single number is shown whole. */
function cellText(type: ElementType, element: unknown): string {
  const isLong = type === 'f64' && typeof element === 'number';
  return elementText(type, isLong ? Number(element.toPrecision(7)) : element);
}

/** The fewest digits that read back as the same 32-bit number; nine always do. */
function float32Text(value: number): string {
  for (let digits = 1; digits < 9; digits += 1) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return String(short);
  }
  return String(value);
}

/** A name to save a blob by. */
export function blobFileName(output: string, blob: Blob): string {
  return `${output}-${blob.index}.${blob.format || 'bin'}`;
}
