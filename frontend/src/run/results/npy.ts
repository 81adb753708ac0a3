/** numpy's file format, version 1.0, little-endian and in C order: what the server writes, and nothing else. */

import type { ElementType } from '../../wire.ts';

export type Numbers =
  | Float32Array<ArrayBuffer>
  | Float64Array<ArrayBuffer>
  | Int8Array<ArrayBuffer>
  | Int16Array<ArrayBuffer>
  | Int32Array<ArrayBuffer>
  | BigInt64Array<ArrayBuffer>
  | Uint8Array<ArrayBuffer>
  | Uint16Array<ArrayBuffer>
  | Uint32Array<ArrayBuffer>
  | BigUint64Array<ArrayBuffer>;

interface Kind {
  readonly descr: string;
  readonly size: number;
  /** A view of bytes that start at a multiple of the size. */
  view(bytes: ArrayBuffer, offset: number, count: number): Numbers;
}

const KINDS: Partial<Record<ElementType, Kind>> = {
  f32: { descr: '<f4', size: 4, view: (bytes, offset, count) => new Float32Array(bytes, offset, count) },
  f64: { descr: '<f8', size: 8, view: (bytes, offset, count) => new Float64Array(bytes, offset, count) },
  i8: { descr: '|i1', size: 1, view: (bytes, offset, count) => new Int8Array(bytes, offset, count) },
  i16: { descr: '<i2', size: 2, view: (bytes, offset, count) => new Int16Array(bytes, offset, count) },
  i32: { descr: '<i4', size: 4, view: (bytes, offset, count) => new Int32Array(bytes, offset, count) },
  i64: { descr: '<i8', size: 8, view: (bytes, offset, count) => new BigInt64Array(bytes, offset, count) },
  u8: { descr: '|u1', size: 1, view: (bytes, offset, count) => new Uint8Array(bytes, offset, count) },
  u16: { descr: '<u2', size: 2, view: (bytes, offset, count) => new Uint16Array(bytes, offset, count) },
  u32: { descr: '<u4', size: 4, view: (bytes, offset, count) => new Uint32Array(bytes, offset, count) },
  u64: { descr: '<u8', size: 8, view: (bytes, offset, count) => new BigUint64Array(bytes, offset, count) },
  boolean: { descr: '|b1', size: 1, view: (bytes, offset, count) => new Uint8Array(bytes, offset, count) },
};

const MAGIC = '\x93NUMPY\x01\x00';
const PREFIX_BYTES = 10;
const ALIGNMENT = 64;

/** The elements of a tensor whose type and shape are known from its result. */
export function readNpy(type: ElementType, shape: readonly number[], file: ArrayBuffer): Numbers {
  const kind = kindOf(type);
  const count = countOf(shape);
  const start = PREFIX_BYTES + new DataView(file).getUint16(8, true);
  const text = new TextDecoder().decode(file.slice(1, start));
  if (
    !text.startsWith(MAGIC.slice(1)) ||
    !text.includes(`'${kind.descr}'`) ||
    file.byteLength !== start + count * kind.size
  ) {
    throw new Error(
      `Expected ${count} elements of ${type} as .npy, got ${file.byteLength} bytes of something else.`,
    );
  }
  return kind.view(file, start, count);
}

export function isNpyType(type: ElementType): boolean {
  return KINDS[type] !== undefined;
}

/** NaN and infinities may come as the words that results have for them, whole numbers of 64 bits as text or bigint. */
export function writeNpy(
  type: ElementType,
  shape: readonly number[],
  elements: readonly unknown[],
): ArrayBuffer {
  const kind = kindOf(type);
  const lengths = shape.map((length) => `${length}, `).join('');
  const text = `{'descr': '${kind.descr}', 'fortran_order': False, 'shape': (${lengths}), }`;
  const padding = (ALIGNMENT - ((PREFIX_BYTES + text.length + 1) % ALIGNMENT)) % ALIGNMENT;
  const header = `${text}${' '.repeat(padding)}\n`;
  const start = PREFIX_BYTES + header.length;
  const file = new ArrayBuffer(start + elements.length * kind.size);
  const bytes = new Uint8Array(file);
  for (const [index, character] of [...MAGIC].entries()) bytes[index] = character.charCodeAt(0);
  new DataView(file).setUint16(8, header.length, true);
  new TextEncoder().encodeInto(header, bytes.subarray(PREFIX_BYTES));
  const view = kind.view(file, start, elements.length);
  elements.forEach((element, index) => {
    view[index] =
      view instanceof BigInt64Array || view instanceof BigUint64Array ? bigOf(element) : numberOf(element);
  });
  return file;
}

/** "nan" and "inf" are how JSON, which has no such numbers, writes them. */
export function numberOf(element: unknown): number {
  if (typeof element === 'string') return Number(element.replace('inf', 'Infinity'));
  return Number(element);
}

export function countOf(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

function bigOf(element: unknown): bigint {
  return typeof element === 'bigint' ? element : BigInt(String(element));
}

function kindOf(type: ElementType): Kind {
  const kind = KINDS[type];
  if (kind === undefined) throw new Error(`Expected numbers or truth values, got ${type}.`);
  return kind;
}
