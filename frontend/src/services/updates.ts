/** Notices that the server has a newer page than this one, whose parts it no longer has. */

import { type Readable, writable } from 'svelte/store';

const store = writable(false);
const failed = new WeakSet<object>();

/** A part of this page could not be loaded, and never will be: it must be reloaded. */
export const isOutdated: Readable<boolean> = store;

/** Whether this is the failure to load a part of the page, which `isOutdated` tells of. */
export function isMissingPart(error: unknown): boolean {
  return typeof error === 'object' && error !== null && failed.has(error);
}

function entryOf(page: Document): string | null {
  return page.querySelector('script[type="module"][src]')?.getAttribute('src') ?? null;
}

/** Out of reach, a part is missing too; only another page at the same address means that this one is old. */
async function compareWithServer(): Promise<void> {
  const response = await fetch(window.location.href, { cache: 'no-store' });
  if (!response.ok) return;
  const page = new DOMParser().parseFromString(await response.text(), 'text/html');
  if (entryOf(page) !== entryOf(document)) store.set(true);
}

/** Vite announces each import that fails. */
export function watchForUpdates(): void {
  window.addEventListener('vite:preloadError', ({ payload }) => {
    failed.add(payload);
    compareWithServer().catch(() => undefined); // offline: the connection's banner says so
  });
}
