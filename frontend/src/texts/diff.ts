/** What is said of two versions of a file beside one another. */

export const texts = {
  onDisk: 'On disk',
  yours: 'Yours',
  diskVersionOf: (name: string) => `Disk version of ${name}`,
  yourVersionOf: (name: string) => `Your version of ${name}`,
  before: (name: string) => `Before, ${name}`,
  after: (name: string) => `After, ${name}`,
  changes: (name: string) => `Changes, ${name}`,
  /** `versions`: "index ↔ file". */
  shown: (path: string, versions: string) => `${path} (${versions})`,
  shownSame: (path: string, versions: string) => `${path} (${versions}): both are the same`,
  previousChange: 'Previous change',
  nextChange: 'Next change',
  inline: 'Inline',
  openFile: 'Open the file',
  versionTooLong: (size: string) => `A version has ${size}: too much to compare.`,
  fileTooLong: (size: string) => `It has ${size}: too much to compare.`,
  notText: 'A version is not text, so there is nothing to compare by lines.',
};
