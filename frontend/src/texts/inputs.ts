/** What the form of an operation says: where a value comes from, what is expected, and what is wrong. */

import { formatCount } from '../base/format.ts';
import type { ElementType } from '../wire.ts';

const values = (count: number): string => `${count} ${count === 1 ? 'value' : 'values'}`;

export const texts = {
  form: 'Inputs',
  required: 'Required',
  sourceOf: (label: string) => `Source of ${label}`,
  sources: { one: 'One value', many: 'Many values', dataset: 'Dataset' },
  slider: (label: string) => `${label}, slider`,
  listExample: '1, 2, 3 or [1, 2, 3]',

  dataset: {
    choose: 'Choose a dataset',
    gone: 'A dataset that is gone',
    keyFor: (label: string) => `Key of the dataset for ${label}`,
    key: (key: string, type: string, entries: number) =>
      `${key} (${type}, ${formatCount(entries, 'entry', 'entries')})`,
    none: 'Expected a dataset, got none.',
    noKey: 'Expected a key of the dataset, got none.',
  },

  files: {
    noun: (isMultiple: boolean, type: ElementType) =>
      `${isMultiple ? 'files' : 'a file'}${type === 'binary' ? '' : ` (${type})`}`,
    choose: (noun: string) => `Choose ${noun}`,
    chooseOrDrop: (noun: string) => `Choose or drop ${noun}`,
    orDrop: (isMultiple: boolean) => (isMultiple ? 'or drop them here' : 'or drop it here'),
    chosen: 'Chosen files',
    remove: (name: string) => `Remove ${name}`,
    earlier: (format: string) => (format === '' ? 'earlier file' : `earlier file.${format}`),
    none: (type: ElementType) => `Expected a file (${type}), got none.`,
    wrongCount: (expected: number, got: number) => `Expected ${expected} files, got ${got}.`,
    tooLarge: (most: string, size: string, name: string) =>
      `Expected at most ${most}, got ${size} (${name}). Upload it to the model’s files and read it from there.`,
    unreadable: 'The file could not be read.',
  },

  /** What fits, as it stands in a sentence or beside a label. */
  types: (names: readonly string[]) => names.join(' or '),
  text: 'text',
  boolean: 'true or false',
  number: 'a number',
  wholeNumber: 'a whole number',
  choice: 'one of the choices',
  list: 'a list',
  listOfValues: 'a list of values',
  nestedLists: (lengths: string) => `nested lists of shape ${lengths}`,
  values,
  range: (low: number, high: number) => `${low} to ${high}`,
  atLeast: (low: number) => `at least ${low}`,
  atMost: (high: number) => `at most ${high}`,
  numberFrom: (noun: string, low: number, high: number) => `${noun} from ${low} to ${high}`,
  numberOfAtLeast: (noun: string, low: number) => `${noun} of at least ${low}`,
  numberOfAtMost: (noun: string, high: number) => `${noun} of at most ${high}`,

  /** What is wrong. */
  expected: (wanted: string, got: string) => `Expected ${wanted}, got ${got}.`,
  gotNothing: (wanted: string) => `Expected ${wanted}, got nothing.`,
  quoted: (text: string) => `“${text}”`,
  notSingle: 'Expected a single value, got a list.',
  notJson: (wanted: string, reason: string) =>
    `Expected ${wanted} as JSON, got text that is none: ${reason}.`,
  noNestedLists: (wanted: string, got: string) =>
    `Expected ${wanted} as JSON, such as [[1, 2], [3, 4]], got “${got}”.`,
  noListOfValues: (got: string) => `Expected a list of values as JSON, got “${got}”.`,
  ragged: (expected: number, got: number) =>
    `Expected ${values(expected)} as in the lists before, got ${got}.`,
  /** Where in the lists a sentence holds: "At [1][0]: expected …". */
  at: (place: string, sentence: string) =>
    `At ${place}: ${sentence.charAt(0).toLowerCase()}${sentence.slice(1)}`,
};
