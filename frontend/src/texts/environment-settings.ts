/** What the section of the environment in Model settings says. A choice comes in words: "Python 3.12 · Node 24". */

import { formatCount } from '../base/format.ts';

export const texts = {
  reading: 'Reading the environment…',
  languages: 'Languages',
  packages: 'Preinstalled packages',
  packagesHint:
    'They cost nothing of the model’s limit. Another version that you install yourself comes before them.',
  readingOffers: 'Reading what is offered…',
  noneOffered: 'None is offered on this server.',
  cannotReadOffers: 'What is offered could not be read.',
  chooseVersions: 'Choose versions to see what applying them does.',
  apply: 'Apply',
  applying: 'Applying…',
  inUse: (choice: string) => `${choice} is in use.`,
  inUseMeans: 'New terminals and runs have it; running terminals offer a restart.',
  cannotStartCommand: 'The command could not be started.',
  toolWords: { title: 'What the tool said', toCopy: 'what the tool said' },
  versions: {
    ready: 'Ready on this machine',
    wouldBeFetched: 'Would be fetched',
    notOffered: 'No longer offered',
    fetchedWhenApplied: 'Fetched when applied',
    notPreinstalled: 'None',
    noneFits: (part: string) => `There is no version of ${part} for this choice.`,
    available: 'Available:',
    alsoAvailable: 'Also available:',
    andOlder: (count: number) => `and ${count} older`,
  },
  plan: {
    added: (name: string, version: string) => `${name} ${version} added`,
    removed: (name: string, version: string) => `${name} ${version} removed`,
    first: 'The first one',
    keepsInUse: 'What is in use stays',
    cancelsBuild: 'What is being built now is cancelled.',
    isReady: 'It is ready on this machine: new terminals and runs use it at once.',
    builtFirst: (fetched: readonly string[]) => {
      const it = fetched.length > 0 ? `${fetched.join(' and ')} is fetched, then it` : 'It';
      return `${it} is built first, which may take some minutes. New terminals and runs use it once it is whole.`;
    },
    terminalsKeepOld: (count: number) => {
      const they = formatCount(count, 'running terminal keeps', 'running terminals keep');
      return `${they} the old one until ${count === 1 ? 'it is' : 'they are'} restarted.`;
    },
  },
  build: {
    title: 'Build',
    building: (choice: string) => `Building ${choice}`,
    allWait: 'Terminals and runs wait for it.',
    usedMeanwhile: (choice: string) => `Until it is whole, new terminals and runs use ${choice}.`,
    goesOn: 'You can close this, it goes on.',
    cancel: 'Cancel build',
    progress: 'Building the environment',
    progressValue: (percent: number, phase: string) => `${percent} %, ${phase}`,
    progressSpoken: (percent: number, phase: string) => `${phase}, ${percent} percent.`,
    failed: (choice: string) => `${choice} could not be built`,
    hasNone: 'The model has no environment yet.',
    stillUses: (choice: string) => `The model still uses ${choice}.`,
    afterFailure: 'Choose other versions below and apply them, or try again.',
    cancelled: (choice: string) => `The build of ${choice} was cancelled.`,
  },
  ownPackages: {
    title: 'Your own packages',
    missing: (count: number, { python, now }: { python: string; now: string }) =>
      `${formatCount(count, 'package')} of Python ${python} ${count === 1 ? 'is' : 'are'} missing under ${now}.`,
    reinstall: 'Reinstall packages',
    reinstallWhere: (python: string) => `In a new terminal, under Python ${python}.`,
    filesAsk: (paths: readonly string[]) =>
      `${paths.join(' and ')} ${paths.length === 1 ? 'asks' : 'ask'} for what is not installed.`,
    install: 'Install dependencies',
  },
};
