/** What the page says of the server, of a filesystem, of an environment that is built, and of names and clipboards. */

import { formatBytes, formatCount } from '../base/format.ts';
import type { BuildPhase, FolderUsage, Usage } from '../wire.ts';

const count = (number: number): string => number.toLocaleString('en-US');

export const texts = {
  server: {
    unreachable: 'The server cannot be reached. Check the connection and try again.',
    answeredWith: (status: number) => `The server answered with status ${status}.`,
    uploadCancelled: 'The upload was cancelled.',
    socketClosedHere: 'closed by the page',
    signInAgain: 'Sign in again.',
  },
  clipboardForbidden: 'The browser did not allow it.',
  codeCheck: 'code check',
  packagesUnread: 'The installed packages could not be read.',
  languageServerGone: (server: string) => `${server} is not running. The status bar says why.`,
  filesystem: {
    usage: ({ used_bytes, limit_bytes, used_files, limit_files }: Usage) =>
      `${formatBytes(used_bytes)} of ${formatBytes(limit_bytes)}, ${count(used_files)} of ${count(limit_files)} files`,
    lacksFiles: ({ needed, limit }: { needed: number; limit: number }) =>
      `It needs ${formatCount(needed, 'more file or folder', 'more files or folders')}; all ${formatCount(limit, 'file')} of the limit are used.`,
    lacksBytes: ({ needed, free, limit }: { needed: number; free: number; limit: number }) =>
      `It needs ${formatBytes(needed)}, ${formatBytes(free)} of ${formatBytes(limit)} are free.`,
    largestFolders: (folders: readonly FolderUsage[]) =>
      `Largest folders: ${folders.map(({ path, used_bytes }) => `${path} (${formatBytes(used_bytes)})`).join(', ')}`,
    /** `what`: "Saving main.py failed". */
    writeFailed: (what: string) => `${what}.`,
    writeFailedAsFull: (what: string) => `${what}: the filesystem is full.`,
    noSpaceIn: (terminal: string) => `A program in ${terminal} found no space left.`,
    inUseNow: (usage: string) => `In use now: ${usage}. What did not fit is gone again.`,
    raiseLimit: 'Raise limit',
  },
  build: {
    phases: {
      waiting: 'Waiting for its turn',
      fetching_python: 'Fetching Python',
      resolving: 'Resolving versions',
      downloading: 'Downloading',
      installing: 'Installing',
      finishing: 'Finishing',
    } satisfies Record<BuildPhase, string>,
    packages: (done: number, total: number) => `${count(done)} of ${formatCount(total, 'package')}`,
    bytes: (done: number, total: number) => `${formatBytes(done)} of ${formatBytes(total)}`,
  },
  /** Why a file cannot have a name. */
  fileName: {
    empty: 'A name is needed.',
    reserved: (name: string) => `"${name}" has a meaning of its own; choose another name.`,
    slash: 'A name cannot hold a slash.',
    nullCharacter: 'A name cannot hold a null character.',
    tooLong: 'A name has at most 255 bytes.',
  },
};
