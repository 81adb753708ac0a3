/** Hands key presses to the commands, before the focused editor sees them; a terminal keeps the keys of its shell. */

import { get, type Readable } from 'svelte/store';
import type { KeyPress } from '../base/keys.ts';
import type { Commands } from '../services/commands.ts';
import type { Keymap } from '../services/preferences.ts';

/** Help, run and the next part of the page: whoever is in a terminal must find out of it by key. */
const OUT_OF_TERMINAL = new Set(['F1', 'F5', 'F6']);

/** Chords that hardly any shell or program in a terminal means. */
export function leavesTerminal({ key, code, ctrlKey, metaKey, shiftKey, altKey }: KeyPress): boolean {
  if (OUT_OF_TERMINAL.has(key) || metaKey) return true;
  if (!ctrlKey || altKey) return false;
  return code === 'Backquote' || ['`', ',', '1', '2', '3'].includes(key) || (shiftKey && key.length === 1);
}

/** With Ctrl, what these keymaps use most: in the text these letters are theirs, not the page's. */
const KEYMAP_LETTERS: Readonly<Record<Keymap, string>> = {
  standard: '',
  vim: 'bcdefhioruvwy',
  emacs: 'abcdefghknprstuvwxyz',
};

/** Whether a chord pressed in the text belongs to the keymap that the person has chosen. */
export function isKeymapKey({ key, ctrlKey, metaKey, shiftKey, altKey }: KeyPress, keymap: Keymap): boolean {
  const letter = key.length === 1 && KEYMAP_LETTERS[keymap].includes(key.toLowerCase());
  return letter && ctrlKey && !metaKey && !shiftKey && !altKey;
}

export function listenForKeys(commands: Commands, keymap: Readable<Keymap>): () => void {
  const listen = (event: KeyboardEvent): void => {
    const inTerminal = event.target instanceof Element && event.target.closest('.xterm') !== null;
    const inDialog = event.target instanceof Element && event.target.closest('dialog') !== null;
    const inText = event.target instanceof Element && event.target.closest('.cm-content') !== null;
    if (inText && isKeymapKey(event, get(keymap))) return;
    if (event.key === 'Enter' && event.target instanceof Element && event.target.closest('[data-own-enter]'))
      return;
    if (inDialog || event.isComposing || (inTerminal && !leavesTerminal(event))) return;
    if (!commands.runKey(event)) return;
    event.preventDefault();
    event.stopPropagation();
  };
  window.addEventListener('keydown', listen, { capture: true });
  return () => window.removeEventListener('keydown', listen, { capture: true });
}
