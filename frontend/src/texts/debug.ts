/** What a debug session says. */

export const texts = {
  waits: 'waits for a launcher',
  endsIn: (left: string) => `ends by itself in ${left}`,
  reload: 'Reload code',
  reloadHint: 'Forget the code and load what it is now',
  end: 'End session',
  notOpened: (path: string) => `${path} could not be opened.`,

  /** What is to be called next. */
  form: {
    title: 'Call a function',
    functions: 'Functions',
    notDefined: (name: string) => `The code defines no ${name}`,
    noFunction: 'There is no function to call. Mend the code, then reload it.',
    noInputs: (name: string, file: string) => `${name} takes no inputs. They are declared in ${file}.`,
    activeState: 'The active state',
    noState: 'No state',
    stateOfCall: (number: number) => `The state of call ${number}`,
    call: (name: string) => `Call ${name}`,
    datasetsNotListed: 'The datasets could not be listed.',
  },

  /** What came of a call. */
  call: {
    all: 'Calls',
    load: 'Load code',
    title: (number: number, name: string) => `Call ${number}, ${name}`,
    running: 'Running',
    notFinished: 'Not finished',
    notCalled: (name: string) => `${name} could not be called.`,
    withState: (state: string) => `With ${state}.`,
    parameters: 'Parameters',
    tooLarge: 'too large to be shown',
    progress: 'Progress',
    madeState: (size: string) => `Made a state, ${size}`,
    keep: 'Keep as state',
    kept: (state: string) => `${state} is a state of the model now.`,
    notKept: 'The state could not be kept.',
    gone: 'no longer there',
  },
};
