import { expect, test } from 'vitest';
import { match, rank } from './fuzzy.ts';

const best = (query: string, ...items: string[]): string[] =>
  rank(query, items, (item) => item, 10).map(({ item }) => item);

test('letters must all be there, in order', () => {
  expect([match('mp', 'main.py'), match('pm', 'main.py')].map(Boolean)).toEqual([true, false]);
});

test('positions name the letters that matched', () => {
  expect(match('term', 'View: Terminal')?.positions).toEqual([6, 7, 8, 9]);
  expect(match('np', 'new_panel.ts')?.positions).toEqual([0, 4]);
});

test('beginnings of words win over letters within them', () => {
  expect(best('fb', 'offbeat', 'foo_bar')).toEqual(['foo_bar', 'offbeat']);
  expect(best('main', 'src/domain.py', 'src/main.py')).toEqual(['src/main.py', 'src/domain.py']);
});

test('camel case begins words too', () => {
  expect(best('gd', 'edged', 'getData')[0]).toBe('getData');
});

test('an empty query keeps everything in its order', () => {
  expect(best('', 'b', 'a')).toEqual(['b', 'a']);
});

test('a space in the query separates, it is not looked for', () => {
  expect(best('view term', 'View: Terminal')).toEqual(['View: Terminal']);
});

test('at most as many as asked for are given', () => {
  expect(rank('a', ['a', 'ab', 'abc'], (item) => item, 2)).toHaveLength(2);
});
