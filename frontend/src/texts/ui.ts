/** What the parts that many views are made of say. */

import { formatBytes } from '../base/format.ts';

export const texts = {
  copy: (what: string) => `Copy ${what}`,
  copied: 'Copied.',
  notCopied: (why: string) => `It could not be copied. ${why}`,
  detailsOf: (name: string) => `Details of ${name}`,
  hideNotice: 'Hide this notice',
  notifications: 'Notifications',
  dismiss: 'Dismiss',
  /** `what`: "Rows". */
  pager: {
    shown: (what: string) => `${what} shown`,
    before: (what: string) => `${what} before`,
    after: (what: string) => `${what} after`,
    range: (what: string, { first, last, count }: { first: string; last: string; count: string }) =>
      `${what} ${first}–${last} of ${count}`,
    toFirst: 'First',
    toLast: 'Last',
  },
  upload: {
    file: 'File',
    sent: 'Sent',
    sentOf: (sentBytes: number, bytes: number) => `${formatBytes(sentBytes)} of ${formatBytes(bytes)}`,
    takenIn: 'Sent. The server is taking it in…',
    uploading: 'Uploading…',
  },
};
