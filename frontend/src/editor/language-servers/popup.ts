/** A small part of the page at a place in the text: a menu, a field, a text to read. One at a time; Escape closes it. */

import { type Extension, Prec, StateEffect, StateField } from '@codemirror/state';
import { type EditorView, keymap, showTooltip, type Tooltip } from '@codemirror/view';

const setPopup = StateEffect.define<Tooltip | null>();

const shownPopup = StateField.define<Tooltip | null>({
  create: () => null,
  update(shown, { docChanged, selection, effects }) {
    const set = effects.findLast((effect) => effect.is(setPopup));
    if (set) return set.value;
    // It was about what stood there.
    return docChanged || selection ? null : shown;
  },
  provide: (field) => showTooltip.from(field),
});

export const popups: Extension = [
  shownPopup,
  Prec.highest(keymap.of([{ key: 'Escape', run: (view) => hidePopup(view) }])),
];

export function showPopup(view: EditorView, offset: number, dom: HTMLElement): void {
  const create = () => ({ dom, mount: () => dom.querySelector<HTMLElement>('[data-focus]')?.focus() });
  view.dispatch({ effects: setPopup.of({ pos: offset, above: false, create }) });
}

/** False where there is none. */
export function hidePopup(view: EditorView): boolean {
  if (view.state.field(shownPopup, false) == null) return false;
  const hadFocus = view.dom.querySelector('.cm-tooltip')?.contains(document.activeElement) ?? false;
  view.dispatch({ effects: setPopup.of(null) });
  if (hadFocus) view.focus();
  return true;
}
