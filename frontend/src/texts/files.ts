/** What the tree of files says. */

export const texts = {
  title: 'Files',
  none: 'No files yet. Create one, or drop some here.',
  withChanges: 'with changes',

  newFile: 'New file',
  newFolder: 'New folder',
  uploadFiles: 'Upload files',
  uploadFolder: 'Upload a folder',
  refresh: 'Refresh the files',
  showHidden: 'Show hidden files',
  hiddenFiles: 'Hidden files',
  closeAllFolders: 'Close all folders',
  actions: 'Actions',
  actionsFor: (what: string) => `Actions for ${what}`,
  cut: 'Cut',
  paste: 'Paste',
  duplicate: 'Duplicate',
  copyPath: 'Copy path',
  copyRelativePath: 'Copy relative path',
  commands: {
    newFile: 'Files: New file',
    newFolder: 'Files: New folder',
    uploadFiles: 'Files: Upload files',
    uploadFolder: 'Files: Upload a folder',
    toggleHidden: 'Files: Show or hide hidden files',
    closeAllFolders: 'Files: Close all folders',
    refresh: 'Files: Refresh',
    focusTree: 'Files: Focus the file tree',
    undo: 'Files: Undo the last change of files',
    reveal: 'Files: Show the open file in the tree',
    copyPath: 'Files: Copy the path of the open file',
  },

  /** What a name is typed for. */
  nameFields: { rename: 'New name', 'new-file': 'File name', 'new-folder': 'Folder name' },
  nameTaken: (name: string) => `"${name}" is taken already.`,
  /** What a copy has in its name; the first that is not taken is used. */
  copyMark: (number: number) => (number === 1 ? ' copy' : ` copy ${number}`),
  filesAndFolders: (count: number) => `${count} files and folders`,
  andMore: (count: number) => `and ${count} more`,

  held: {
    cut: (what: string) => `${what} cut`,
    copy: (what: string) => `${what} copied`,
  },
  deleted: (what: string) => `Deleted ${what}.`,
  nothingToUndo: 'Nothing to undo in the files',
  deleteForGood: (what: string) => `Delete ${what} for good?`,
  cannotBeUndone: 'This cannot be undone.',
  taken: {
    title: (count: number, name: string) =>
      count === 1 ? `${name} is there already` : `${count} names are taken`,
    message: (folder: string, names: string) =>
      `In ${folder === '' ? 'the root folder' : folder} there is:\n${names}`,
    keepBoth: 'Keep both',
    replace: 'Replace',
  },
  failed: {
    create: (name: string) => `Creating ${name} failed`,
    move: (name: string) => `Moving ${name} failed`,
    copy: (name: string) => `Copying ${name} failed`,
    delete: (what: string) => `Deleting ${what} failed`,
    restore: (what: string) => `${what} cannot be put back`,
  },
};
