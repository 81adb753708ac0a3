/** How the viewers of files are called, and what is said around them. */

export const texts = {
  labels: {
    image: 'Image',
    audio: 'Audio',
    video: 'Video',
    table: 'Table',
    pages: 'Pages',
    preview: 'Preview',
    notebook: 'Notebook',
    bytes: 'Bytes',
    longText: 'Long text',
  },
  shownAs: 'Shown as',
  text: 'Text',
  both: 'Both',
  openAsText: 'Open as text',
  viewOf: (label: string, name: string) => `${label} of ${name}`,
  isBehind: 'It shows what is saved; your text has changes that are not.',
  opening: (name: string) => `Opening ${name}…`,
  cannotBeShown: 'It cannot be shown.',
};
