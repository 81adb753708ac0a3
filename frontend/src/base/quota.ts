/** How full a filesystem is, judged one way everywhere. */

import type { Usage } from '../wire.ts';

export type Fullness = 'fine' | 'near' | 'full';

const NEAR_FRACTION = 0.9;
/** With less than a page free, the next write of a program fails. */
const PAGE_BYTES = 4096;
const LEAST_FILES = 1024;
const BYTES_PER_FILE = 8192;

export function fractionUsed(used: number, limit: number): number {
  return limit > 0 ? Math.min(1, used / limit) : 1;
}

export function fullness(usage: Usage): Fullness {
  const outOfBytes = usage.limit_bytes - usage.used_bytes < PAGE_BYTES;
  if (outOfBytes || usage.used_files >= usage.limit_files) return 'full';
  const bytes = fractionUsed(usage.used_bytes, usage.limit_bytes);
  const files = fractionUsed(usage.used_files, usage.limit_files);
  return Math.max(bytes, files) >= NEAR_FRACTION ? 'near' : 'fine';
}

/** The limit on files and folders that comes with a limit on bytes, as the server computes it. */
export function fileLimit(limitBytes: number): number {
  return Math.max(LEAST_FILES, Math.floor(limitBytes / BYTES_PER_FILE));
}

/** Whether a filesystem holds more than a limit on bytes, and on the files that come with it, would allow. */
export function exceeds(usage: Usage, limitBytes: number): boolean {
  return usage.used_bytes > limitBytes || usage.used_files > fileLimit(limitBytes);
}
