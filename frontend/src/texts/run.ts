/** What is said of operations: what they are, how they run and how they ended, and what can be done with them. */

import type { OperationKind, OperationStatus, OutcomeKind, Phase, ProblemKind } from '../wire.ts';

export const texts = {
  kinds: {
    evaluate: 'Evaluate',
    train: 'Train',
    createModelState: 'Create state',
    debug: 'Debug session',
  } satisfies Record<OperationKind, string>,
  phases: {
    codeStartup: 'Load code',
    createState: 'Create state',
    instantiateModel: 'Instantiate model',
    train: 'Train',
    getState: 'Get state',
    evaluate: 'Evaluate',
    dispose: 'Dispose',
  } satisfies Record<Phase, string>,
  statuses: {
    queued: 'Queued',
    running: 'Running',
    succeeded: 'Succeeded',
    failed: 'Failed',
    cancelled: 'Stopped',
    interrupted: 'Interrupted',
  } satisfies Record<OperationStatus, string>,

  /** How an operation ended, and what to do next; '' when there is nothing to add. */
  outcomes: {
    succeeded: { title: 'Succeeded', advice: '' },
    cancelled: { title: 'Stopped', advice: '' },
    interrupted: {
      title: 'Interrupted',
      advice: 'The server was stopped or restarted while this ran. Run it again.',
    },
    exception: { title: 'Exception', advice: '' },
    missing_function: {
      title: 'Function missing',
      advice: 'Define the function at the top level of the model’s main file, then run again.',
    },
    invalid_executable_file: {
      title: 'The code could not be loaded',
      advice: 'Mend the error below, then run again.',
    },
    read_executable_file_failed: {
      title: 'No code to run',
      advice: 'A model needs main.py, index.js, index.mjs or index.ts at the top of its files.',
    },
    invalid_output: {
      title: 'Output does not fit',
      advice: 'Return what slipway.toml declares as outputs, or change the declaration.',
    },
    max_duration_exceeded: {
      title: 'Time out',
      advice: 'Make this step shorter, or give it more time in Model settings, Launchers.',
    },
    code_terminated: { title: 'The process ended', advice: '' },
    launcher_terminated: {
      title: 'The launcher was terminated',
      advice: 'Run it again. If it happens again, the server’s log says why.',
    },
    server_overloaded: {
      title: 'The server is overloaded',
      advice: 'Wait for other operations to end, then run again.',
    },
  } satisfies Record<OutcomeKind, { title: string; advice: string }>,
  outOfMemory: {
    title: 'Out of memory',
    advice:
      'The launcher’s memory limit was reached. Use smaller batches, or give launchers more memory in Model settings.',
  },
  outcomeIn: (title: string, phase: string) => `${title} in “${phase}”`,
  endedBySignal: (signal: string) => `The process ended by signal ${signal}`,
  endedWithCode: (code: number) => `The process ended with exit code ${code}`,
  outcome: 'Outcome',
  traceback: 'Traceback',

  queue: {
    forLauncher: 'waits for a launcher',
    next: 'next',
    before: (count: number) => `${count.toLocaleString('en-US')} before it`,
  },

  /** What is done with operations, and what is told of it. */
  runAgain: 'Run again',
  useInputs: 'Use these inputs',
  started: (kind: string) => `${kind} has started.`,
  notStarted: (kind: string) => `${kind} could not be started.`,
  ended: (kind: string, outcome: string) => `${kind}: ${outcome}.`,
  endedAfter: (kind: string, outcome: string, duration: string) => `${kind}: ${outcome} after ${duration}.`,
  endedSomehow: 'ended',
  notStopped: 'It could not be stopped.',
  resumed: 'The training goes on.',
  notResumed: 'The training could not be resumed.',
  inputsUnreadable: 'The inputs could not be read.',
  remove: {
    many: (count: number) => `${count} operations`,
    thisOne: 'Delete this operation?',
    all: (operations: string) => `Delete ${operations}?`,
    warning: (what: string) => `${what}: logs, metrics and results are removed for good.`,
    failed: (kind: string) => `${kind} could not be deleted.`,
  },
  copyAs: {
    title: 'Copy as',
    language: (language: string) => `Copy as ${language}`,
    done: (language: string) => `Copied as ${language}. Put an API token in its place before you run it.`,
    failed: 'It could not be copied.',
  },

  /** One operation, as it is looked at. */
  progress: 'Progress',
  steps: 'Steps',
  notFinished: 'not finished',
  notOpened: (path: string) => `${path} could not be opened.`,
  origin: {
    snapshot: (name: string) => `Of the snapshot ${name}`,
    goneSnapshot: 'Of the snapshot that was deleted since',
    training: (time: string) => `Goes on from the training of ${time}`,
    goneTraining: 'Goes on from the training that was deleted since',
  },
  resume: {
    hint: (state: string) => `Train with the same parameters, from ${state}`,
    starting: 'Starting…',
    fromCheckpoint: 'Resume from checkpoint',
    fromHere: 'Train on from here',
  },

  states: {
    runOn: 'Run on',
    made: 'New state',
    madeIsActive: 'is the active one',
    makeActive: 'Make active',
    isActive: (name: string) => `${name} is the active state.`,
    notActive: (name: string) => `${name} could not be made active.`,
    chosenActive: (name: string) => `${name} (active)`,
    chosenNew: 'a new one',
    onActive: 'The active state',
    onNew: 'A new state, made by createModelState',
    activeBadge: 'active',
    newBadge: 'new',
    all: 'All about the states',
    delete: (name: string) => `Delete ${name}`,
    deleteThis: 'Delete this state?',
    deleteWarning: (name: string) => `${name} is removed for good.`,
    notDeleted: (name: string) => `${name} could not be deleted.`,
  },

  code: {
    problems: 'Problems of the code',
    kinds: {
      syntax: 'Syntax error',
      import: 'Import error',
      exception: 'Error while the code is loaded',
      no_code: 'No code to run',
      out_of_time: 'Loading takes too long',
      terminated: 'Loading was ended',
    } satisfies Record<ProblemKind, string>,
    place: (path: string, line: number) => `${path}, line ${line}`,
    notChecked: (failure: string) => `The code could not be checked. ${failure}`,
    checkAgain: 'Check again',
    lacksFunction: (kind: string, name: string) =>
      `${kind} needs a function ${name}, which the code does not define.`,
  },

  button: {
    evaluate: 'Evaluate (F5)',
    stop: 'Stop (Shift+F5)',
    heardBefore: 'Run:',
    choose: 'What to run',
  },
  commands: {
    evaluate: 'Run: Evaluate',
    train: 'Run: Train',
    createState: 'Run: Create state',
    debug: 'Run: Debug session',
    stop: 'Run: Stop',
    focus: 'Run: Focus',
  },
  panel: {
    inputs: 'Inputs',
    useLastInputs: 'Use last inputs',
    inputsPut: 'The inputs were put into the form.',
    unfit: (count: number) => `${count} of the inputs ${count === 1 ? 'does' : 'do'} not fit.`,
    backToDefaults: 'Back to the defaults',
    takesNoInputs: (kind: string, file: string) => `${kind} takes no inputs. They are declared in ${file}.`,
    define: 'Define some',
    open: (file: string) => `Open ${file}`,
    debugHint: 'Loads the code, then waits: you call each function yourself, as often as you like.',
    history: 'History',
    nothingBeforeKey: 'Nothing has run yet. Press',
    nothingAfterKey: 'to evaluate; the result, the log and how long each step took appear here.',
  },
};
