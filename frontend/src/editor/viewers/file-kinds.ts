/** What a file that is no text is, by how its bytes begin. */

import { extension } from '../../base/paths.ts';

const ascii = (text: string): number[] => [...text].map((character) => character.charCodeAt(0));

/** Its first bytes, or those from an offset on. */
const BEGINNINGS: readonly (readonly [kind: string, bytes: readonly number[], offset?: number])[] = [
  ['PNG image', [0x89, ...ascii('PNG')]],
  ['JPEG image', [0xff, 0xd8, 0xff]],
  ['GIF image', ascii('GIF8')],
  ['PDF document', ascii('%PDF-')],
  ['ZIP archive', ascii('PK\x03\x04')],
  ['gzip archive', [0x1f, 0x8b]],
  ['bzip2 archive', ascii('BZh')],
  ['xz archive', [0xfd, ...ascii('7zXZ')]],
  ['Zstandard archive', [0x28, 0xb5, 0x2f, 0xfd]],
  ['7-Zip archive', ascii('7z\xbc\xaf')],
  ['tar archive', ascii('ustar'), 257],
  ['program or library (ELF)', [0x7f, ...ascii('ELF')]],
  ['WebAssembly module', ascii('\0asm')],
  ['SQLite database', ascii('SQLite format 3')],
  ['NumPy array', [0x93, ...ascii('NUMPY')]],
  ['HDF5 file', [0x89, ...ascii('HDF')]],
  ['Parquet table', ascii('PAR1')],
  ['Arrow table', ascii('ARROW1')],
  ['GGUF model', ascii('GGUF')],
  ['ONNX model', [0x08, 0x07, 0x12]],
  ['Python pickle', [0x80, 0x02]],
  ['Python pickle', [0x80, 0x03]],
  ['Python pickle', [0x80, 0x04]],
  ['Python pickle', [0x80, 0x05]],
  ['WebP image', ascii('WEBP'), 8],
  ['WAV audio', ascii('WAVE'), 8],
  ['MP4 media', ascii('ftyp'), 4],
  ['Matroska or WebM media', [0x1a, 0x45, 0xdf, 0xa3]],
  ['Ogg media', ascii('OggS')],
];

/** What a ZIP archive of this name is. */
const ARCHIVES: Readonly<Record<string, string>> = {
  pt: 'PyTorch file (a ZIP archive)',
  pth: 'PyTorch file (a ZIP archive)',
  npz: 'NumPy arrays (a ZIP archive)',
  whl: 'Python wheel (a ZIP archive)',
  keras: 'Keras model (a ZIP archive)',
  docx: 'Word document (a ZIP archive)',
  xlsx: 'Excel workbook (a ZIP archive)',
};

const BY_EXTENSION: Readonly<Record<string, string>> = {
  pyc: 'compiled Python module',
  safetensors: 'tensors (safetensors)',
};

/** "NumPy array"; "binary file" where its bytes say nothing known. */
export function kindOf(path: string, start: Uint8Array): string {
  const begins = (bytes: readonly number[], offset: number): boolean =>
    bytes.every((byte, at) => start[offset + at] === byte);
  const found = BEGINNINGS.find(([, bytes, offset = 0]) => begins(bytes, offset))?.[0];
  if (found === 'ZIP archive') return ARCHIVES[extension(path)] ?? found;
  return found ?? BY_EXTENSION[extension(path)] ?? 'binary file';
}
