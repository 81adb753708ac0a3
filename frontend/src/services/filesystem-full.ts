/** How the page says how full a filesystem is, and that a write did not fit: the numbers, the largest folders, what to do. */

import { get } from 'svelte/store';
import { fullness } from '../base/quota.ts';
import { texts } from '../texts/services.ts';
import type { FolderUsage, Usage } from '../wire.ts';
import { type ApiError, hasCode } from './api.ts';
import type { Severity } from './notifications.ts';
import type { ModelSession } from './session.ts';

export const FULL_KEY = 'filesystem-full';
const FOLDERS_SHOWN = 3;
/** A program that failed tidies up without a longer pause, and the meter shows it. */
const SETTLE_MS = 1_000;
const MOST_LOOKS = 10;

export function describeFull(error: ApiError): string {
  const neededFiles = error.number('needed_files');
  if (neededFiles > error.number('free_files')) {
    return texts.filesystem.lacksFiles({ needed: neededFiles, limit: error.number('limit_files') });
  }
  return texts.filesystem.lacksBytes({
    needed: error.number('needed_bytes'),
    free: error.number('free_bytes'),
    limit: error.number('limit_bytes'),
  });
}

export function describeUsage(usage: Usage): string {
  return texts.filesystem.usage(usage);
}

/** Those worth looking into: not one that holds little else than another listed one, and none that hardly counts. */
function tellingFolders(folders: readonly FolderUsage[]): readonly FolderUsage[] {
  const named = folders.filter(({ path }) => path !== '');
  const largest = named[0]?.used_bytes ?? 0;
  const isWithin = (inner: FolderUsage, outer: FolderUsage): boolean =>
    inner.path.startsWith(`${outer.path}/`);
  return named.filter((folder) => {
    const isShell = named.some(
      (other) => isWithin(other, folder) && other.used_bytes > 0.9 * folder.used_bytes,
    );
    return !isShell && folder.used_bytes >= 0.01 * largest;
  });
}

export function describeFolders(folders: readonly FolderUsage[]): string {
  const named = tellingFolders(folders).slice(0, FOLDERS_SHOWN);
  return named.length === 0 ? '' : texts.filesystem.largestFolders(named);
}

/** Shows a failed write. `what`: "Saving main.py failed". */
export async function showWriteError(session: ModelSession, what: string, error: unknown): Promise<void> {
  if (!hasCode(error, 'filesystem_full')) {
    session.notifications.error(texts.filesystem.writeFailed(what), error);
    return;
  }
  await show(session, 'error', texts.filesystem.writeFailedAsFull(what), describeFull(error));
}

/** Shows that a program in a terminal was out of space, unless the filesystem is full, which the page says by itself. What
 * could not be written whole may be deleted again, as by pip: then there is room, and yet no way on. */
export async function showNoSpace(session: ModelSession, terminal: string): Promise<void> {
  const usage = await settled(session);
  if (fullness(usage) === 'full') return;
  const numbers = texts.filesystem.inUseNow(describeUsage(usage));
  await show(session, 'warning', texts.filesystem.noSpaceIn(terminal), numbers);
}

/** What is used once that has stopped changing, or has not for long: what did not fit may take a while to go. */
async function settled({ usage }: ModelSession): Promise<Usage> {
  let before: Usage;
  let looks = 0;
  do {
    before = get(usage);
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    looks += 1;
  } while (get(usage).used_bytes !== before.used_bytes && looks < MOST_LOOKS);
  return get(usage);
}

async function show(
  session: ModelSession,
  severity: Severity,
  message: string,
  numbers: string,
): Promise<void> {
  const id = session.notifications.show({
    key: FULL_KEY,
    severity,
    message,
    details: numbers,
    actions: [
      { label: texts.filesystem.raiseLimit, run: () => void session.commands.run('model.filesystem') },
    ],
  });
  const folders = describeFolders(await session.api.folders().catch(() => [])); // the note is worth more than its list
  if (folders) session.notifications.amend(id, numbers, `${numbers}\n${folders}`);
}
