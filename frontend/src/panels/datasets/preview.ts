/** What a table of entries says: of keys, of cells, and of what a file holds by its name. */

import { formatBytes } from '../../base/format.ts';
import { texts } from '../../texts/datasets.ts';
import type { Dataset, DatasetFormat, DatasetKey, OutputValue } from '../../wire.ts';

/** Of keys and entries that a table shows at once. */
export const SHOWN_KEYS = 20;
export const SHOWN_ENTRIES = 100;
const CELL_CHARACTERS = 120;

const FORMATS: Readonly<Record<string, DatasetFormat>> = {
  csv: 'csv',
  tsv: 'csv',
  jsonl: 'jsonl',
  ndjson: 'jsonl',
  npy: 'npy',
  npz: 'zip',
  zip: 'zip',
};

/** Null for a name that says nothing. */
export function formatOfName(name: string): DatasetFormat | null {
  return FORMATS[name.toLowerCase().split('.').at(-1) ?? ''] ?? null;
}

export function aboutDataset({ keys }: Dataset): string {
  if (keys.length === 0) return texts.empty;
  const longest = Math.max(...keys.map(({ entries }) => entries));
  const bytes = keys.reduce((sum, { byte_size }) => sum + byte_size, 0);
  return [texts.keys(keys.length), texts.entries(longest), formatBytes(bytes)].join(' · ');
}

/** "f64", "f32 [n×3]": n where lengths differ. */
export function typeOfKey({ type, shape }: DatasetKey): string {
  if (shape.length === 0) return type;
  return `${type} [${shape.map((length) => (length === -1 ? 'n' : String(length))).join('×')}]`;
}

/** An entry in one line; what it lacks is told by "…". */
export function cellText({ shape, elements, truncated }: OutputValue): string {
  const [first] = elements;
  const text = shape.length === 0 && first !== undefined ? String(first) : nested(elements, shape);
  if (text.length > CELL_CHARACTERS) return `${text.slice(0, CELL_CHARACTERS)}…`;
  return truncated ? `${text}…` : text;
}

/** Row-major elements as lists in lists, as far as they go. */
function nested(elements: readonly unknown[], shape: readonly number[]): string {
  if (shape.length <= 1) return `[${elements.slice(0, CELL_CHARACTERS).map(elementText).join(', ')}]`;
  const step = shape.slice(1).reduce((product, length) => product * length, 1);
  const rows: string[] = [];
  for (let start = 0; start < Math.min(elements.length, CELL_CHARACTERS) && step > 0; start += step) {
    rows.push(nested(elements.slice(start, start + step), shape.slice(1)));
  }
  return `[${rows.join(', ')}]`;
}

function elementText(element: unknown): string {
  return typeof element === 'string' && !['nan', 'inf', '-inf'].includes(element)
    ? JSON.stringify(element)
    : String(element);
}

/** Formats that a browser draws. */
export function isDrawn(format: string): boolean {
  return ['png', 'jpg', 'jpeg', 'gif', 'webp', 'bmp', 'avif'].includes(format);
}
