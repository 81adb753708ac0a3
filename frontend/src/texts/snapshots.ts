/** What the dialog of snapshots says. */

import { formatCount } from '../base/format.ts';

export const texts = {
  title: 'Snapshots',
  lead: 'Frozen copies of the model: its files, environment, limit and one state. Content that several have is kept once.',
  noSnapshots: 'This model has no snapshot yet. Take one before something that you may want to undo.',
  evaluate: 'Evaluate this snapshot',
  export: 'Export as one file',
  exportNamed: (name: string) => `Export ${name}`,
  rename: (name: string) => `Rename ${name}`,
  renaming: 'Renaming…',
  /** In the way of a snapshot, and of going back to one. */
  unsaved: 'A file has changes that could not be saved. Save or close it first.',

  sizeInFiles: (size: string, files: number) => `${size} in ${formatCount(files, 'file')}`,
  noState: 'no state',
  withState: (state: string) => `state ${state}`,
  notAllKept: 'not all could be kept',

  details: { taken: 'Taken', noState: 'None', notKept: 'Not kept' },

  take: {
    button: 'Take snapshot',
    title: 'Take a snapshot',
    hint: 'It keeps all files, the environment and the limit, and one state.',
    action: 'Take snapshot',
    working: 'Taking…',
    activeState: (state: string) => `${state} (active)`,
    noState: 'None',
    done: (name: string) => `The snapshot ${name} is taken.`,
  },

  restore: {
    action: 'Restore',
    working: 'Working…',
    question: (name: string) => `Restore ${name}?`,
    message: (name: string, state: string | null) => {
      const ofState = state === null ? '' : ` Its state, ${state}, becomes the active one.`;
      return (
        `All files become those of the snapshot: what it does not hold goes. Its environment is chosen.${ofState} Terminals go on.\n\n` +
        `What there is now is kept first, as the snapshot “Before ${name}”.`
      );
    },
    failed: (name: string) => `${name} could not be restored.`,
    done: (name: string) => `${name} is restored.`,
    before: (name: string) => `What there was before is the snapshot “${name}”.`,
  },

  remove: {
    label: (name: string) => `Delete ${name}`,
    question: (name: string) => `Delete ${name}?`,
    message: 'It is removed for good. The model and models that were made from it stay as they are.',
    action: 'Delete snapshot',
    failed: (name: string) => `${name} could not be deleted.`,
  },

  newModel: {
    button: 'New model',
    title: (snapshot: string) => `New model from ${snapshot}`,
    hint: 'It has the files, environment, limit and state of the snapshot. Variables and secrets are not in it.',
    name: (model: string) => `Copy of ${model}`,
    action: 'Create model',
    working: 'Creating…',
  },
};
