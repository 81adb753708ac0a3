/** What the palette can list, and how one comes from one to the other. */

import type { Command } from '../services/commands.ts';

export type PaletteMode = 'files' | 'commands' | 'symbols' | 'allSymbols' | 'line';

export interface ModeWords {
  /** Typed first, it leads to this from the files; Backspace in the empty field leads back. */
  readonly prefix: string;
  readonly title: string;
  readonly label: string;
  readonly hint: string;
}

export const MODES: Readonly<Record<PaletteMode, ModeWords>> = {
  files: {
    prefix: '',
    title: 'Go to file',
    label: 'Name of the file',
    hint: 'Go to file…  > commands  @ symbols  # all symbols  : line',
  },
  commands: { prefix: '>', title: 'Commands', label: 'Name of the command', hint: 'Run a command…' },
  symbols: {
    prefix: '@',
    title: 'Go to symbol in the file',
    label: 'Name of the symbol in the file',
    hint: 'Go to a symbol of this file…',
  },
  allSymbols: {
    prefix: '#',
    title: 'Go to symbol',
    label: 'Name of the symbol',
    hint: 'Go to a symbol of the model…',
  },
  line: { prefix: ':', title: 'Go to line', label: 'Number of the line', hint: 'Line, or line:column…' },
};

/** The mode that a first letter leads to. */
export function modeOf(prefix: string): PaletteMode | null {
  const modes = Object.entries(MODES) as [PaletteMode, ModeWords][]; // its keys are the modes
  return modes.find(([mode, words]) => mode !== 'files' && words.prefix === prefix)?.[0] ?? null;
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
      title: 'Palette: Show all commands',
      key: ['Ctrl+Shift+P', 'F1'],
      run: () => show('commands'),
    },
    { id: 'palette.files', title: 'Go: To file', key: 'Ctrl+P', run: () => show('files') },
    {
      id: 'palette.symbols',
      title: 'Go: To symbol in the file',
      key: 'Ctrl+Shift+O',
      run: () => show('symbols'),
    },
    // Ctrl+T is the browser's own.
    { id: 'palette.allSymbols', title: 'Go: To symbol', run: () => show('allSymbols') },
    { id: 'palette.line', title: 'Go: To line', key: 'Ctrl+G', run: () => show('line') },
  ];
}
