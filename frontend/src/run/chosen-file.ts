/** Reads files a person chose as inputs of an operation. */

import { formatBytes, MEBIBYTE } from '../base/format.ts';
import { extension } from '../base/paths.ts';
import { texts } from '../texts/inputs.ts';
import type { ElementType } from '../wire.ts';
import type { ChosenFile } from './parameter-fields.ts';

/** Inputs travel as base64 in one message; larger data belongs into the model's filesystem. */
export const MOST_BYTES = 32 * MEBIBYTE;

export async function chosenFile(file: File, type: ElementType): Promise<ChosenFile> {
  if (file.size > MOST_BYTES) {
    throw new Error(texts.files.tooLarge(formatBytes(MOST_BYTES), formatBytes(file.size), file.name));
  }
  const format = type === 'binary' ? '' : formatOf(file);
  return { name: file.name, value: { format, base64: await base64Of(file) } };
}

/** "png", "wav": from the name, or from the media type where the name has no extension. */
function formatOf(file: File): string {
  const [, subtype = ''] = file.type.split('/');
  return extension(file.name) || subtype.replace(/^x-|\+.*$/g, '');
}

export function byteSizeOf({ value: { base64 } }: ChosenFile): number {
  const padding = base64.endsWith('==') ? 2 : base64.endsWith('=') ? 1 : 0;
  return (base64.length / 4) * 3 - padding;
}

/** To be shown before it is sent. */
export function blobOf({ value: { base64, format } }: ChosenFile, type: ElementType): Blob {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  return new Blob([bytes], { type: `${type}/${format === 'svg' ? 'svg+xml' : format}` });
}

function base64Of(file: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result).replace(/^[^,]*,/, ''));
    reader.onerror = () => reject(reader.error ?? new Error(texts.files.unreadable));
    reader.readAsDataURL(file);
  });
}
