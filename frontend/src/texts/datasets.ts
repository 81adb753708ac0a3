/** What the dialog of datasets says. */

import { formatCount } from '../base/format.ts';
import type { DatasetFormat } from '../wire.ts';

const entries = (count: number): string => formatCount(count, 'entry', 'entries');

export const texts = {
  title: 'Datasets',
  lead: 'Lists of entries by key, for all models of this server. Any input of a run may be a key of one.',
  noDatasets: 'There is no dataset yet. Upload a CSV, JSON lines, arrays of numpy or a zip of images.',
  append: 'Append',
  rename: (name: string) => `Rename ${name}`,
  renaming: 'Renaming…',
  renameHint:
    'Programs that name it by its name have to follow; runs that have it already know it by its id.',
  upload: 'Upload dataset',

  empty: 'empty',
  keys: (count: number) => formatCount(count, 'key'),
  entries,
  changed: (age: string) => `changed ${age}`,

  remove: {
    label: (name: string) => `Delete ${name}`,
    question: (name: string) => `Delete ${name}?`,
    message: 'Its entries are removed for good, for every model. Runs that have ended keep their results.',
    action: 'Delete dataset',
    failed: (name: string) => `${name} could not be deleted.`,
  },
  removeKey: {
    label: (key: string) => `Delete the key ${key}`,
    hint: 'Delete this key',
    question: (key: string, dataset: string) => `Delete ${key} of ${dataset}?`,
    message: (count: number) =>
      `All ${count.toLocaleString('en-US')} entries of this key are removed for good, for every model.`,
    action: 'Delete key',
    failed: (key: string) => `${key} could not be deleted.`,
  },

  table: {
    label: (dataset: string) => `Entries of ${dataset}`,
    noEntries: 'It has no entries yet. Append some from a file, or through the API.',
    entry: (key: string, index: number) => `${key}, entry ${index}`,
    download: (entry: string) => `Download ${entry}`,
    downloadAll: 'Download all of it',
    shown: (shown: number, all: number) => `Shown are the first ${shown} of ${entries(all)}.`,
    shownOfKeys: (shown: number, all: number, keys: { readonly shown: number; readonly all: number }) =>
      `Shown are the first ${shown} of ${entries(all)}, and ${keys.shown} of ${keys.all.toLocaleString('en-US')} keys.`,
  },

  uploading: {
    title: 'Upload a dataset',
    titleAppend: (dataset: string) => `Append to ${dataset}`,
    hint: 'What is in the file becomes a dataset that every model may use.',
    hintAppend: 'The entries come behind those that there are. Either all of them are appended, or none.',
    action: 'Upload',
    fileIs: 'The file is',
    formats: {
      csv: 'CSV: a key for each column, an entry for each line',
      jsonl: 'JSON lines: a key for each field, an entry for each line',
      npy: 'an array of numpy (.npy): entries of one key',
      zip: 'a zip of images, in folders for labels, or of .npy files',
    } satisfies Record<DatasetFormat, string>,
    keyExample: 'Key, such as x',
    done: (dataset: string) => `The entries are in ${dataset}.`,
  },
};
