/** Key chords such as "Ctrl+Shift+P". "Ctrl" is ⌘ on a Mac, save for chords a Mac gives a meaning of its own. */

export interface KeyPress {
  readonly key: string;
  readonly code: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly shiftKey: boolean;
  readonly altKey: boolean;
}

export interface Chord {
  readonly ctrl: boolean;
  readonly shift: boolean;
  readonly alt: boolean;
  readonly key: string;
}

export function parseChord(text: string): Chord {
  const parts = text.split('+');
  const key = parts.pop() ?? '';
  for (const part of parts) {
    if (part !== 'Ctrl' && part !== 'Shift' && part !== 'Alt') {
      throw new Error(`expected Ctrl, Shift or Alt before the key of ${text}, got ${part}`);
    }
  }
  const has = (part: string): boolean => parts.includes(part);
  return { ctrl: has('Ctrl'), shift: has('Shift'), alt: has('Alt'), key: key.toLowerCase() };
}

/** ⌘` switches windows, ⌘, opens the browser's settings and ⌘- zooms on a Mac, so there these stay with Ctrl. */
const KEPT_ON_MAC = new Set(['`', ',', '-', '_']);

/** The physical key where the layout may not produce the character, as ` on many European keyboards. */
const BY_CODE: Readonly<Record<string, string>> = { Backquote: '`', Comma: ',', Digit5: '5' };

export function matches(chord: Chord, press: KeyPress, isMac: boolean): boolean {
  const command = isMac && !KEPT_ON_MAC.has(chord.key);
  const [wanted, unwanted] = command ? [press.metaKey, press.ctrlKey] : [press.ctrlKey, press.metaKey];
  if (wanted !== chord.ctrl || unwanted || press.shiftKey !== chord.shift || press.altKey !== chord.alt)
    return false;
  return press.key.toLowerCase() === chord.key || BY_CODE[press.code] === chord.key;
}

const MAC_NAMES: Readonly<Record<string, string>> = { Shift: '⇧', Alt: '⌥' };

export function showChord(text: string, isMac: boolean): string {
  if (!isMac) return text;
  const command = KEPT_ON_MAC.has(parseChord(text).key) ? '⌃' : '⌘';
  return text
    .split('+')
    .map((part) => (part === 'Ctrl' ? command : (MAC_NAMES[part] ?? part)))
    .join('');
}
