/** Hands key presses to the commands, before the focused editor sees them; a terminal keeps the keys of its shell. */

import type { KeyPress } from '../base/keys.ts';
import type { Commands } from '../services/commands.ts';

/** Help, run and the next part of the page: whoever is in a terminal must find out of it by key. */
const OUT_OF_TERMINAL = new Set(['F1', 'F5', 'F6']);

/** Chords that hardly any shell or program in a terminal means. */
export function leavesTerminal({ key, code, ctrlKey, metaKey, shiftKey, altKey }: KeyPress): boolean {
  if (OUT_OF_TERMINAL.has(key) || metaKey) return true;
  if (!ctrlKey || altKey) return false;
  return code === 'Backquote' || key === '`' || key === ',' || (shiftKey && key.length === 1);
}

export function listenForKeys(commands: Commands): () => void {
  const listen = (event: KeyboardEvent): void => {
    const inTerminal = event.target instanceof Element && event.target.closest('.xterm') !== null;
    const inDialog = event.target instanceof Element && event.target.closest('dialog') !== null;
    if (inDialog || event.isComposing || (inTerminal && !leavesTerminal(event))) return;
    if (!commands.runKey(event)) return;
    event.preventDefault();
    event.stopPropagation();
  };
  window.addEventListener('keydown', listen, { capture: true });
  return () => window.removeEventListener('keydown', listen, { capture: true });
}
