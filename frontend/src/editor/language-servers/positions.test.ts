import { Text } from '@codemirror/state';
import { expect, test } from 'vitest';
import { filePlaces, offsetOf, positionAt } from './positions.ts';

const doc = Text.of(['one', '', 'th𝟛ee']);
const range = (line: number, character: number) => ({
  start: { line, character },
  end: { line, character: character + 1 },
});

test('positions count units of UTF-16, as offsets do', () => {
  for (let offset = 0; offset <= doc.length; offset++)
    expect(offsetOf(doc, positionAt(doc, offset))).toBe(offset);
});

test('a position that the text does not have lies within it', () => {
  expect(offsetOf(doc, { line: 9, character: 2 })).toBe(doc.length);
  expect(offsetOf(doc, { line: 0, character: 90 })).toBe(3);
  expect(offsetOf(doc, { line: -1, character: -1 })).toBe(0);
});

test('locations and links are places in files, each once', () => {
  const uri = 'file:///model/a.py';
  const link = { targetUri: uri, targetRange: range(0, 0), targetSelectionRange: range(1, 2) };
  const place = { path: 'a.py', line: 2, column: 3, end: { line: 2, column: 4 } };
  expect(filePlaces([{ uri, range: range(1, 2) }, link])).toEqual([place]);
  expect(filePlaces({ uri, range: range(1, 2) })).toEqual([place]);
  expect(filePlaces([{ uri: 'untitled:1', range: range(1, 2) }])).toEqual([]);
  expect(filePlaces(null)).toEqual([]);
});
