/** Text with the colour sequences of terminals, as stretches of one look. All other sequences are left out. */

export interface AnsiLook {
  /** 0 to 15, of the 16 colours of terminals, or the colour itself, as in CSS. */
  readonly color?: number | string;
  readonly background?: number | string;
  readonly bold?: boolean;
  readonly italic?: boolean;
  readonly underline?: boolean;
}

export interface AnsiStretch {
  readonly text: string;
  readonly look: AnsiLook;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
const SEQUENCE = /\x1b(?:\[([0-9;:?]*)[ -/]*([@-~])|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\^_])/g;

export function ansiStretches(text: string): AnsiStretch[] {
  const stretches: AnsiStretch[] = [];
  let look: AnsiLook = {};
  let end = 0;
  const put = (part: string): void => {
    if (part !== '') stretches.push({ text: part, look });
  };
  for (const found of text.matchAll(SEQUENCE)) {
    put(text.slice(end, found.index));
    end = found.index + found[0].length;
    if (found[2] === 'm') look = changed(look, found[1] ?? '');
  }
  put(text.slice(end));
  return stretches;
}

function changed(before: AnsiLook, parameters: string): AnsiLook {
  const codes = parameters.split(/[;:]/).map(Number);
  let look = before;
  for (let at = 0; at < codes.length; at += 1) {
    const code = codes[at] ?? 0;
    if (code === 38 || code === 48) {
      const [color, used] = extended(codes.slice(at + 1));
      if (color !== null) look = { ...look, [code === 38 ? 'color' : 'background']: color };
      at += used;
    } else look = { ...look, ...simple(code) };
    if (code === 0) look = {};
  }
  return look;
}

function simple(code: number): { -readonly [Key in keyof AnsiLook]: AnsiLook[Key] | undefined } {
  if (code === 1) return { bold: true };
  if (code === 3) return { italic: true };
  if (code === 4) return { underline: true };
  if (code === 22) return { bold: undefined };
  if (code === 23) return { italic: undefined };
  if (code === 24) return { underline: undefined };
  if (code >= 30 && code <= 37) return { color: code - 30 };
  if (code === 39) return { color: undefined };
  if (code >= 40 && code <= 47) return { background: code - 40 };
  if (code === 49) return { background: undefined };
  if (code >= 90 && code <= 97) return { color: code - 82 };
  if (code >= 100 && code <= 107) return { background: code - 92 };
  return {};
}

/** One of 256 colours, or red, green and blue; and how many of the codes say it. */
function extended(codes: readonly number[]): [color: number | string | null, used: number] {
  const [kind, first = 0, green = 0, blue = 0] = codes;
  if (kind === 5) return [palette(first), 2];
  if (kind === 2) return [`rgb(${[first, green, blue].map(level).join(' ')})`, 4];
  return [null, 0];
}

function palette(index: number): number | string | null {
  if (!(index >= 0 && index < 256)) return null;
  if (index < 16) return index;
  if (index >= 232)
    return `rgb(${Array(3)
      .fill(8 + (index - 232) * 10)
      .join(' ')})`;
  const cube = index - 16;
  const parts = [Math.floor(cube / 36), Math.floor(cube / 6) % 6, cube % 6];
  return `rgb(${parts.map((part) => (part === 0 ? 0 : 55 + part * 40)).join(' ')})`;
}

function level(value: number): number {
  return Number.isFinite(value) ? Math.min(255, Math.max(0, Math.round(value))) : 0;
}
