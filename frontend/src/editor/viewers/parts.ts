/** Parts of a file's bytes, all of one version. */

import { request } from '../../services/api.ts';
import type { FileSource } from './viewers.ts';

/** Its bytes from `start` up to `end`; fails where the file has changed since it was opened. */
export async function readPart(
  source: FileSource,
  start: number,
  end: number,
  signal?: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  const last = Math.min(end, source.byteSize) - 1;
  if (last < start) return new Uint8Array();
  const headers = { Range: `bytes=${start}-${last}`, 'If-Match': source.etag };
  const response = await request(source.url, { headers, cache: 'no-store', signal: signal ?? null });
  return new Uint8Array(await response.arrayBuffer());
}
