/** Puts text on the clipboard, also where the page came without TLS and browsers hide their clipboard API. */

import { texts } from '../texts/services.ts';

export async function copyText(text: string): Promise<void> {
  if (navigator.clipboard !== undefined) return navigator.clipboard.writeText(text);
  // Within an open dialog only what is inside it can be selected.
  const parent = document.querySelector('dialog[open]') ?? document.body;
  const before = document.activeElement;
  const field = document.createElement('textarea');
  field.value = text;
  field.className = 'visually-hidden';
  parent.append(field);
  field.select();
  const copied = document.execCommand('copy');
  field.remove();
  if (before instanceof HTMLElement) before.focus();
  if (!copied) throw new Error(texts.clipboardForbidden);
}
