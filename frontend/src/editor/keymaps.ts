/** The keymaps of other editors, fetched when somebody chooses one. They come before CodeMirror's own. */

import { type Extension, Facet, Prec } from '@codemirror/state';
import type { EditorView } from '@codemirror/view';
import type { Keymap } from '../services/preferences.ts';

/** What a keymap's own way of saving does. */
export const saving = Facet.define<() => void>();

function save(view: EditorView): void {
  for (const act of view.state.facet(saving)) act();
}

async function vim(): Promise<Extension> {
  const { Vim, vim } = await import('@replit/codemirror-vim');
  Vim.defineEx('write', 'w', ({ cm6 }) => save(cm6));
  return vim({ status: true });
}

async function emacs(): Promise<Extension> {
  const { EmacsHandler, emacs } = await import('@replit/codemirror-emacs');
  EmacsHandler.bindKey('C-x C-s', save);
  return emacs();
}

export async function loadKeymap(keymap: Keymap): Promise<Extension> {
  if (keymap === 'standard') return [];
  return Prec.highest(await (keymap === 'vim' ? vim() : emacs()));
}
