/** What a file that is no text is, by how its bytes begin. */

import { extension } from '../../base/paths.ts';
import { texts } from '../../texts/file-kinds.ts';

type Kind = keyof typeof texts.byBeginning;

const ascii = (text: string): number[] => [...text].map((character) => character.charCodeAt(0));

/** Its first bytes, or those from an offset on. */
const BEGINNINGS: readonly (readonly [kind: Kind, bytes: readonly number[], offset?: number])[] = [
  ['png', [0x89, ...ascii('PNG')]],
  ['jpeg', [0xff, 0xd8, 0xff]],
  ['gif', ascii('GIF8')],
  ['pdf', ascii('%PDF-')],
  ['zip', ascii('PK\x03\x04')],
  ['gzip', [0x1f, 0x8b]],
  ['bzip2', ascii('BZh')],
  ['xz', [0xfd, ...ascii('7zXZ')]],
  ['zstandard', [0x28, 0xb5, 0x2f, 0xfd]],
  ['sevenZip', ascii('7z\xbc\xaf')],
  ['tar', ascii('ustar'), 257],
  ['elf', [0x7f, ...ascii('ELF')]],
  ['webAssembly', ascii('\0asm')],
  ['sqlite', ascii('SQLite format 3')],
  ['numpy', [0x93, ...ascii('NUMPY')]],
  ['hdf5', [0x89, ...ascii('HDF')]],
  ['parquet', ascii('PAR1')],
  ['arrow', ascii('ARROW1')],
  ['gguf', ascii('GGUF')],
  ['onnx', [0x08, 0x07, 0x12]],
  ['pickle', [0x80, 0x02]],
  ['pickle', [0x80, 0x03]],
  ['pickle', [0x80, 0x04]],
  ['pickle', [0x80, 0x05]],
  ['webp', ascii('WEBP'), 8],
  ['wav', ascii('WAVE'), 8],
  ['mp4', ascii('ftyp'), 4],
  ['matroska', [0x1a, 0x45, 0xdf, 0xa3]],
  ['ogg', ascii('OggS')],
];

const ARCHIVES: Readonly<Record<string, string>> = texts.archives;
const BY_EXTENSION: Readonly<Record<string, string>> = texts.byExtension;

/** "NumPy array"; "binary file" where its bytes say nothing known. */
export function kindOf(path: string, start: Uint8Array): string {
  const begins = (bytes: readonly number[], offset: number): boolean =>
    bytes.every((byte, at) => start[offset + at] === byte);
  const found = BEGINNINGS.find(([, bytes, offset = 0]) => begins(bytes, offset))?.[0];
  if (found === 'zip') return ARCHIVES[extension(path)] ?? texts.byBeginning.zip;
  if (found) return texts.byBeginning[found];
  return BY_EXTENSION[extension(path)] ?? texts.unknown;
}
