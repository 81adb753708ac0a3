/** What the view of source control says. */

import { formatCount } from '../base/format.ts';
import type { GitDoing } from '../wire.ts';

const rowAction = (label: string) => ({
  label,
  of: (name: string) => `${label} ${name}`,
  all: `${label} all`,
  allOf: (group: string) => `${label} all: ${group}`,
});

export const texts = {
  title: 'Source control',
  focusCommand: 'Git: Focus source control',
  readAgain: 'Read again',
  looking: 'Looking for repositories…',

  init: {
    noRepository: 'This model has no Git repository yet.',
    action: 'Initialize repository',
    working: 'Making it…',
    doing: 'Making a repository…',
    failed: 'No repository was made',
    cloneBefore: 'Or clone one:',
    cloneAfter: 'in the terminal, or a new model from a Git repository.',
  },

  theModel: 'the model',
  repository: 'Repository',
  repositoryOf: (name: string) => `Repository ${name}`,
  switchBranch: 'Switch the branch',
  branch: (name: string) => `Branch ${name}. Switch it`,
  publish: 'Publish the branch',
  syncWith: (upstream: string) => `Sync with ${upstream}`,
  syncCounts: (behind: number, ahead: number) => `Sync: ${behind} to pull, ${ahead} to push`,
  history: 'History',
  more: 'More',
  moreMenu: {
    pull: 'Pull',
    push: 'Push',
    fetch: 'Fetch',
    forcePush: 'Push, replacing the remote branch',
    branches: 'Branches…',
    history: 'History…',
    stashes: 'Stashes…',
    addRemote: 'Add a remote…',
  },
  forcePush: {
    question: 'Replace the remote branch?',
    message:
      'Commits that are only there are lost, unless they came after your last fetch: then nothing is done.',
    action: 'Push by force',
  },

  stoppedAtConflicts: (doing: GitDoing) => `A ${doing} has stopped at conflicts.`,
  underWay: (doing: GitDoing) => `A ${doing} is under way.`,
  abort: 'Abort',
  goOn: 'Continue',

  message: 'Message of the commit',
  messageHint: (chord: string, branch: string) => `Message (${chord} commits on ${branch})`,
  commit: 'Commit',
  moreCommit: 'More ways to commit',
  commitAndPush: 'Commit and push',
  amend: 'Amend the last commit',
  undoCommit: 'Undo the last commit',
  undoing: 'Undoing…',
  notUndone: 'The commit was not undone',

  noChanges: 'Nothing has changed since the last commit.',
  ignoreBefore: (listed: number) =>
    `Only the first ${formatCount(listed, 'change')} are listed. Name folders that tools fill in`,
  ignoreAfter: '.',
  showMore: (count: number) => `Show more (${count.toLocaleString('en-US')})`,

  stage: rowAction('Stage'),
  unstage: rowAction('Unstage'),
  discard: rowAction('Discard'),
  diff: { staged: 'staged', changes: 'changes' },
  openFile: 'Open the file',
  showChanges: 'Show the changes',
  fileHistory: 'File history…',
  resolve: 'Resolve',
  resolveFile: (name: string) => `Resolve ${name}`,
  sides: { ours: 'Take ours', theirs: 'Take theirs', both: 'Take both', file: 'Mark as resolved' },
  resolving: 'Resolving…',
  notResolved: (name: string) => `The conflict in ${name} stays`,
};
