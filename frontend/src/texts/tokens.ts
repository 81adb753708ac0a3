/** What the dialogs of API tokens say. */

import type { Scope } from '../wire.ts';

export const texts = {
  title: 'API tokens',
  cannotList: 'The tokens cannot be listed.',
  none: 'There are no API tokens. Make one for each program, so that it can be taken away alone.',
  sendBefore: 'Programs send one with each request, as',
  sendAfter: 'and the secret.',
  aboutApi: 'What the API can do',
  createdAgo: (age: string) => `created ${age}`,
  neverExpires: 'never expires',
  expiresAt: (time: string) => `expires ${time}`,
  expiredAt: (time: string) => `expired ${time}`,
  expired: 'expired',
  neverUsed: 'never used',
  lastUsedAgo: (age: string) => `last used ${age}`,
  madeAfterName: 'is made. Copy its secret now: it is not shown again.',
  secretToCopy: 'secret',
  delete: (name: string) => `Delete ${name}`,
  confirmDelete: (name: string) => `Delete ${name}?`,
  deleteMeans: 'Programs that use it are let in no more, and what they have open is closed.',
  deleteToken: 'Delete token',
  cannotDelete: (name: string) => `${name} could not be deleted.`,
  newToken: 'New token',
  form: {
    title: 'New API token',
    nameExample: 'Nightly evaluation',
    scopes: 'It may',
    scopeMeans: {
      read: 'read whatever there is',
      run: 'start and stop runs, and check code',
      write: 'change, create and delete, and type into terminals',
    } satisfies Record<Scope, string>,
    expires: 'It expires',
    /** null: it does not. */
    afterDays: (days: number | null) => {
      if (days === null) return 'never';
      return days === 365 ? 'in a year' : `in ${days} days`;
    },
    create: 'Create token',
    creating: 'Creating…',
  },
};
