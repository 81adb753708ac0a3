import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decode, ENCODING_NAMES, ENCODINGS, type Encoding, encode } from './encodings.ts';
import { decodeText, encodingOf, indentOf, lineEndsOf, reindented } from './text-file.ts';

const bytes = (...values: number[]): Uint8Array => new Uint8Array(values);
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

function written(text: string, encoding: Encoding): Uint8Array {
  const encoded = encode(text, encoding);
  if (!('bytes' in encoded)) throw new Error(`${encoding} lacks ${encoded.missing.character}`);
  return encoded.bytes;
}

test.each<[string, Uint8Array, Encoding, string]>([
  ['UTF-8', utf8('hé🚢\n'), 'utf-8', 'hé🚢\n'],
  ['an empty file', bytes(), 'utf-8', ''],
  ['UTF-8 with its mark', bytes(0xef, 0xbb, 0xbf, 0x61), 'utf-8-bom', 'a'],
  ['UTF-16 LE', bytes(0xff, 0xfe, 0x61, 0, 0x3d, 0xd8, 0xa2, 0xde), 'utf-16le', 'a🚢'],
  ['UTF-16 BE', bytes(0xfe, 0xff, 0, 0x61), 'utf-16be', 'a'],
  ['UTF-16 LE without a mark', bytes(0x61, 0, 0x62, 0), 'utf-16le-bare', 'ab'],
  ['UTF-16 BE without a mark', bytes(0, 0x61, 0, 0x62), 'utf-16be-bare', 'ab'],
  ['Latin letters', bytes(0x68, 0xe9, 0x80, 0x0a), 'windows-1252', 'hé€\n'],
  ['a mark with what is not UTF-8 after it', bytes(0xef, 0xbb, 0xbf, 0xe9), 'windows-1252', 'ï»¿é'],
])('%s is text', (_, content, encoding, text) => {
  expect(decodeText(content)).toEqual({ text, encoding });
});

test.each([
  ['a null byte', bytes(0x61, 0, 0x62)],
  ['null bytes everywhere', bytes(0, 0, 0, 0)],
  ['a null byte after the beginning', new Uint8Array([...new Uint8Array(70_000).fill(0x61), 0])],
  ['bytes that no text has', bytes(0x89, 0x01, 0x02, 0xe9)],
])('%s is no text', (_, content) => {
  expect(decodeText(content)).toBeNull();
});

test('a beginning that cuts a character is text all the same', () => {
  expect(encodingOf(utf8(`${'a'.repeat(64 * 1024 - 1)}🚢`))).toBe('utf-8');
});

test('whatever a file holds, text that nobody changed is saved as the same bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (content) => {
      const found = decodeText(content);
      if (found) expect(written(found.text, found.encoding)).toEqual(content);
    }),
  );
});

const SINGLE: Encoding[] = ENCODING_NAMES.filter((name) =>
  ['single', 'latin-1'].includes(ENCODINGS[name].writes),
);

test.each<Encoding>(['windows-1252', 'iso-8859-1'])(
  'in %s an edit leaves every other byte as it was',
  (encoding) => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 300 }),
        fc.nat(),
        fc.string({ unit: 'grapheme-ascii' }),
        (content, place, inserted) => {
          const at = place % content.length;
          const text = decode(content, encoding) ?? '';
          const edited = written(text.slice(0, at) + inserted + text.slice(at), encoding);
          expect([...edited]).toEqual([
            ...content.subarray(0, at),
            ...utf8(inserted),
            ...content.subarray(at),
          ]);
        },
      ),
    );
  },
);

test.each(SINGLE)('%s is saved as it was read, byte for byte', (encoding) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (content) => {
      const text = decode(content, encoding);
      if (text !== null) expect(written(text, encoding)).toEqual(content);
    }),
  );
});

test.each<[Encoding, string]>([
  ['shift_jis', '日本語 abc ｱ'],
  ['euc-jp', '日本語 abc'],
  ['gbk', '简体中文 abc'],
  ['big5', '繁體中文 abc'],
  ['euc-kr', '한국어 abc'],
  ['koi8-r', 'Привет'],
  ['utf-16be-bare', 'any 🚢'],
])('%s writes %s and reads it again', (encoding, text) => {
  expect(decode(written(text, encoding), encoding)).toBe(text);
});

test('bytes that would be saved as others are not read', () => {
  expect(decode(bytes(0xe9), 'utf-8')).toBeNull();
  expect(decode(utf8('a'), 'utf-8-bom')).toBeNull();
  expect(decode(bytes(0x61, 0, 0x62), 'utf-16le-bare')).toBeNull();
  // NEC's ∵, which Shift JIS has elsewhere too.
  expect(decode(bytes(0x87, 0x9a), 'shift_jis')).toBeNull();
});

test.each<[Encoding, string, string, number]>([
  ['windows-1252', 'é = 日本', '日', 4],
  ['iso-8859-1', '5 €', '€', 2],
  ['shift_jis', '日本 🚢', '🚢', 3],
  ['utf-8', 'a\uD800b', '\uD800', 1],
  ['utf-16le', '\uDC00', '\uDC00', 0],
])('%s says which character of %j it lacks', (encoding, text, character, index) => {
  expect(encode(text, encoding)).toEqual({ missing: { character, index } });
});

test.each([
  ['', '\n'],
  ['a\nb', '\n'],
  ['a\r\nb\r\n', '\r\n'],
  ['a\r\nb\nc', 'mixed'],
  ['a\r\nb\rc\r\n', 'mixed'],
  ['a\rb', 'mixed'],
])('the line ends of %j are %j', (text, ends) => {
  expect(lineEndsOf(text)).toBe(ends);
});

test.each([
  ['def f():\n    return 1\n', '    '],
  ['if (x) {\n  y();\n    z();\n}\n', '  '],
  ['f:\n\tmake\n', '\t'],
  ['no indent', '    '],
])('the indentation of %j is %j', (text, indent) => {
  expect(indentOf(text)).toBe(indent);
});

test.each([
  ['\tx', '  ', 4, '    x'],
  ['  \tx', '  ', 4, '    x'],
  ['      x', '\t', 4, '\t  x'],
  ['x\ty', '  ', 4, 'x\ty'],
])('%j indented with %j and tabs of %i is %j', (line, indent, tabWidth, expected) => {
  expect(reindented(line, { indent, tabWidth })).toBe(expected);
});
