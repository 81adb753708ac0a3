import { expect, test } from 'vitest';
import { defaultLayout, parseLayout } from './layout.ts';

const standard = defaultLayout(1440);

test('a narrow window begins with the text alone', () => {
  expect(defaultLayout(600)).toMatchObject({ sideBar: false, right: false, bottom: true });
});

test('what was stored wins where it has the right type', () => {
  const stored = JSON.stringify({ sideBar: false, sideBarWidth: 'wide', unknown: 1 });
  expect(parseLayout(stored, standard)).toEqual({ ...standard, sideBar: false });
  expect(parseLayout(null, standard)).toEqual(standard);
  expect(parseLayout('null', standard)).toEqual(standard);
});
