/** What the search in files says. */

import { formatCount } from '../base/format.ts';

export const texts = {
  title: 'Search',
  searchAgain: 'Search again',
  clear: 'Clear',
  clearSearch: 'Clear the search',
  foldAll: 'Close or open all files',
  commands: {
    focus: 'Search: Focus the search',
    replace: 'Search: Replace',
    next: 'Search: Next result',
    previous: 'Search: Previous result',
  },

  pattern: 'Search',
  historyHint: '↑ and ↓ bring earlier searches back',
  matchCase: 'Match case',
  wholeWord: 'Whole word',
  isRegex: 'Regular expression',
  replace: 'Replace',
  replaceWith: 'Replace with',
  replaceWithGroups: 'Replace with ($1 is a group)',
  replaceAll: 'Replace all',
  whichFiles: 'In which files',
  theseFiles: 'In these files',
  include: 'Files to include',
  includeHint: 'Include: *.py, src',
  exclude: 'Files to exclude',
  excludeHint: 'Exclude: *.log, data',
  hidden: 'Hidden',
  ignored: 'Ignored',
  hiddenFiles: 'hidden files',
  ignoredFiles: 'what .gitignore names',
  notSearched: (what: string) => `Not searched: ${what}.`,

  searching: 'Searching…',
  replacing: 'Replacing…',
  stopped: 'The search was stopped.',
  counted: (matches: number, files: number) =>
    matches === 0
      ? 'Nothing was found.'
      : `${formatCount(matches, 'match', 'matches')} in ${formatCount(files, 'file')}`,
  results: 'Found in files',
  replaceAllInFile: 'Replace all in this file',
  replaceThis: 'Replace this',
  dismiss: 'Dismiss',

  sure: {
    title: 'Replace all?',
    message: (counted: string, replacement: string) =>
      `${counted}: each is replaced with ${replacement === '' ? 'nothing' : `“${replacement}”`}.`,
  },
  replaced: (counted: string) => `Replaced ${counted}.`,
  nothingReplaced: 'Nothing was replaced.',
  replacingFailed: (path: string) => `Replacing in ${path} failed`,
  stillListed: 'What is still listed was not replaced.',
  undone: 'The replacement was undone.',
  partlyUndone: 'Some of it was not undone.',
  undoRest: 'Undo the rest',
  undoingFailed: (path: string) => `Undoing the replacement in ${path} failed`,
  changedSince: 'It has changed since the search. Search again.',
  tooLarge: 'It has grown too large since the search.',
  notUtf8: 'It is not UTF-8. Open it to change it.',
  andMore: (count: number) => `and ${count} more`,
};
