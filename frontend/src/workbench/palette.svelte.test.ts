// @vitest-environment happy-dom
import { flushSync, mount, unmount } from 'svelte';
import { readable } from 'svelte/store';
import { afterEach, expect, test } from 'vitest';
import type { ModelSession } from '../services/session.ts';
import Palette from './Palette.svelte';
import type { PaletteMode } from './palette.ts';
import type { PathIndex } from './path-index.ts';
import { Recent } from './recent.ts';

let shown: Record<string, unknown> | null = null;

afterEach(async () => {
  if (shown) await unmount(shown);
});

function stage(files: readonly string[] = []) {
  let mode = $state<PaletteMode>('files');
  let closed = 0;
  const session = { commands: { all: readable([]) } } as unknown as ModelSession; // what it lists of it here
  const paths = { all: readable(files), loading: readable(false), want: () => () => undefined };
  shown = mount(Palette, {
    target: document.body,
    props: {
      session,
      get mode() {
        return mode;
      },
      paths: paths as unknown as PathIndex, // what the palette uses of it
      active: null,
      recentFiles: new Recent('files'),
      recentCommands: new Recent('commands'),
      onmode: (wanted) => {
        mode = wanted;
      },
      onclose: () => {
        closed += 1;
      },
    },
  });
  flushSync();
  const dialog = document.querySelector('dialog');
  const field = document.querySelector('input');
  if (!dialog || !field) throw new Error('the palette has no field');
  return { dialog, field, closed: () => closed, mode: () => mode };
}

/** As the keys do it: each letter stands at the caret, and is told before the next one comes. */
function type(field: HTMLInputElement, letters: string): void {
  for (const letter of letters) {
    const caret = field.selectionStart ?? 0;
    field.setRangeText(letter, caret, caret);
    field.setSelectionRange(caret + 1, caret + 1);
    field.dispatchEvent(new InputEvent('input', { bubbles: true }));
  }
}

function press(field: HTMLInputElement, key: string): void {
  field.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
  flushSync();
}

test('letters typed right after the one that leads to another list are in its field', () => {
  const { field, mode } = stage();
  type(field, '>split');
  expect([mode(), field.value]).toEqual(['commands', 'split']);
  flushSync();
  expect(document.querySelector('input')).toBe(field);
  expect([field.value, field.getAttribute('aria-label')]).toEqual(['split', 'Name of the command']);
});

test('from list to list the field stays the same one, and takes what is typed next', () => {
  const { field, mode } = stage(['main.py', 'src/model.py']);
  type(field, '#');
  press(field, 'Backspace');
  type(field, ':');
  press(field, 'Backspace');
  type(field, 'main');
  flushSync();
  expect(document.querySelector('input')).toBe(field);
  expect([mode(), field.value]).toEqual(['files', 'main']);
  expect(document.querySelectorAll('[role=option]')).toHaveLength(1);
});

test('in front of a name the letter leaves the caret where it was', () => {
  const { field, mode } = stage();
  type(field, 'split');
  field.setSelectionRange(0, 0);
  type(field, '>');
  flushSync();
  expect([mode(), field.value, field.selectionStart]).toEqual(['commands', 'split', 0]);
});

test('Esc takes it away in the same turn, rather than when the browser says that it is closed', () => {
  const { dialog, closed } = stage();
  const cancel = new Event('cancel', { cancelable: true });
  dialog.dispatchEvent(cancel);
  expect([closed(), cancel.defaultPrevented]).toEqual([1, true]);
});
