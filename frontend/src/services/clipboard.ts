/** Puts text on the clipboard, also where a browser hides or refuses its clipboard API, as without TLS. */

import { texts } from '../texts/services.ts';

export async function copyText(text: string): Promise<void> {
  if (!(await isWritten(text)) && !isCopied(text)) throw new Error(texts.clipboardForbidden);
}

async function isWritten(text: string): Promise<boolean> {
  if (navigator.clipboard === undefined) return false;
  return navigator.clipboard.writeText(text).then(
    () => true,
    () => false, // NotAllowedError, the only one there is
  );
}

/** From a field that is there for a moment. */
function isCopied(text: string): boolean {
  // Within an open dialog only what is inside it can be selected.
  const parent = document.querySelector('dialog[open]') ?? document.body;
  const before = document.activeElement;
  const field = document.createElement('textarea');
  field.value = text;
  field.className = 'visually-hidden';
  parent.append(field);
  field.select();
  const isDone = document.execCommand('copy');
  field.remove();
  if (before instanceof HTMLElement) before.focus();
  return isDone;
}
