/** What the panel of terminals says. */

export const texts = {
  panel: 'Terminal',
  list: 'Terminals',
  endedTab: (title: string) => `${title}, ended`,
  ended: 'ended',
  closeTab: (title: string) => `Close ${title}`,
  open: 'New terminal',
  openByKey: 'New terminal (Ctrl+Shift+`)',
  split: 'Split terminal',
  splitByKey: 'Split terminal (Ctrl+Shift+5)',
  starting: 'Starting a terminal…',
  /** `phase`: "Fetching Python". */
  waitsForEnvironment: (phase: string, percent: number) =>
    `It waits for its environment: ${phase.toLowerCase()}, ${percent} %.`,
  startsWorkspace: 'The first one of a model starts its workspace.',
  none: 'No terminal is open.',
  openOne: 'Open one',
  notOpened: 'No terminal could be opened.',
  notClosed: 'The terminal could not be closed.',
  notListed: 'The terminals could not be read.',
  fileNotOpened: (path: string) => `${path} could not be opened.`,
  readAloud: (isOn: boolean) => `Screen reader mode of the terminal is ${isOn ? 'on' : 'off'}.`,
  renaming: {
    title: 'Rename terminal',
    working: 'Renaming…',
  },
  restarting: {
    question: (title: string) => `Restart ${title}?`,
    consequence: 'Something seems to run in it. Restarting ends that, and clears what it has printed.',
    restart: 'Restart terminal',
    failed: 'The terminal could not be restarted.',
    done: 'The terminal is restarted.',
  },
  commands: {
    open: 'Terminal: New',
    split: 'Terminal: Split',
    rename: 'Terminal: Rename',
    next: 'Terminal: Next',
    previous: 'Terminal: Previous',
    focus: 'Terminal: Focus',
    close: 'Terminal: Close',
    readAloud: 'Terminal: Switch screen reader mode',
  },
  /** Of one that was started before something changed. */
  outdated: {
    somehow: 'This terminal runs in the previous environment, or with its variables or mounted models.',
    byVariables: 'This terminal has the previous variables or mounted models.',
    byEnvironment: (previous: string) => `This terminal runs in the previous environment (${previous}).`,
  },
  /** Why nothing more will come. */
  ends: {
    gone: 'this terminal no longer exists',
    signedOut: 'you are no longer signed in',
    closed: 'the connection was closed',
    killed: 'the process was killed',
    exited: (code: number) => `process exited with code ${code}`,
    printed: (reason: string) => `[${reason}] – press Enter for a new terminal`,
    said: (title: string, reason: string) => `${title}: ${reason}.`,
  },
  input: {
    notRead: (title: string) => `The program in ${title} does not read its input.`,
    refused: (bytes: number) =>
      `${bytes.toLocaleString('en-US')} bytes typed or pasted were refused. Press Ctrl+C to interrupt it.`,
  },
  command: {
    succeeded: 'Succeeded',
    failed: (exitStatus: string) => `Failed with exit status ${exitStatus}`,
  },
  reconnecting: {
    againIn: (seconds: number) => `again in ${seconds} s`,
    retryNow: 'Retry now',
  },
  size: {
    byAnotherWindow: (columns: number, rows: number) => `${columns} × ${rows}, as set by another window`,
    useOwn: 'Use this window’s size',
  },
  find: {
    label: 'Find in terminal',
    placeholder: 'Find',
    notFound: 'Not found',
    above: 'Find above',
    below: 'Find below',
    close: 'Close find',
  },
};
