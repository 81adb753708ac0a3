/** What the dialogs of source control say. */

export const texts = {
  branches: {
    title: 'Branches',
    find: 'Find a branch, or name a new one',
    none: 'There is no branch before the first commit.',
    switchTo: {
      doing: (branch: string) => `Switching to ${branch}…`,
      failed: (branch: string) => `The branch is not ${branch}`,
    },
    create: {
      label: (branch: string) => `Create branch ${branch}`,
      doing: (branch: string) => `Creating ${branch}…`,
      failed: (branch: string) => `The branch ${branch} was not created`,
    },
    merge: {
      label: (branch: string) => `Merge ${branch}`,
      hint: 'Merge into the present branch',
      doing: (branch: string) => `Merging ${branch}…`,
      failed: (branch: string) => `${branch} was not merged whole`,
    },
    remove: {
      label: (branch: string) => `Delete ${branch}`,
      question: (branch: string) => `Delete the branch ${branch}?`,
      message: 'Commits that are in no other branch are lost with it.',
      ifMerged: 'Delete if merged',
      doing: (branch: string) => `Deleting ${branch}…`,
      failed: (branch: string) => `${branch} was not deleted`,
    },
  },

  history: {
    title: 'History',
    titleOf: (file: string) => `History of ${file}`,
    commits: 'Commits',
    none: 'There is no commit yet.',
    older: 'Show older commits',
    commit: (id: string) => `Commit ${id}`,
    copyId: 'Copy id',
    checkOut: { action: 'Check out', doing: 'Checking out…', failed: 'The commit was not checked out' },
    files: 'Files of the commit',
  },

  identity: {
    title: 'Who commits?',
    keptBefore: 'Each commit names its author. Kept in this model, in',
    keptAfter: ', and asked only once.',
    email: 'E-mail address',
    doing: 'Keeping the name…',
    action: 'Save and commit',
  },

  remote: {
    title: 'Add a remote',
    address: 'Address',
    addressExample: 'https://github.com/name/repository.git',
    tokenBefore: 'To push over HTTPS, set an access token as the secret',
    tokenAfter: 'in Model settings.',
    doing: 'Adding the remote…',
    adding: 'Adding…',
  },

  stashes: {
    title: 'Stashes',
    message: 'What the changes are',
    messageHint: 'What the changes are (optional)',
    none: 'Nothing is put aside.',
    doing: 'Stashing…',
    push: { action: 'Stash all changes', failed: 'Nothing was put aside' },
    pop: 'Pop',
    apply: 'Apply',
    notApplied: 'The stash was not applied whole',
    drop: {
      action: 'Drop',
      question: 'Drop this stash?',
      message: (message: string) => `${message} is lost.`,
      failed: 'The stash was not dropped',
    },
  },
};
