/** The text of a version of a file: of git's, or of what is in the file now. */

import { formatBytes } from '../base/format.ts';
import { hasCode } from '../services/api.ts';
import type { Diff, FileVersion } from '../services/git.ts';
import type { ModelSession } from '../services/session.ts';
import { texts } from '../texts/diff.ts';
import { decodeText } from './text-file.ts';

const MOST_BYTES = 5 * 2 ** 20;

/** '' where the version has no such file. Rejects where it is not text, or too much of it. */
export async function readVersion(
  session: ModelSession,
  { repository, path }: Diff,
  version: FileVersion,
): Promise<string> {
  const bytes =
    version.kind === 'git' ? await ofGit(session, repository, version) : await ofFile(session, path);
  if (bytes === null) return '';
  if (bytes.length > MOST_BYTES) throw new Error(texts.versionTooLong(formatBytes(bytes.length)));
  const decoded = decodeText(bytes);
  if (decoded === null) throw new Error(texts.notText);
  return decoded.text;
}

async function ofGit(
  session: ModelSession,
  repository: string,
  { path, name }: Extract<FileVersion, { kind: 'git' }>,
): Promise<Uint8Array | null> {
  return (await session.api.gitContent(repository, path, name))?.bytes ?? null;
}

async function ofFile(session: ModelSession, path: string): Promise<Uint8Array | null> {
  try {
    const { bytes, byteSize } = await session.api.read(path, MOST_BYTES);
    if (bytes === null) throw new Error(texts.fileTooLong(formatBytes(byteSize)));
    return bytes;
  } catch (error) {
    if (hasCode(error, 'file_not_found')) return null;
    throw error;
  }
}
