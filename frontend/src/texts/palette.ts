/** What the palette says, by what it lists. */

export const texts = {
  modes: {
    files: {
      title: 'Go to file',
      label: 'Name of the file',
      hint: 'Go to file…  > commands  @ symbols  # all symbols  : line',
    },
    commands: { title: 'Commands', label: 'Name of the command', hint: 'Run a command…' },
    symbols: {
      title: 'Go to symbol in the file',
      label: 'Name of the symbol in the file',
      hint: 'Go to a symbol of this file…',
    },
    allSymbols: {
      title: 'Go to symbol',
      label: 'Name of the symbol',
      hint: 'Go to a symbol of the model…',
    },
    line: { title: 'Go to line', label: 'Number of the line', hint: 'Line, or line:column…' },
  },
  results: 'Results',
  recent: 'recently opened',
  place: (file: string, line: number, column: number | undefined) =>
    `Line ${line}${column === undefined ? '' : `, column ${column}`} of ${file}`,
  looking: 'Looking…',
  noMatch: 'Nothing matches.',
  noFile: 'No file is open.',
  typeLine: 'Type the number of a line, or line:column.',
  noSymbolsInFile: 'No symbols are known of this file.',
  noSymbols: 'No symbols. They come from the language servers of open files.',
};
