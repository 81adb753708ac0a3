/** How the page says that a write did not fit: the numbers, the largest folders, and what to do. */

import { get } from 'svelte/store';
import { formatBytes, formatCount } from '../base/format.ts';
import { describeUsage } from '../base/quota.ts';
import type { FolderUsage } from '../wire.ts';
import { type ApiError, hasCode } from './api.ts';
import type { Severity } from './notifications.ts';
import type { ModelSession } from './session.ts';

export const FULL_KEY = 'filesystem-full';
const FOLDERS_SHOWN = 3;

export function describeFull(error: ApiError): string {
  const neededFiles = error.number('needed_files');
  if (neededFiles > error.number('free_files')) {
    const limit = formatCount(error.number('limit_files'), 'file');
    return `It needs ${formatCount(neededFiles, 'more file or folder', 'more files or folders')}; all ${limit} of the limit are used.`;
  }
  const [needed, free, limit] = ['needed_bytes', 'free_bytes', 'limit_bytes'].map((key) =>
    formatBytes(error.number(key)),
  );
  return `It needs ${needed}, ${free} of ${limit} are free.`;
}

export function describeFolders(folders: readonly FolderUsage[]): string {
  const named = folders.filter(({ path }) => path !== '').slice(0, FOLDERS_SHOWN);
  if (named.length === 0) return '';
  return `Largest folders: ${named.map(({ path, used_bytes }) => `${path} (${formatBytes(used_bytes)})`).join(', ')}`;
}

/** Shows a failed write. `what`: "Saving main.py failed". */
export async function showWriteError(session: ModelSession, what: string, error: unknown): Promise<void> {
  if (!hasCode(error, 'filesystem_full')) {
    session.notifications.error(`${what}.`, error);
    return;
  }
  await show(session, 'error', `${what}: the filesystem is full.`, describeFull(error));
}

/** Shows that a program in a terminal was out of space. What it could not write whole it may have deleted again, as pip
 * does, so that there is room once more. */
export async function showNoSpace(session: ModelSession, terminal: string): Promise<void> {
  const usage = `In use now: ${describeUsage(get(session.usage))}.`;
  await show(session, 'warning', `A program in ${terminal} found no space left.`, usage);
}

async function show(
  session: ModelSession,
  severity: Severity,
  message: string,
  numbers: string,
): Promise<void> {
  const folders = describeFolders(await session.api.folders().catch(() => [])); // the note is worth more than its list
  session.notifications.show({
    key: FULL_KEY,
    severity,
    message,
    details: [numbers, folders].filter(Boolean).join('\n'),
    actions: [{ label: 'Raise limit', run: () => void session.commands.run('model.filesystem') }],
  });
}
