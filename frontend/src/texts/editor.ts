/** What the editor says: of its tabs, of files as they are opened and saved, and of what stands on disk. */

export const texts = {
  area: 'Editor',
  textOf: (name: string) => `Editor, ${name}`,
  noFile: 'No file is open',
  pathOf: (name: string) => `Path of ${name}`,
  reveal: (path: string) => `Reveal ${path} in the files`,
  notRevealed: (path: string) => `${path} cannot be shown in the files.`,
  cannotBeOpened: (name: string) => `${name} cannot be opened`,
  cannotBeOpenedSaid: (name: string) => `${name} cannot be opened.`,
  readOnly: (path: string) => `Read-only: ${path} is part of the model's environment.`,
  draftsNotKept: 'This browser does not keep unsaved text, should it or the page end.',
  quickFix: 'Quick fix…',
  plainText: 'Plain text',
  group: {
    splitByKey: 'Split right (Ctrl+\\)',
    allTabs: 'All tabs of this group',
    tabs: 'Tabs of this group',
  },
  tab: {
    deleted: 'deleted',
    notSaved: (problem: string | null) => (problem ? `not saved: ${problem}` : 'not saved'),
    preview: 'preview',
    pinned: 'pinned',
    closeNamed: (name: string) => `Close ${name}`,
    closeByKey: 'Close (Alt+W)',
    pin: 'Pin',
    unpin: 'Unpin',
    unpinNamed: (name: string) => `Unpin ${name}`,
  },
  menu: {
    label: (path: string) => `Tab ${path}`,
    closeOthers: 'Close others',
    closeToTheRight: 'Close to the right',
    closeSaved: 'Close saved',
    closeAll: 'Close all',
    splitRight: 'Split right',
    splitDown: 'Split down',
    keepOpen: 'Keep open',
    copyPath: 'Copy path',
    reveal: 'Reveal in files',
  },
  closing: {
    question: (name: string) => `Save the changes to ${name}?`,
    consequence: 'They are lost if you do not save them.',
    discard: "Don't save",
  },
  saving: {
    done: (name: string) => `${name} saved.`,
    failed: (name: string) => `Saving ${name} failed`,
    hookFailed: 'What is done before saving failed; the file is saved as it is.',
    hookTooSlow: (seconds: number) => `What is done before saving took more than ${seconds} s.`,
    /** `character` is null where it is half of one. */
    unwritable: (
      encoding: string,
      character: string | null,
      { line, column }: { line: number; column: number },
    ) =>
      `${encoding} has no ${character === null ? 'half a character' : `“${character}”`} (line ${line}, column ${column}). Nothing was saved. Save it with UTF-8, or take it out.`,
  },
  disk: {
    changed: (name: string) => `${name} has changed on disk since you opened it.`,
    changedTitle: (name: string) => `${name} has changed on disk`,
    changedWhileEdited: (path: string) =>
      `Something else has written ${path} since you opened it. Your text is not saved yet.`,
    deleted: (name: string) => `${name} was deleted on disk. Its text is kept here.`,
    putBack: (age: string) => `Unsaved changes from ${age} were put back.`,
    load: 'Load disk version (discard mine)',
    overwrite: 'Overwrite disk version',
    saveAgain: 'Save it again',
  },
  /** Why what a language server wants to change cannot be changed, and how much it is. */
  edits: {
    notOnlyText: 'It would create, rename or delete files, which is not done here.',
    notOfModel: (path: string) => `It would change ${path}, which is not a file of the model.`,
    overlapping: 'Some of its changes overlap.',
    extent: (places: number, files: number) =>
      `${places} ${places === 1 ? 'place' : 'places'} in ${files} ${files === 1 ? 'file' : 'files'}`,
  },
};
