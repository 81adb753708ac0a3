/** What the dialog says that shows runs side by side. */

export const texts = {
  title: (count: number) => `Compare ${count} runs`,
  sideBySide: 'Runs side by side',
  run: (number: number) => `Run ${number}`,
  inputs: 'Inputs',
  tooLong: 'too long to show',
  aFile: 'a file',
  durations: 'Durations',
  inAll: 'In all',
  outcome: 'Outcome',
  stateGone: 'gone',
  ended: 'Ended',
  notYet: 'not yet',
  succeeded: 'Succeeded',
  lastValues: 'Last values of the metrics',
  results: 'Results',
  curves: 'Curves',
  metricsOfAll: 'Metrics of all runs',
};
