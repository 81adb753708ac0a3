/** What the log of an operation says. */

export const texts = {
  output: 'Output',
  log: 'Log',
  streams: 'Streams',
  streamNames: { both: 'both streams', stdout: 'stdout', stderr: 'stderr' },
  /** Before a line that was printed as an error. */
  errorMark: 'err',
  times: 'Times',
  wrap: 'Wrap',
  wrapHint: 'Break long lines',
  allOutput: 'all of the output',
  download: 'Download the log',
  downloadHint: 'Download all of it',

  find: 'Find',
  findInOutput: 'Find in the output',
  findKeys: 'Enter finds the next above, Shift+Enter the next below',
  notFound: 'Not found',
  /** place: which of them is shown, counted from 1; 0: none. */
  matches: (count: number, place: number) =>
    `${place > 0 ? `${place} of ` : ''}${count.toLocaleString('en-US')}`,
  above: 'The match above',
  below: 'The match below',

  leftOut: (lines: number) =>
    `The first ${lines.toLocaleString('en-US')} lines are left out of this view; the download holds them.`,
  nothingOn: (stream: string) => `Nothing on ${stream}.`,
  nothingYet: 'Nothing printed yet.',
  nothing: 'Nothing was printed.',
  follow: 'Follow',

  open: (path: string, line: number) => `Open ${path} at line ${line}`,
};
