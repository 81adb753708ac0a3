/** What Model settings say, but for their section of the environment. */

import { formatBytes, formatCount } from '../base/format.ts';

export const texts = {
  title: 'Model settings',
  tabs: 'Sections',
  isBuilding: 'An environment is being built',
  sections: {
    general: 'General',
    environment: 'Environment',
    variables: 'Variables',
    mounts: 'Mounted models',
    launchers: 'Launchers',
    filesystem: 'Filesystem',
  },
  outdatedTerminals: (count: number) => {
    const they = formatCount(count, 'running terminal was', 'running terminals were');
    return `${they} started before a change; ${count === 1 ? 'it offers' : 'they offer'} a restart.`;
  },
  general: {
    identifier: 'Identifier',
    renamed: 'The model is renamed.',
  },
  variables: {
    about:
      'New terminals and runs have these environment variables. The value of a secret is kept encrypted and is never shown again; in logs and results it is replaced by ***.',
    none: 'This model has no variables.',
    add: 'Add variable',
    addForm: 'New variable',
    change: 'Change',
    changeOne: (name: string) => `Change ${name}`,
    value: 'Value',
    newValue: 'New value',
    replacesKept: 'Replaces the one that is kept',
    secret: 'Secret',
    newLine: 'Shift+Enter starts a new line.',
    set: (name: string) => `${name} is set.`,
    nameTaken: (name: string) => `${name} exists already; change it in the list.`,
    badName: 'A name has letters, digits and _, and begins with no digit.',
    deleteOne: (name: string) => `Delete ${name}`,
    confirmDelete: (name: string) => `Delete ${name}?`,
    deleteMeans: 'New terminals and runs will not have it.',
    deleteSecretMeans: 'Its value is gone then; nobody can read it here.',
    cannotDelete: (name: string) => `${name} could not be deleted.`,
  },
  mounts: {
    about:
      "New terminals and runs see the files of these models, read-only and as they are. createModelState is also given the active state of each, by the model's id.",
    none: 'This model sees no other model.',
    idMeans: 'By this id code finds it in other_models',
    mountModel: 'Mount a model',
    mount: 'Mount',
    mounting: 'Mounting…',
    mounted: (model: string, path: string) => `${model} is mounted at ${path}.`,
    readingModels: 'Reading the models…',
    noModels: 'There is no other model to mount.',
    model: 'Model',
    chooseModel: 'Choose one',
    folder: 'Folder',
    nameTaken: (name: string) => `Another model is mounted at /mounts/${name}.`,
    badName: 'A name has up to 64 letters, digits and _.-, and begins with a letter, digit or _.',
    unmount: 'Unmount',
    unmountOne: (model: string) => `Unmount ${model}`,
    confirmUnmount: (model: string) => `Unmount ${model}?`,
    unmountMeans: (path: string) =>
      `New terminals and runs will not find it at ${path}. The model itself stays as it is.`,
    cannotUnmount: (model: string) => `${model} could not be unmounted.`,
  },
  launchers: {
    reading: 'Reading what runs are launched with…',
    about:
      'An empty field is as the server has it. What is changed holds for runs and launchers that start from then on.',
    table: 'What a run gets',
    fieldOfKind: (field: string, kind: string) => `${field} of ${kind}`,
    neverKept: 'never kept',
    aboutTable:
      'Memory counts what is in /tmp. A launcher that is kept has code and state loaded, and serves the next run at once.',
    noGpus: 'This server has no GPUs.',
    phases: 'How long a step may take',
    longestOf: (phase: string) => `Longest time of ${phase}`,
    asServer: 'As the server has it',
    changed: 'What runs are launched with is changed.',
  },
  filesystem: {
    size: 'Size',
    sizeInMebibytes: 'Size in MiB',
    mebibytes: 'MiB',
    presets: 'Usual sizes',
    roomFor: (bytes: number, files: number) =>
      `Room for ${formatBytes(bytes)} and ${files.toLocaleString('en-US')} files and folders. Takes effect at once; nothing restarts.`,
    badSize: 'A size is a number of MiB above 0.',
    belowUse: 'That is less than the model holds:',
    heldAndWhatToDo: (bytes: number, files: number) =>
      `${formatBytes(bytes)} in ${formatCount(files, 'file or folder', 'files and folders')}. Delete something first, choose a larger size, or:`,
    acceptReadOnly: 'Make it read-only until enough is deleted',
    readOnlyMeans: 'Nothing new can be written and no file can grow. What is there can be read and deleted.',
    grewMeanwhile: (held: { bytes: number; files: number }, limitBytes: number) =>
      `The model holds ${formatBytes(held.bytes)} and ${formatCount(held.files, 'file')} by now, more than ${formatBytes(limitBytes)} allows.`,
    changed: 'The size is changed.',
    inUse: 'In use',
    bytes: 'Bytes',
    bytesUsed: 'Bytes used',
    filesAndFolders: 'Files and folders',
    filesAndFoldersUsed: 'Files and folders used',
    usedOf: (used: string | number, limit: string | number) => `${used} of ${limit}`,
    largestFolders: 'Largest folders',
    counting: 'Counting…',
    noFolders: 'There are no folders.',
    folder: 'Folder',
    files: 'Files',
    wholeModel: 'All',
    fileCount: (count: number) => formatCount(count, 'file'),
  },
};
