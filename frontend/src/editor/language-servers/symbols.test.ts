import { expect, test } from 'vitest';
import { symbolsOfFile, symbolsOfModel } from './symbols.ts';

const range = { start: { line: 1, character: 4 }, end: { line: 1, character: 8 } };

test('symbols of a file come in its order, each with what it is in', () => {
  const method = { name: 'fit', kind: 6, range, selectionRange: range } as const;
  const inner = { name: 'Inner', kind: 5, range, selectionRange: range, children: [method] } as const;
  const found = [{ name: 'Outer', kind: 5, range, selectionRange: range, children: [inner] } as const];
  const place = { path: 'a.py', line: 2, column: 5 };
  // @ts-expect-error the protocol's lists are not readonly
  expect(symbolsOfFile('a.py', found)).toEqual([
    { name: 'Outer', kind: 'class', container: '', ...place },
    { name: 'Inner', kind: 'class', container: 'Outer', ...place },
    { name: 'fit', kind: 'method', container: 'Outer.Inner', ...place },
  ]);
});

test('symbols of the model say which file they are in; those in none are left out', () => {
  const symbol = { name: 'f', kind: 12 } as const;
  expect(
    symbolsOfModel([
      { ...symbol, location: { uri: 'file:///model/b.py', range } },
      { ...symbol, location: { uri: 'untitled:1', range } },
      { ...symbol, kind: 26, containerName: 'b', location: { uri: 'file:///model/b.py' } },
    ]),
  ).toEqual([
    { name: 'f', kind: 'function', container: '', path: 'b.py', line: 2, column: 5 },
    { name: 'f', kind: 'other', container: 'b', path: 'b.py', line: 1, column: 1 },
  ]);
});
