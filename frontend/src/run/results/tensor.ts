/** A tensor as it is shown: one matrix of it at a time, of which a window is in the page. */

import type { ElementType, OutputValue } from '../../wire.ts';
import { extremeIndices } from '../charts/series.ts';
import { countOf, numberOf } from './npy.ts';

export interface Tensor {
  readonly type: ElementType;
  readonly shape: readonly number[];
  /** Row-major; those after the first may be missing. */
  readonly elements: ArrayLike<unknown>;
}

/** The last two dimensions at one place of those before; a list is one column. */
export interface Matrix {
  readonly tensor: Tensor;
  readonly rows: number;
  readonly columns: number;
  /** Of its first element. */
  readonly offset: number;
}

export type Look = 'table' | 'heatMap' | 'curve';

const FLOATS: readonly ElementType[] = ['f32', 'f64'];
/** Below this, a table says more than colours. */
const FEWEST_FOR_HEAT = 8;
const FEWEST_FOR_CURVE = 8;
const MOST_CURVE_POINTS = 2_000;
/** Of a text in a table; copied and saved it is whole. */
const MOST_CHARACTERS = 500;

export function matrixOf(tensor: Tensor, at: readonly number[]): Matrix {
  const { shape } = tensor;
  const rows = shape.length === 1 ? (shape[0] ?? 0) : (shape.at(-2) ?? 1);
  const columns = shape.length === 1 ? 1 : (shape.at(-1) ?? 1);
  const index = outerShape(shape).reduce((sum, length, dimension) => sum * length + (at[dimension] ?? 0), 0);
  return { tensor, rows, columns, offset: index * rows * columns };
}

/** The dimensions that a matrix is chosen by. */
export function outerShape(shape: readonly number[]): readonly number[] {
  return shape.slice(0, -2);
}

/** undefined where the element is not here. */
export function elementAt({ tensor, columns, offset }: Matrix, row: number, column: number): unknown {
  return tensor.elements[offset + row * columns + column];
}

export function isNumeric(type: ElementType): boolean {
  return !['string', 'image', 'audio', 'video', 'binary'].includes(type);
}

export function isWhole({ shape, elements }: Tensor): boolean {
  return elements.length >= countOf(shape);
}

/** What a tensor can be shown as, the best first. */
export function looksOf({ type, shape }: Tensor): readonly Look[] {
  if (!isNumeric(type)) return ['table'];
  if (shape.length === 1) return (shape[0] ?? 0) >= FEWEST_FOR_CURVE ? ['table', 'curve'] : ['table'];
  const isLarge = shape.slice(-2).every((length) => length >= FEWEST_FOR_HEAT);
  return isLarge ? ['heatMap', 'table'] : ['table', 'heatMap'];
}

export interface Extreme {
  readonly value: number;
  readonly row: number;
  readonly column: number;
}

export interface Extremes {
  readonly lowest: Extreme;
  readonly highest: Extreme;
}

/** Of the numbers that are finite; null where there is none. */
export function extremesOf(matrix: Matrix): Extremes | null {
  const { tensor, rows, columns, offset } = matrix;
  let low = -1;
  let high = -1;
  let lowest = Infinity;
  let highest = -Infinity;
  const end = Math.min(rows * columns, tensor.elements.length - offset);
  for (let index = 0; index < end; index += 1) {
    const value = numberOf(tensor.elements[offset + index]);
    if (!Number.isFinite(value)) continue;
    if (value < lowest) {
      lowest = value;
      low = index;
    }
    if (value > highest) {
      highest = value;
      high = index;
    }
  }
  if (low === -1) return null;
  const place = (value: number, index: number): Extreme => ({
    value,
    row: Math.floor(index / columns),
    column: index % columns,
  });
  return { lowest: place(lowest, low), highest: place(highest, high) };
}

/** "f32 [3×4]", "string". */
export function describeType({ type, shape }: Pick<OutputValue, 'type' | 'shape'>): string {
  return shape.length === 0 ? type : `${type} [${shape.join('×')}]`;
}

/** An element whole: no digit is left out that reads back as another number. */
export function elementText(type: ElementType, element: unknown): string {
  if (element === undefined) return '';
  if (type === 'boolean') return element === true || element === 1 ? 'true' : 'false';
  if (typeof element === 'number' && type === 'f32' && Number.isFinite(element)) return float32Text(element);
  if (typeof element === 'number' || typeof element === 'bigint') return numberText(element);
  return typeof element === 'string' ? element : JSON.stringify(element ?? null);
}

/** Short enough for many side by side. */
export function cellText(type: ElementType, element: unknown): string {
  const isLong = FLOATS.includes(type) && typeof element === 'number' && Number.isFinite(element);
  const text = elementText(type, isLong ? Number(element.toPrecision(6)) : element);
  return text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS)}…` : text;
}

/** A list as a curve: where there are very many, the lowest and highest of each few. */
export function curveOf({ elements }: Tensor): {
  readonly x: readonly number[];
  readonly y: readonly (number | null)[];
} {
  const values = Float64Array.from(elements, numberOf);
  const indices =
    values.length > MOST_CURVE_POINTS ? extremeIndices(values, MOST_CURVE_POINTS / 2) : values.keys();
  const x = [...indices];
  return { x, y: x.map((index) => (Number.isFinite(values[index]) ? (values[index] ?? null) : null)) };
}

function numberText(element: number | bigint): string {
  if (typeof element === 'bigint' || Number.isFinite(element)) return String(element);
  return Number.isNaN(element) ? 'nan' : element > 0 ? 'inf' : '-inf';
}

/** The fewest digits that read back as the same 32-bit number: 0.1 arrives as 0.10000000149011612; nine always do. */
function float32Text(value: number): string {
  for (let digits = 1; digits < 9; digits += 1) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return String(short);
  }
  return String(value);
}
