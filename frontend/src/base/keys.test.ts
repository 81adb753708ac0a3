import { expect, test } from 'vitest';
import { type KeyPress, matches, parseChord, showChord } from './keys.ts';

const press = (key: string, held: Partial<KeyPress> = {}): KeyPress => ({
  key,
  code: '',
  ctrlKey: false,
  metaKey: false,
  shiftKey: false,
  altKey: false,
  ...held,
});

test('a chord wants exactly its modifiers', () => {
  const chord = parseChord('Ctrl+S');
  const presses = [press('s', { ctrlKey: true }), press('S', { ctrlKey: true, shiftKey: true }), press('s')];
  expect(presses.map((one) => matches(chord, one, false))).toEqual([true, false, false]);
});

test('on a Mac, Ctrl is the command key', () => {
  const chord = parseChord('Ctrl+S');
  expect(matches(chord, press('s', { metaKey: true }), true)).toBe(true);
  expect(matches(chord, press('s', { ctrlKey: true }), true)).toBe(false);
});

test('a key a layout has elsewhere is found by its place', () => {
  expect(matches(parseChord('Ctrl+`'), press('Dead', { ctrlKey: true, code: 'Backquote' }), false)).toBe(
    true,
  );
});

test('a wrong modifier is named', () => {
  expect(() => parseChord('Cmd+S')).toThrow('expected Ctrl, Shift or Alt before the key of Cmd+S, got Cmd');
});

test('chords are shown as the platform writes them', () => {
  expect([
    showChord('Ctrl+Shift+P', false),
    showChord('Ctrl+Shift+P', true),
    showChord('Ctrl+`', true),
  ]).toEqual(['Ctrl+Shift+P', '⌘⇧P', '⌃`']);
});
