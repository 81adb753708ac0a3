/** Hands key presses to the commands, before the focused editor sees them; a terminal keeps the keys of its shell. */

import type { KeyPress } from '../base/keys.ts';
import type { Commands } from '../services/commands.ts';

/** Chords no shell or program in a terminal can mean. */
export function leavesTerminal({ key, code, ctrlKey, metaKey, shiftKey, altKey }: KeyPress): boolean {
  if (key === 'F1' || metaKey) return true;
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
