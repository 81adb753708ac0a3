/** How asking a language server can fail. */

import { texts } from '../texts/services.ts';

/** It ended, or its connection was lost, before it had answered. */
export class ServerGone extends Error {
  override readonly name = 'ServerGone';

  constructor(title: string) {
    super(texts.languageServerGone(title));
  }
}

/** Cancelled by the server or the client, or of a text that has changed since: none is anybody's mistake. */
const REFUSALS: ReadonlySet<unknown> = new Set([-32800, -32801, -32802]);

export function isRefused(error: unknown): boolean {
  return error instanceof ServerGone || REFUSALS.has(codeOf(error));
}

function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
}

/** What a server answers with is no Error, but has a message. */
export function reasonOf(error: unknown): string {
  if (typeof error === 'object' && error !== null && 'message' in error) return String(error.message);
  return String(error);
}
