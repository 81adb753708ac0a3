/** What the list of launchers says, and the form of a persistent one. */

import { formatCount } from '../base/format.ts';
import type { LauncherLevel, LauncherStatus } from '../wire.ts';

export const texts = {
  title: 'Launchers',
  lead: "Sandboxes that hold the model's code and answer its runs. What they may use is chosen in Model settings.",
  none: 'Nothing runs or waits now. A run starts a launcher, which is kept for a while; a persistent one stays.',
  allOfServer: 'All of the server',
  persistent: 'persistent',
  openModel: 'Open model',
  showRun: 'Show run',
  showRunOf: (name: string) => `Show the run of ${name}`,
  stopLauncher: (name: string) => `Stop ${name}`,
  notStopped: (name: string) => `${name} could not be stopped.`,
  change: 'Change',
  changeLauncher: (name: string) => `Change ${name}`,
  removeLauncher: (name: string) => `Remove ${name}`,
  worksYet: 'It works; stop the run first',
  removal: {
    question: (name: string) => `Remove ${name}?`,
    message: 'Runs that wait for it end; others go on as before, on temporary launchers.',
    confirm: 'Remove launcher',
    failed: (name: string) => `${name} could not be removed.`,
  },
  startedByNextRun: 'Mend what is wrong: the next run on it starts it again.',
  noProcessNow: 'It has no process now.',

  statuses: {
    starting: 'Starting',
    ready: 'Ready',
    working: 'Working',
    restarting: 'Restarting',
    failed: 'Failed',
  } satisfies Record<LauncherStatus, string>,
  warm: 'Warm',

  /** The parts of the line about one. */
  noProcess: 'no process',
  loaded: { launcher: 'process started', code_loaded: 'code loaded' },
  instantiated: 'instantiated',
  stateInstantiated: (state: string) => `state “${state}” instantiated`,
  started: (age: string) => `started ${age}`,
  runs: (count: number) => formatCount(count, 'run'),
  startedAgain: (times: number) => (times === 1 ? 'started again once' : `started again ${times} times`),
  startsAgainIn: (left: string) => `starts again in ${left}`,
  endsIn: (left: string) => `ends in ${left}`,

  newPersistent: 'New persistent launcher',
  form: {
    lead: 'It waits for runs, starts with the server, and is started again when it dies.',
    level: 'What it has loaded while it waits',
    levels: {
      state_instantiated: {
        title: 'State instantiated',
        hint: 'The model stands with its state; an evaluate is answered at once.',
      },
      code_loaded: {
        title: 'Code loaded',
        hint: 'The code is imported; the state is instantiated by the first run.',
      },
      launcher: {
        title: 'Process started',
        hint: 'The sandbox runs; code and state are loaded by the first run.',
      },
    } satisfies Record<LauncherLevel, { title: string; hint: string }>,
    activeState: 'The active state, whichever that is',
    deletedState: 'A state that is deleted',
    serverHasNone: 'This server has none',
    emptyField: 'An empty field is as the model has it for evaluate.',
    fromNextStart: 'A change holds from its next start on.',
    make: 'Make launcher',
    made: (name: string) => `The launcher ${name} is made.`,
    changed: (name: string) => `The launcher ${name} is changed.`,
  },
};
