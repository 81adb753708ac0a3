/** Numbers as colours: dark to bright through blue and green, which those who see no red tell apart as well (viridis). */

import { numberOf } from './npy.ts';
import { elementAt, type Matrix } from './tensor.ts';

type Color = readonly [red: number, green: number, blue: number];

const STOPS: readonly Color[] = [
  [68, 1, 84],
  [71, 45, 123],
  [59, 82, 139],
  [44, 114, 142],
  [33, 145, 140],
  [40, 174, 128],
  [94, 201, 98],
  [173, 220, 48],
  [253, 231, 37],
];
const SHADES = 256;
/** What is no finite number, or is not here. */
const NOTHING: Color = [128, 128, 128];
/** A picture of more cells a side leaves some out: a screen has no more points, and a canvas no room. */
export const MOST_SIDE_CELLS = 1_500;

const PALETTE: readonly Color[] = Array.from({ length: SHADES }, (_, shade) => between(shade / (SHADES - 1)));

export function colorText(fraction: number): string {
  return `rgb(${between(fraction).join(' ')})`;
}

/** Every how many-th row, or column, a picture holds. */
export function stepOf(count: number): number {
  return Math.max(1, Math.ceil(count / MOST_SIDE_CELLS));
}

/** A point of the picture for each cell, from the lowest to the highest. */
export function heatPixels(
  matrix: Matrix,
  range: { readonly lowest: number; readonly highest: number } | null,
): { readonly width: number; readonly height: number; readonly pixels: Uint8ClampedArray<ArrayBuffer> } {
  const [across, down] = [stepOf(matrix.columns), stepOf(matrix.rows)];
  const width = Math.ceil(matrix.columns / across);
  const height = Math.ceil(matrix.rows / down);
  const pixels = new Uint8ClampedArray(width * height * 4);
  for (let index = 0; index < width * height; index += 1) {
    const row = Math.floor(index / width) * down;
    const value = numberOf(elementAt(matrix, row, (index % width) * across));
    const [red, green, blue] = range === null ? NOTHING : shadeOf(value, range.lowest, range.highest);
    pixels.set([red, green, blue, 255], index * 4);
  }
  return { width, height, pixels };
}

function shadeOf(value: number, lowest: number, highest: number): Color {
  if (value === Infinity) return PALETTE[SHADES - 1] ?? NOTHING;
  if (value === -Infinity) return PALETTE[0] ?? NOTHING;
  if (!Number.isFinite(value)) return NOTHING;
  const fraction = highest > lowest ? (value - lowest) / (highest - lowest) : 0.5;
  return PALETTE[Math.round(fraction * (SHADES - 1))] ?? NOTHING;
}

function between(fraction: number): Color {
  const place = fraction * (STOPS.length - 1);
  const at = Math.min(STOPS.length - 2, Math.floor(place));
  const [from = NOTHING, to = NOTHING] = STOPS.slice(at, at + 2);
  const mix = (channel: 0 | 1 | 2): number =>
    Math.round(from[channel] + (to[channel] - from[channel]) * (place - at));
  return [mix(0), mix(1), mix(2)];
}
