/** What the dialog says that evaluates a snapshot. */

export const texts = {
  title: (snapshot: string) => `Evaluate ${snapshot}`,
  hint: 'Its code and files run as they were taken, read-only, in its environment. The model stays as it is; its variables and mounted models are those of now.',
  reading: 'Reading its parameters…',
  noInputs: 'It takes no inputs.',
  noState: 'None, or one made for this',
  stateOfSnapshot: (name: string) => `${name}, as in the snapshot`,
  starting: 'Starting…',
  started: (snapshot: string) => `Evaluate of ${snapshot} has started.`,
};
