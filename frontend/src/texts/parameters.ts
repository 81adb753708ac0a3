/** What the dialog of a model's parameters says. */

import type { ParameterDefinitions } from '../wire.ts';

export const texts = {
  title: 'Parameters',
  functions: 'Functions',
  kinds: {
    evaluate_input: { title: 'Evaluate', about: 'What evaluate is given.' },
    evaluate_output: { title: 'Outputs', about: 'What evaluate returns; anything else ends it.' },
    train: { title: 'Train', about: 'What train is given.' },
    create_state: { title: 'Create state', about: 'What createModelState is given.' },
  } satisfies Record<keyof ParameterDefinitions, { title: string; about: string }>,
  all: 'Parameters',
  noName: 'no name',
  notRight: 'Not right yet',
  oneOfTypes: (types: readonly string[]) => types.join(' or '),
  optional: (type: string) => `${type}, optional`,
  moveUp: 'Move up',
  moveUpByKey: 'Move up (Alt+Up)',
  moveDown: 'Move down',
  moveDownByKey: 'Move down (Alt+Down)',
  noOutputs: 'Nothing is defined here. Whatever evaluate returns is taken.',
  noInputs: 'Nothing is defined here. The run form asks for nothing, and whatever a program passes is taken.',

  notSaved: 'Not saved',
  saved: 'The parameters are saved.',
  fileChanged: (file: string) => `${file} has been changed since it was read here.`,
  load: 'Load it',
  overwrite: 'Save these into it',
  openFile: (file: string) => `Open ${file}`,
  notOpened: (file: string) => `${file} could not be opened.`,
  leaving: {
    question: 'Leave without saving?',
    message: 'What you changed in the parameters is dropped.',
    confirm: 'Drop changes',
  },

  /** Of one parameter. */
  fields: {
    nameHint: 'As the code reads it: params["name"].',
    displayName: 'Display name',
    description: 'Description',
    types: 'Types',
    typesHint: (types: readonly string[]) => `The first that a value fits is taken: ${types.join(', ')}.`,
    numbers: 'Numbers',
    wholeNumbers: 'Whole numbers',
    otherTypes: 'Others',
    files: 'Files',
    shape: 'Shape',
    singleValue: 'a single value',
    shapeHint: 'Lengths between commas; n is any length: “n”, “28, 28”, “n, 3”.',
    mustBeGiven: 'Must it be given?',
    required: 'Required',
    minimum: 'Minimum',
    maximum: 'Maximum',
    noLimit: 'none',
    limitsHint: 'With both, a single number is asked for with a slider.',
    choices: 'Choices',
    anyValue: 'any value',
    choicesHint: 'One in a line. Nothing else is taken then.',
    hasDefault: 'Has a default',
    default: 'Default',
    fileDefault: 'A file, as slipway.toml has it.',
    choose: 'choose',
    manyHint: 'Values between commas, or nested lists as JSON.',
  },

  /** What is wrong with what was typed. */
  problems: {
    noName: 'Expected the name that the code reads it by, such as “x”; got none.',
    sameName: (name: string) => `Expected a name of its own; another parameter here is “${name}” too.`,
    noType: 'Expected at least one type.',
    filesAndValues: (types: readonly string[]) => `Expected files or values, got both: ${types.join(', ')}.`,
    length: (got: string) =>
      `Expected lengths between commas, such as “n, 3”, where n is any length; got “${got}”.`,
    dimensions: (most: number, got: number) => `Expected at most ${most} dimensions, got ${got}.`,
    limit: (got: string) => `Expected a number, or nothing; got “${got}”.`,
    maximum: (minimum: number, got: number) => `Expected at least the minimum, ${minimum}, got ${got}.`,
    choiceTwice: (choice: string) => `Expected each choice once, got “${choice}” twice.`,
    fileDefault: 'A file is no default that can be typed here. Take the default away.',
    noChoice: (got: string) => `Expected one of the choices, got “${got}”.`,
  },
};
