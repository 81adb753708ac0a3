/** What is said of what language servers know of the code and do to it. */

export const texts = {
  commands: {
    definition: 'Code: Go to definition',
    references: 'Code: Find all references',
    rename: 'Code: Rename symbol',
    quickFix: 'Code: Quick fix',
    format: 'Code: Format document',
    hover: 'Code: Show what is known of the name at the cursor',
    inlayHints: 'Code: Inlay hints on or off',
    formatOnSave: 'Code: Format on save on or off',
    restart: 'Code: Restart the language servers',
  },
  noDefinition: 'No definition was found.',
  definitionsOf: (name: string) => `Definitions of ${name}`,
  noReferences: 'No references were found.',
  referencesTo: (name: string) => `References to ${name}`,
  /** In the place of a name. */
  noName: 'it',
  nothingToRename: 'There is no name here that can be changed.',
  newNameOf: (name: string) => `New name of ${name}`,
  renameKeys: 'Enter to rename, Escape to cancel',
  /** `where`: "3 places in 2 files". */
  renamed: (name: string, where: string) => `Renamed to ${name} at ${where}.`,
  quickFixes: 'Quick fixes',
  noQuickFix: 'There is no quick fix here.',
  formatOnSave: (isOn: boolean) => `Format on save is ${isOn ? 'on' : 'off'}.`,
  noFormatter: (file: string) => `No formatter is running for ${file}.`,
  known: 'What is known of the name',
  nothingKnown: 'Nothing is known of what stands here.',
  noAnswer: (server: string, seconds: number) => `${server} has not answered within ${seconds} s.`,
  edits: {
    notText: (path: string) => `It would change ${path}, which is not shown as text.`,
    unwritable: (path: string, character: string, encoding: string) =>
      `It would write “${character}” into ${path}, and ${encoding} has no such character.`,
    changedBefore: (path: string) =>
      `${path} has changed on disk meanwhile. Its tab has the new text, not saved.`,
    changedMeanwhile: (path: string) =>
      `${path} was changed by something else at the same moment, and was left as it is.`,
    unfinished: ({ done, missing }: { done: readonly string[]; missing: readonly string[] }) =>
      `${done.length === 0 ? 'Nothing was changed' : `Changed: ${done.join(', ')}`}. Not saved or not changed: ${missing.join(', ')}`,
    unfinishedSaid: (why: string) => `Not all files could be changed. ${why}`,
  },
};
