/** What the charts of metrics say. */

export const texts = {
  metrics: 'Metrics',
  smoothing: 'Smoothing',
  noSmoothing: 'none',
  /** Before the choice of an axis. */
  over: 'Over',
  overSteps: 'steps',
  overTime: 'time',
  logarithmic: 'Logarithmic',
  csv: 'CSV',
  saveCsv: 'All points, as a table for spreadsheets',

  compareWith: (count: number) => `Compare with other trainings${count === 0 ? '' : ` (${count})`}`,
  compared: 'Trainings compared',
  thisOne: (run: string) => `${run} (this one)`,
  sameParameters: 'same parameters',
  notGiven: 'not given',
  leaveOut: 'Leave out',
  leaveOutRun: (run: string) => `Leave out ${run}`,
  moreNames: (count: number) => `Further metrics are not drawn: there are more than ${count} names.`,

  /** Beside the place on the axis that is looked at. */
  axes: { step: 'step', time: 'time', point: 'point' },
  axisLabels: { step: 'step', time: 'seconds', point: 'point' },
  showCurve: 'Curve',
  showTable: 'Table',
  valuesOf: (metric: string) => `Values of ${metric}`,
  noLogarithm: 'Nothing of it is above zero, so it has no logarithm.',
  noNumbers: 'None of its values is a number.',
  readByKeys: (curves: string) => `${curves}; arrow keys read its values`,

  step: (step: number) => `Step ${step}`,
  stepOf: (metric: string) => `Step of ${metric}`,
  latestStep: 'Latest',
};
