import { expect, test } from 'vitest';
import { hexLines } from './hex.ts';

test('bytes are written in lines of sixteen, with what they are as text', () => {
  const bytes = new TextEncoder().encode('0123456789abcdef\u0000~');
  expect(hexLines(bytes)).toEqual([
    { offset: '00000000', hex: '30 31 32 33 34 35 36 37 38 39 61 62 63 64 65 66', text: '0123456789abcdef' },
    { offset: '00000010', hex: '00 7e', text: '·~' },
  ]);
});

test('lines say where they stand in all of the bytes', () => {
  expect(hexLines(Uint8Array.of(65), 4096)).toEqual([{ offset: '00001000', hex: '41', text: 'A' }]);
});
