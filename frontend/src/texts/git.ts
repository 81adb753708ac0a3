/** What is said of changes and branches, while git works, and when it did not. */

import { formatCount } from '../base/format.ts';
import type { GitDoing, GitLetter } from '../wire.ts';

const letters = {
  M: 'modified',
  A: 'added',
  D: 'deleted',
  R: 'renamed',
  C: 'copied',
  T: 'type changed',
  U: 'in conflict',
  '?': 'untracked',
} satisfies Record<GitLetter, string>;

const doings = {
  merge: 'Merge',
  rebase: 'Rebase',
  'cherry-pick': 'Cherry-pick',
  revert: 'Revert',
} satisfies Record<GitDoing, string>;

export const texts = {
  letters,
  changedFile: (path: string, letter: GitLetter) => `${path}, ${letters[letter]}`,
  groups: { conflicts: 'Conflicts', staged: 'Staged changes', changes: 'Changes' },
  noCommits: 'no commits',

  stage: { doing: 'Staging…', failed: 'Staging failed' },
  unstage: { doing: 'Unstaging…', failed: 'Unstaging failed' },
  discard: {
    question: (what: string) => `Discard the changes in ${what}?`,
    files: (count: number) => formatCount(count, 'file'),
    message: (changed: number, untracked: number) =>
      [
        changed > 0 ? `Changes to ${formatCount(changed, 'file')} are lost.` : '',
        untracked > 0 ? `${formatCount(untracked, 'untracked file')} will be deleted for good.` : '',
      ]
        .filter(Boolean)
        .join(' '),
    action: 'Discard',
    doing: 'Discarding…',
    failed: 'Discarding failed',
  },
  commit: { doing: 'Committing…', failed: 'The commit failed', done: 'Committed.' },
  nothingToCommit: 'There is nothing to commit.',
  stageAll: {
    title: 'Nothing is staged',
    message: (changes: number) => `Stage all ${formatCount(changes, 'change')} and commit them?`,
    action: 'Stage all and commit',
  },
  push: {
    doing: 'Pushing…',
    publishing: 'Publishing…',
    failed: 'The push failed',
    noBranch: 'A commit is checked out, not a branch. Create a branch first.',
  },
  pull: { doing: 'Pulling…', failed: 'The pull failed' },
  fetch: { doing: 'Fetching…', failed: 'The fetch failed' },
  sync: { doing: 'Syncing…', failed: 'The sync failed' },
  abort: { doing: 'Aborting…', failed: (doing: GitDoing) => `${doings[doing]} was not aborted` },
  goOn: { doing: 'Going on…', failed: (doing: GitDoing) => `${doings[doing]} did not go on` },

  waysOut: {
    openSecrets: 'Open secrets',
    raiseLimit: 'Raise limit',
    pull: 'Pull',
    showOutput: 'Show output',
  },
  outputTitle: 'What git said',
};
