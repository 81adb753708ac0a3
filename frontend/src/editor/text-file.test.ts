import { expect, test } from 'vitest';
import { decode, indentOf, lineEndOf } from './text-file.ts';

const bytes = (...values: number[]): Uint8Array => new Uint8Array(values);

test('UTF-8 is text, with its byte order mark', () => {
  expect(decode(new TextEncoder().encode('\uFEFFhé🚢\n'))).toEqual({
    kind: 'text',
    text: '\uFEFFhé🚢\n',
    lineEnd: '\n',
  });
});

test.each([
  ['a null byte', bytes(0x61, 0, 0x62)],
  ['Latin-1', bytes(0x68, 0xe9)],
  ['a cut character', bytes(0xf0, 0x9f)],
])('%s makes it binary', (_, content) => {
  expect(decode(content)).toEqual({ kind: 'binary' });
});

test.each([
  ['', '\n'],
  ['a\nb', '\n'],
  ['a\r\nb\r\n', '\r\n'],
  ['a\r\nb\nc', '\n'],
  ['a\r\nb\rc\r\n', '\n'],
])('the line end of %j is %j', (text, lineEnd) => {
  expect(lineEndOf(text)).toBe(lineEnd);
});

test.each([
  ['def f():\n    return 1\n', '    '],
  ['if (x) {\n  y();\n    z();\n}\n', '  '],
  ['f:\n\tmake\n', '\t'],
  ['no indent', '    '],
])('the indentation of %j is %j', (text, indent) => {
  expect(indentOf(text)).toBe(indent);
});
