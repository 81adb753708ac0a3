/** What the list of places in the code says. */

export const texts = {
  title: 'References',
  counted: (places: number, files: number) => `${places} in ${files} ${files === 1 ? 'file' : 'files'}`,
  cannotBeOpened: (path: string) => `${path} could not be opened.`,
};
