/** What the palette can list, and how one comes from one to the other. */

import type { Command } from '../services/commands.ts';
import { texts } from '../texts/commands.ts';

export type PaletteMode = 'files' | 'commands' | 'symbols' | 'allSymbols' | 'line';

/** Typed first, it leads to the mode from the files; Backspace in the empty field leads back. */
export const PREFIXES: Readonly<Record<PaletteMode, string>> = {
  files: '',
  commands: '>',
  symbols: '@',
  allSymbols: '#',
  line: ':',
};

/** The mode that a first letter leads to. */
export function modeOf(letter: string): PaletteMode | null {
  const modes = Object.entries(PREFIXES) as [PaletteMode, string][]; // its keys are the modes
  return modes.find(([, prefix]) => prefix !== '' && prefix === letter)?.[0] ?? null;
}

export interface Place {
  readonly line: number;
  readonly column?: number;
}

/** "12" or "12:5"; null for anything else. */
export function placeOf(text: string): Place | null {
  const found = /^\s*(\d+)(?:[:,](\d+)?)?\s*$/.exec(text);
  if (!found) return null;
  const line = Math.max(1, Number(found[1]));
  return found[2] === undefined ? { line } : { line, column: Math.max(1, Number(found[2])) };
}

/** "main.py:12:5" as the name and the place in it. */
export function splitPlace(query: string): { readonly name: string; readonly place: Place | null } {
  const found = /^(.*?):(\d+(?::\d*)?)?$/.exec(query);
  if (!found) return { name: query, place: null };
  return { name: found[1] ?? '', place: placeOf(found[2] ?? '') };
}

export function paletteCommands(show: (mode: PaletteMode) => void): Command[] {
  return [
    {
      id: 'palette.show',
      title: texts.go.commands,
      key: ['Ctrl+Shift+P', 'F1'],
      run: () => show('commands'),
    },
    { id: 'palette.files', title: texts.go.file, key: 'Ctrl+P', run: () => show('files') },
    {
      id: 'palette.symbols',
      title: texts.go.symbolInFile,
      key: 'Ctrl+Shift+O',
      run: () => show('symbols'),
    },
    // Ctrl+T is the browser's own.
    { id: 'palette.allSymbols', title: texts.go.symbol, run: () => show('allSymbols') },
    { id: 'palette.line', title: texts.go.line, key: 'Ctrl+G', run: () => show('line') },
  ];
}
