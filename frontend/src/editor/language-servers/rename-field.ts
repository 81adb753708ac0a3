/** A field at a name in the text, for another one. */

import type { EditorView } from '@codemirror/view';
import { texts } from '../../texts/languages.ts';
import { hidePopup, showPopup } from './popup.ts';

export function askName(
  view: EditorView,
  { from, to }: { from: number; to: number },
  onName: (name: string) => void,
): void {
  const name = view.state.sliceDoc(from, to);
  const dom = document.createElement('form');
  dom.className = 'cm-rename';
  const input = document.createElement('input');
  input.value = name;
  input.spellcheck = false;
  input.autocomplete = 'off';
  input.dataset.focus = '';
  input.setAttribute('aria-label', texts.newNameOf(name));
  input.addEventListener('focus', () => input.select());
  const hint = document.createElement('p');
  hint.textContent = texts.renameKeys;
  dom.append(input, hint);
  dom.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') hidePopup(view);
    event.stopPropagation();
  });
  dom.addEventListener('submit', (event) => {
    event.preventDefault();
    const wanted = input.value.trim();
    hidePopup(view);
    if (wanted !== '' && wanted !== name) onName(wanted);
  });
  showPopup(view, from, dom);
}
