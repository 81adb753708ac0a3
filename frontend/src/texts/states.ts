/** What the dialog of states says. */

import { formatCount } from '../base/format.ts';

export const texts = {
  title: 'States',
  lead: 'What the model has learned. Runs use the active state, unless they are told otherwise.',
  noStates: 'This model has no state yet. Create state and Train in the Run panel make one, or upload one.',
  active: 'active',
  download: (name: string) => `Download ${name}`,
  downloadZip: 'Download as zip',
  rename: (name: string) => `Rename ${name}`,
  renaming: 'Renaming…',
  upload: 'Upload state',

  activate: {
    action: 'Make active',
    done: (name: string) => `${name} is the active state.`,
    failed: (name: string) => `${name} could not be made active.`,
  },

  remove: {
    label: (name: string) => `Delete ${name}`,
    notActive: 'The active state cannot be deleted; make another one active first',
    question: (name: string) => `Delete ${name}?`,
    message: 'It is removed for good. States that were trained from it stay.',
    action: 'Delete state',
    failed: (name: string) => `${name} could not be deleted.`,
  },

  madeBy: {
    created: 'Made by createModelState',
    trained: (from: string | null) => (from === null ? 'Trained' : `Trained from ${from}`),
    checkpoint: (from: string | null) =>
      from === null ? 'Checkpoint of a training' : `Checkpoint of a training from ${from}`,
    deletedState: 'a state that is deleted',
    uploaded: 'Uploaded',
    restored: 'From a snapshot',
  },
  sizeInKeys: (size: string, keys: number) => `${size} in ${formatCount(keys, 'key')}`,

  details: {
    run: 'Run',
    started: (time: string) => `Started ${time}`,
    startedAndTook: (time: string, duration: string) => `Started ${time}, took ${duration}`,
    code: 'Code',
    parameters: 'Parameters',
    content: 'Content',
    noContent: 'Nothing',
    bareBytes: 'Bare bytes',
    download: (key: string, state: string) => `Download ${key || 'the bytes'} of ${state}`,
  },

  uploading: {
    title: 'Upload a state',
    hint: "It becomes one of the model's states. The active state stays the same.",
    action: 'Upload',
    fileIs: 'The file is',
    bytes: 'the whole state, as bare bytes',
    key: 'the one key of the state',
    keyExample: 'weights',
    zip: 'a zip with a file for each key',
    done: (name: string) => `The state ${name} is uploaded.`,
  },
};
