/** What is said of files on their way to the server. */

import { formatBytes } from '../base/format.ts';

export const texts = {
  title: 'Uploads',
  doneOf: (done: number, all: number) =>
    `Uploading ${done.toLocaleString('en-US')} of ${all.toLocaleString('en-US')} files`,
  sentOf: (sentBytes: number, allBytes: number) => `${formatBytes(sentBytes)} of ${formatBytes(allBytes)}`,
  all: 'All uploads',
  cancelAllUploads: 'Cancel all uploads',
  cancelAll: 'Cancel all',
  cancelUploadOf: (path: string) => `Cancel the upload of ${path}`,
  waiting: 'Waiting for the server',

  present: {
    title: (count: number, name: string) =>
      count === 1 ? `${name} is there already` : `${count} files are there already`,
    andMore: (count: number) => `and ${count} more`,
    skip: (count: number) => (count === 1 ? 'Skip it' : 'Skip these'),
    keepBoth: 'Keep both',
    replace: 'Replace',
  },
  failed: (what: string) => `Uploading ${what} failed`,
  doesNotFit: 'It does not fit.',
  unreadable: (name: string, reason: string) => `${name} cannot be read any more: ${reason}`,
};
