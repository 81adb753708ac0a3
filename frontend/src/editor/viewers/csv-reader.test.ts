import { expect, test } from 'vitest';
import { CsvReader, PORTION_BYTES } from './csv-reader.ts';
import type { FileSource } from './viewers.ts';

function readerOf(path: string, content: Uint8Array): CsvReader {
  const source: FileSource = { path, url: '', etag: '', byteSize: content.length };
  return new CsvReader(source, async (_, start, end) => Uint8Array.from(content.subarray(start, end)));
}

async function wholeOf(reader: CsvReader): Promise<readonly (readonly string[])[]> {
  while (!reader.isDone) await reader.readMore();
  return reader.rows;
}

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

test.each<[string, string, string[][]]>([
  [
    'a.csv',
    'a,b\n1,"x, ""y""\nz"\n',
    [
      ['a', 'b'],
      ['1', 'x, "y"\nz'],
    ],
  ],
  [
    'a.csv',
    'a;b\r\n1;2\r\n',
    [
      ['a', 'b'],
      ['1', '2'],
    ],
  ],
  [
    'a.tsv',
    'a\tb,c\n1\t2\n',
    [
      ['a', 'b,c'],
      ['1', '2'],
    ],
  ],
  [
    'a.csv',
    'a,b\n\n1,2',
    [
      ['a', 'b'],
      ['1', '2'],
    ],
  ],
  ['a.csv', '', []],
])('%s with %j has its rows', async (path, text, rows) => {
  expect(await wholeOf(readerOf(path, utf8(text)))).toEqual(rows);
});

test('rows and characters that two portions share are whole', async () => {
  const row = 'é🚢,"a ""quoted"" one, with\na line"\n';
  const text = `name,text\n${row.repeat(Math.ceil((2.5 * PORTION_BYTES) / utf8(row).length))}`;
  const rows = await wholeOf(readerOf('a.csv', utf8(text)));
  expect(rows.length).toBe(text.split('🚢').length);
  expect(new Set(rows.slice(1).map((cells) => cells.join('|')))).toEqual(
    new Set(['é🚢|a "quoted" one, with\na line']),
  );
});

test('a file in another encoding is read in that', async () => {
  expect(await wholeOf(readerOf('a.csv', Uint8Array.of(0xe9, 0x2c, 0x80)))).toEqual([['é', '€']]);
});
