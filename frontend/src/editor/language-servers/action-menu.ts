/** What can be done about a place in the text, to choose from by arrows and Enter. */

import type { EditorView } from '@codemirror/view';
import { texts } from '../../texts/languages.ts';
import { hidePopup, showPopup } from './popup.ts';

export interface MenuItem {
  readonly label: string;
  run(): void;
}

export function showMenu(view: EditorView, offset: number, items: readonly MenuItem[]): void {
  const dom = document.createElement('div');
  dom.className = 'cm-code-actions';
  dom.setAttribute('role', 'menu');
  dom.setAttribute('aria-label', texts.quickFixes);
  dom.append(...items.map((item, index) => itemButton(view, item, index === 0)));
  dom.addEventListener('keydown', (event) => menuKey(event, view, dom));
  showPopup(view, offset, dom);
}

function itemButton(view: EditorView, { label, run }: MenuItem, isFirst: boolean): HTMLElement {
  const button = document.createElement('button');
  button.type = 'button';
  button.setAttribute('role', 'menuitem');
  button.textContent = label;
  if (isFirst) button.dataset.focus = '';
  button.addEventListener('click', () => {
    hidePopup(view);
    run();
  });
  return button;
}

function menuKey(event: KeyboardEvent, view: EditorView, dom: HTMLElement): void {
  const buttons = [...dom.querySelectorAll('button')];
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (event.key === 'Escape' || event.key === 'Tab') hidePopup(view);
  else if (step !== undefined) {
    const at = buttons.indexOf(document.activeElement as HTMLButtonElement);
    buttons[(at + step + buttons.length) % buttons.length]?.focus();
  } else return;
  event.preventDefault();
  event.stopPropagation();
}
