import { expect, test } from 'vitest';
import { defaultLayout, onlyAfter, parseLayout, shownOf } from './layout.ts';

const standard = defaultLayout(1440);

test('a window of middling width begins without the Run panel', () => {
  expect(defaultLayout(900)).toMatchObject({ sideBar: true, right: false, bottom: true });
});

test('what was stored wins where it has the right type', () => {
  const stored = JSON.stringify({ sideBar: false, sideBarWidth: 'wide', unknown: 1 });
  expect(parseLayout(stored, standard)).toEqual({ ...standard, sideBar: false });
  expect(parseLayout(null, standard)).toEqual(standard);
  expect(parseLayout('null', standard)).toEqual(standard);
});

test('a view of the side bar that is not known any more is the files', () => {
  expect(parseLayout(JSON.stringify({ sideView: 'toString' }), standard)).toEqual(standard);
  expect(parseLayout(JSON.stringify({ sideView: 3 }), standard)).toEqual(standard);
});

test('a wide window shows the text and the panels that are on', () => {
  expect(shownOf(standard, false, 'right')).toEqual({ ...standard, narrow: false, editors: true });
});

test('a narrow window shows the text or one panel', () => {
  const shown = (only: Parameters<typeof onlyAfter>[0]) => {
    const { editors, sideBar, bottom, right } = shownOf(standard, true, only);
    return { editors, sideBar, bottom, right };
  };
  expect(shown(null)).toEqual({ editors: true, sideBar: false, bottom: false, right: false });
  expect(shown('bottom')).toEqual({ editors: false, sideBar: false, bottom: true, right: false });
});

test('in a narrow window the panel asked for takes the place of the other, and put away gives it to the text', () => {
  expect(onlyAfter(null, { bottom: true })).toBe('bottom');
  expect(onlyAfter('bottom', { right: true })).toBe('right');
  expect(onlyAfter('right', { right: false })).toBe(null);
  expect(onlyAfter('right', { sideBar: false, rightWidth: 300 })).toBe('right');
});
