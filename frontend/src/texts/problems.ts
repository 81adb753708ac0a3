/** What the panel of problems says. */

export const texts = {
  title: 'Problems',
  none: 'No problems have been found in the open files.',
  severities: { error: 'error', warning: 'warning', info: 'info', hint: 'hint' },
  line: (line: number) => `Ln ${line}`,
  place: (line: number, column: number) => `Ln ${line}, Col ${column}`,
  cannotBeOpened: (path: string) => `${path} could not be opened.`,
};
