import { expect, test } from 'vitest';
import { type Encoding, encode } from '../encodings.ts';
import { PORTION_BYTES, portionCount, readPortion } from './text-portions.ts';
import type { FileSource } from './viewers.ts';

function bytesOf(text: string, encoding: Encoding): Uint8Array {
  const encoded = encode(text, encoding);
  if ('missing' in encoded) throw new Error(`${encoding} lacks ${encoded.missing.character}`);
  return encoded.bytes;
}

async function portionsOf(content: Uint8Array, encoding: Encoding): Promise<string[]> {
  const source: FileSource = { path: 'a.log', url: '', etag: '', byteSize: content.length };
  const read = async (_: FileSource, start: number, end: number) =>
    Uint8Array.from(content.subarray(start, end));
  const indexes = Array.from({ length: portionCount(source) }, (_, index) => index);
  return Promise.all(indexes.map(async (index) => (await readPortion(source, index, encoding, read)).text));
}

test.each<Encoding>(['utf-8', 'utf-16le-bare', 'utf-16be-bare', 'windows-1252'])(
  'portions of %s meet at the ends of lines',
  async (encoding) => {
    const line = 'a line, é, of some length\n';
    const text = line.repeat(Math.ceil((2.3 * PORTION_BYTES) / line.length));
    const portions = await portionsOf(bytesOf(text, encoding), encoding);
    expect(portions.length).toBeGreaterThan(2);
    expect(portions.join('') === text).toBe(true);
    for (const portion of portions)
      expect(portion.startsWith('a line') && portion.endsWith('length\n')).toBe(true);
  },
);

test('a line that begins with a portion is in that portion', async () => {
  const text = `${'x'.repeat(PORTION_BYTES - 1)}\nnext`;
  expect((await portionsOf(bytesOf(text, 'utf-8'), 'utf-8')).map((part) => part.slice(-4))).toEqual([
    'xxx\n',
    'next',
  ]);
});

test('a line longer than a portion is cut between characters', async () => {
  const text = `x${'🚢'.repeat((2 * PORTION_BYTES) / 4)}`;
  const portions = await portionsOf(bytesOf(text, 'utf-8'), 'utf-8');
  expect(portions.join('') === text).toBe(true);
});
