/** What is said beside the lines of a file of what git has of them. */

interface Place {
  readonly number: number;
  readonly count: number;
}

export const texts = {
  since: {
    added: 'Added since what is staged (Alt+F3)',
    changed: 'Changed since what is staged (Alt+F3)',
    deleted: 'Deleted since what is staged (Alt+F3)',
  },
  change: ({ number, count }: Place) => `Change ${number} of ${count}`,
  changeAdded: ({ number, count }: Place) => `Change ${number} of ${count}: added`,
  changeBefore: ({ number, count }: Place) => `Change ${number} of ${count}; it was`,
  stage: 'Stage',
  revert: 'Revert',
  previous: 'Previous',
  next: 'Next',
  staging: 'Staging…',
  staged: 'Staged.',
  notStaged: 'That was not staged.',
  onlyUtf8: 'Only files in UTF-8 are staged in parts. Stage the whole file.',
  notCommitted: 'Not committed yet',
};
