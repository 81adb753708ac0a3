/** What the frame of a model's page says: its bars and panels, and the notices above the editors. */

import { formatCount } from '../base/format.ts';

/** Why the server ended a connection, by the code that it closed the socket with. */
const ENDINGS: Readonly<Record<number, string>> = {
  4401: 'You are signed out. Open the sign-in link of the server again.',
  4404: 'This model has been deleted.',
};

export const texts = {
  opening: 'Opening the model…',
  noSuchModel: 'There is no such model',
  cannotOpen: 'The model cannot be opened',

  modelSettings: 'Model settings',
  goToFile: 'Go to file',
  commands: 'Commands',
  lightOrDark: 'Light or dark',
  preferences: 'Preferences',

  panels: 'Panels',
  views: {
    files: 'Files',
    search: 'Search',
    git: 'Source control',
    editor: 'Editor',
    terminal: 'Terminal',
    problems: 'Problems',
    references: 'References',
  },
  viewWithChanges: (view: string, changes: number) => `${view}, ${changes} changes`,
  bottomPanel: 'Bottom panel',
  bottomViews: 'Views of the bottom panel',
  sideBarWidth: 'Width of the side bar',
  bottomHeight: 'Height of the bottom panel',
  runWidth: 'Width of the run panel',

  dialogs: {
    parameters: 'Parameters',
    parametersOfModel: 'Parameters of the model',
    states: 'States',
    launchers: 'Launchers',
    snapshots: 'Snapshots',
    datasets: 'Datasets',
  },

  filesNotListed: 'The files cannot be listed.',

  connection: {
    outdated:
      'Slipway was updated, and this page is of the version before. Nothing is lost when you reload it.',
    reload: 'Reload',
    ended: (code: number, reason: string) =>
      ENDINGS[code] ?? `The server closed the connection: ${reason || code}.`,
    lost: 'The connection to the server was lost. You can go on typing; nothing is lost.',
    notYet: 'The server cannot be reached yet.',
    tryingIn: (seconds: number) => `Trying again in ${seconds} s.`,
    trying: 'Trying again…',
    retryNow: 'Retry now',
    tryingFailed: 'Trying again failed.',
  },

  full: {
    title: 'The filesystem is full.',
    advice: (usage: string) =>
      `${usage}. Delete something or raise the limit; files that get no larger can still be saved.`,
    raiseLimit: 'Raise limit',
  },

  remount: {
    title: (time: string) => `The filesystem was mounted again at ${time}.`,
    unsaved: (reason: string) => `${reason} What you have not saved is still in the editors.`,
  },

  packages: {
    missing: (count: number, python: string) =>
      `${formatCount(count, 'package')} of another Python ${count === 1 ? 'is' : 'are'} missing under Python ${python}:`,
    names: (shown: readonly string[], others: number) =>
      `${shown.join(', ')}${others > 0 ? ` and ${others} more` : ''}.`,
    reinstall: 'Reinstall packages',
    files: (paths: readonly string[]) => paths.join(' and '),
    notInstalled: (files: number) => `${files === 1 ? 'asks' : 'ask'} for what is not installed.`,
    install: 'Install dependencies',
    notStarted: 'The command could not be started.',
  },

  environment: {
    notBuilt: (environment: string) => `${environment} could not be built.`,
    cancelled: 'The build was cancelled.',
    ready: (environment: string) => `${environment} is ready.`,
    whoUsesIt: 'New terminals and runs use it. Running terminals keep the old one until they are restarted.',
    show: 'Show',
  },

  ports: {
    listening: (port: number) => `A program listens on port ${port}.`,
    open: 'Open in a new tab',
  },
};
