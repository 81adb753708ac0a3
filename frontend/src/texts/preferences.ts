/** What Preferences say, and the list of keys in them. */

export const texts = {
  title: 'Preferences',
  whereTheyHold: 'They hold for this browser, in every model.',
  appearance: 'Appearance',
  theme: 'Colours',
  themes: { system: 'As the system has it', light: 'Light', dark: 'Dark' },
  fontSize: 'Font size',
  fontSizeUnit: 'pixels, in the editor and in terminals',
  wholeNumber: (least: number, most: number) => `A whole number from ${least} to ${most}.`,
  editor: 'Editor',
  keymap: 'Keys',
  keymaps: { standard: 'Those of VS Code', vim: 'Vim', emacs: 'Emacs' },
  pythonServer: 'Python is known by',
  pythonServerHint: 'basedpyright is slower and larger, and knows more',
  terminals: 'Terminals',
  switches: {
    highContrast: { title: 'High contrast', hint: 'Text and lines that stand out more.' },
    autosave: { title: 'Autosave', hint: 'Saves when you stop typing, and when you go elsewhere.' },
    formatOnSave: { title: 'Format on save', hint: 'Where the language has a formatter.' },
    inlayHints: {
      title: 'Inlay hints',
      hint: 'Types and names of arguments, between what you have written.',
    },
    wordWrap: { title: 'Wrap long lines', hint: 'Instead of scrolling sideways.' },
    readTerminalsAloud: { title: 'Screen reader mode', hint: 'What programs print is read aloud.' },
  },
  allKeys: 'Keys of all commands',
  findCommand: 'Find a command or key',
  command: 'Command',
  noCommand: 'No command is called so.',
};
