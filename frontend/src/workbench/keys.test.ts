import { expect, test } from 'vitest';
import { isKeymapKey, leavesTerminal } from './keys.ts';

const press = (key: string, held = '') => ({
  key,
  code: key === '`' ? 'Backquote' : '',
  ctrlKey: held.includes('C'),
  shiftKey: held.includes('S'),
  altKey: held.includes('A'),
  metaKey: held.includes('M'),
});

test('a terminal keeps the keys of its shell and gives up those of the page', () => {
  const kept = [
    press('c', 'C'),
    press('p', 'C'),
    press('b', 'C'),
    press('s', 'C'),
    press('F2'),
    press('x'),
    press('w', 'A'),
  ];
  const given = [
    press('F1'),
    press('F5'),
    press('F6'),
    press('`', 'C'),
    press('2', 'C'),
    press('P', 'CS'),
    press(',', 'C'),
    press('s', 'M'),
  ];
  expect(kept.map(leavesTerminal)).toEqual(kept.map(() => false));
  expect(given.map(leavesTerminal)).toEqual(given.map(() => true));
});

test('in the text, the letters of the chosen keymap are its own', () => {
  expect(isKeymapKey(press('f', 'C'), 'vim')).toBe(true);
  expect(isKeymapKey(press('s', 'C'), 'vim')).toBe(false);
  expect(isKeymapKey(press('s', 'C'), 'emacs')).toBe(true);
  expect(isKeymapKey(press('F', 'CS'), 'vim')).toBe(false);
  expect(isKeymapKey(press('f', 'C'), 'standard')).toBe(false);
  expect(isKeymapKey(press('F5', ''), 'emacs')).toBe(false);
});
