/** Bytes as hexadecimal numbers and as the ASCII they may be. */

export const BYTES_IN_LINE = 16;

export interface HexLine {
  readonly offset: string;
  readonly hex: string;
  readonly text: string;
}

/** `first`: where the first of these bytes stands in all of them. */
export function hexLines(bytes: Uint8Array, first = 0): HexLine[] {
  return Array.from({ length: Math.ceil(bytes.length / BYTES_IN_LINE) }, (_, line) => {
    const start = line * BYTES_IN_LINE;
    const part = [...bytes.subarray(start, start + BYTES_IN_LINE)];
    return {
      offset: (first + start).toString(16).padStart(8, '0'),
      hex: part.map((byte) => byte.toString(16).padStart(2, '0')).join(' '),
      text: part.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '·')).join(''),
    };
  });
}
