/** What a value of a result is shown as, what it is called as a file, and how it is copied. */

import type { ElementType, OutputValue, Blob as ResultBlob } from '../../wire.ts';
import { isNpyType, writeNpy } from './npy.ts';
import { elementText } from './tensor.ts';

export type Medium = 'image' | 'audio' | 'video' | 'binary';
export type ValueView = 'text' | 'scalar' | 'tensor' | 'empty' | Medium;

const MEDIA: ReadonlySet<ElementType> = new Set(['image', 'audio', 'video', 'binary']);

export function viewOf({ type, shape }: OutputValue): ValueView {
  if (isMedium(type)) return type;
  if (shape.length === 0) return type === 'string' ? 'text' : 'scalar';
  return shape.includes(0) ? 'empty' : 'tensor';
}

function isMedium(type: ElementType): type is Medium {
  return MEDIA.has(type);
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

/** "scores", or "scores-2" for value 2 of several. */
export function fileStem(output: string, index: number, count: number): string {
  const name = output.replace(/[^\p{L}\p{N}._-]+/gu, '_').replace(/^\.+/, '') || 'output';
  return count > 1 ? `${name}-${index}` : name;
}

export function blobFileName(stem: string, { format }: ResultBlob): string {
  return `${stem}.${format || 'bin'}`;
}

/** What `fileOf` calls a value that no file holds yet: numbers are for numpy, a text is as it is, texts are JSON. */
export function fileName(stem: string, { type, shape }: OutputValue): string {
  if (isNpyType(type)) return `${stem}.npy`;
  return `${stem}.${shape.length === 0 ? 'txt' : 'json'}`;
}

export function fileOf(stem: string, value: OutputValue): File {
  const { type, shape, elements } = value;
  const name = fileName(stem, value);
  if (isNpyType(type)) return new File([writeNpy(type, shape, elements)], name);
  return new File([shape.length === 0 ? elementText(type, elements[0]) : JSON.stringify(elements)], name);
}

/** Objects and lists that a text holds as JSON; undefined where it is no such text. */
export function jsonOf(text: string): unknown {
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
