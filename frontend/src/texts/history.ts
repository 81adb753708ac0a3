/** What the list of earlier operations says. */

export const texts = {
  operations: 'Operations',
  kind: 'Kind',
  allKinds: 'All kinds',
  status: 'Status',
  anyStatus: 'Any status',
  noneOfThisKind: 'None of this kind.',
  found: (found: number, all: number) => `${found} of ${all}`,

  selection: 'Selected operations',
  selected: (count: number) => `${count} selected`,
  clear: 'Clear',
  selectTwo: 'Select at least two',
  atMost: (count: number) => `At most ${count} at once`,

  operation: (kind: string, age: string) => `${kind}, ${age}`,
  select: (operation: string) => `Select ${operation}`,
  runAgain: (operation: string) => `Run again: ${operation}`,
  runAgainHint: 'Run again with the same inputs',
  more: 'More',
  moreAbout: (operation: string) => `More about ${operation}`,
  on: (state: string) => `on ${state}`,
  goneState: 'a state that is gone',

  showMore: (count: number, left: number) => `Show ${count} more of ${left}`,
  lookBack: 'Look further back',
  notRead: 'Earlier operations could not be read.',
};
