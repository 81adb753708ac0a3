/** Which names files can have. */

import { texts } from '../texts/services.ts';

/** Why a name cannot be given to a file, or null when it can. */
export function nameProblem(name: string): string | null {
  if (name === '') return texts.fileName.empty;
  if (name === '.' || name === '..') return texts.fileName.reserved(name);
  if (name.includes('/')) return texts.fileName.slash;
  if (name.includes('\0')) return texts.fileName.nullCharacter;
  if (utf8Length(name) > 255) return texts.fileName.tooLong;
  return null;
}

function utf8Length(text: string): number {
  let bytes = 0;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return bytes;
}
