import { describe, expect, test } from 'vitest';
import type { ParameterDefinition } from '../wire.ts';
import { emptyOf, type FieldInput, fieldOf, inputsOf, problemOf, submissionOf } from './parameter-fields.ts';

function definition(change: Partial<ParameterDefinition>): ParameterDefinition {
  return {
    name: 'x',
    types: ['f32'],
    shape: [],
    required: true,
    display_name: '',
    description: '',
    default: null,
    choices: [],
    minimum: null,
    maximum: null,
    ...change,
  };
}

/** The value sent for an input, or what is said against it. */
function sent(change: Partial<ParameterDefinition>, input: FieldInput): unknown {
  const submission = submissionOf([fieldOf(definition(change))], { x: input });
  return submission.parameters === null ? submission.problems[0]?.message : submission.parameters.x;
}

describe('the control', () => {
  test.each([
    ['number', {}],
    ['slider', { minimum: 0, maximum: 1 }],
    ['checkbox', { types: ['boolean'] }],
    ['checkbox', { types: ['boolean'], required: false, default: true }],
    ['choice', { types: ['boolean'], required: false }],
    ['text', { types: ['string'] }],
    ['choice', { types: ['string'], choices: ['a', 'b'] }],
    ['tensor', { shape: [-1] }],
    ['tensor', { types: ['boolean'], shape: [3] }],
    ['file', { types: ['image'] }],
    ['file', { types: ['binary'], shape: [-1] }],
  ] as const)('is a %s for %j', (control, change) => {
    expect(fieldOf(definition(change)).control).toBe(control);
  });

  test('says what is expected', () => {
    const field = fieldOf(definition({ shape: [-1, 3], minimum: 0, maximum: 1, required: false }));
    expect(field.expects).toBe('f32 [n×3], 0 to 1');
  });

  test.each([
    [{ default: 0.5 }, '0.5'],
    [{ default: 'hello', types: ['string'] }, 'hello'],
    [{ default: [1, 2], shape: [-1] }, '[1,2]'],
    [{ default: true, types: ['boolean'] }, true],
    [{ default: 'b', types: ['string'], choices: ['a', 'b'] }, '1'],
    [{ minimum: 2, maximum: 4 }, '2'],
    [{ types: ['image'] }, []],
    [{}, ''],
  ] as const)('of %j starts as %j', (change, initial) => {
    expect(fieldOf(definition(change)).initial).toEqual(initial);
  });
});

describe('what is put in', () => {
  test.each([
    ['a number', {}, '-1.5e3', -1500],
    ['a whole number', { types: ['u8'] }, ' 255 ', 255],
    ['text as it is', { types: ['string'] }, ' a b ', ' a b '],
    ['empty text', { types: ['string'] }, '', ''],
    ['a box', { types: ['boolean'] }, false, false],
    ['a truth value that may be left out', { types: ['boolean'], required: false }, '1', false],
    ['no truth value', { types: ['boolean'], required: false }, '', undefined],
    ['a choice, not its text', { types: ['i32'], choices: [10, 20] }, '1', 20],
    ['a number that JSON lacks', {}, 'NaN', 'nan'],
    ['infinities in a list', { shape: [-1] }, '[1, "-inf"]', [1, '-inf']],
    ['values between commas', { shape: [-1] }, '1, 2.5,-3,', [1, 2.5, -3]],
    ['values between spaces', { shape: [3] }, '1 2\n3', [1, 2, 3]],
    ['a JSON list', { shape: [-1] }, '[1, 2]', [1, 2]],
    [
      'nested lists',
      { shape: [2, -1] },
      '[[1, 2], [3, 4]]',
      [
        [1, 2],
        [3, 4],
      ],
    ],
    ['an empty list', { shape: [-1] }, '[]', []],
    ['texts between commas', { types: ['string'], shape: [-1] }, 'a b, c', ['a b', 'c']],
  ] as const)('%s is sent', (_, change, input, value) => {
    expect(sent(change, input)).toEqual(value);
  });

  test.each([
    ['no number', {}, 'ten', 'Expected a number, got “ten”.'],
    ['hexadecimal', { types: ['i64'] }, '0x10', 'got “0x10”.'],
    ['a fraction', { types: ['u8'] }, '1.5', 'Expected a whole number from 0 to 255, got “1.5”.'],
    ['too large for the type', { types: ['u8'] }, '256', 'Expected a whole number from 0 to 255, got 256.'],
    ['out of the declared range', { minimum: 0, maximum: 1 }, '2', 'Expected a number from 0 to 1, got 2.'],
    ['below the least', { minimum: 0 }, '-1', 'Expected a number of at least 0, got -1.'],
    [
      'beyond what JSON carries',
      { types: ['u64'] },
      '9007199254740993',
      'Expected a whole number from 0 to 9007199254740991',
    ],
    ['nothing', {}, '  ', 'Expected a number, got nothing.'],
    ['no choice', { types: ['string'], choices: ['a'] }, '', 'Expected one of the choices, got nothing.'],
    ['no file', { types: ['image'] }, [], 'Expected a file (image), got none.'],
    ['too few values', { shape: [3] }, '1, 2', 'Expected 3 values, got 2.'],
    ['one value that is none', { shape: [-1] }, '1, x', 'At [1]: expected a number, got “x”.'],
    ['a row too short', { shape: [2, 2] }, '[[1, 2], [3]]', 'At [1]: expected 2 values, got 1.'],
    [
      'rows of different length',
      { shape: [-1, -1] },
      '[[1, 2], [3]]',
      'At [1]: expected 2 values as in the lists before, got 1.',
    ],
    ['lists too deep', { shape: [-1] }, '[[1]]', 'At [0]: expected a single value, got a list.'],
    ['lists too shallow', { shape: [-1, -1] }, '[1]', 'At [0]: expected a list, got 1.'],
    [
      'plain values where rows are needed',
      { shape: [2, 2] },
      '1 2 3 4',
      'Expected nested lists of shape 2×2 as JSON, such as',
    ],
    ['broken JSON', { shape: [-1] }, '[1, 2', 'Expected a list as JSON, got text that is none:'],
    [
      'a wrong element',
      { types: ['boolean'], shape: [-1] },
      '[true, 1]',
      'At [1]: expected true or false, got 1.',
    ],
    ['text in numbers', { shape: [-1, 2] }, '[[1, "a"]]', 'At [0][1]: expected a number, got "a".'],
  ] as const)('%s is refused', (_, change, input, message) => {
    expect(sent(change, input)).toContain(message);
  });

  test('what is optional and empty is not sent', () => {
    const fields = [{}, { types: ['string'] }, { shape: [-1] }, { types: ['image'] }] as const;
    const forms = fields.map((change, at) =>
      fieldOf(definition({ ...change, name: `p${at}`, required: false })),
    );
    expect(submissionOf(forms, inputsOf(forms, {}))).toEqual({ parameters: {}, problems: [] });
  });

  test('every problem is told at once', () => {
    const fields = ['a', 'b', 'c'].map((name) =>
      fieldOf(definition({ name, default: name === 'b' ? 1 : null })),
    );
    const { problems } = submissionOf(fields, inputsOf(fields, {}));
    expect(problems.map(({ name }) => name)).toEqual(['a', 'c']);
  });

  test('one file is sent as itself, several as a list of the declared length', () => {
    const file = (name: string) => ({ name, value: { format: 'png', base64: name } });
    expect(sent({ types: ['image'] }, [file('a')])).toEqual({ format: 'png', base64: 'a' });
    expect(sent({ types: ['image'], shape: [-1] }, [file('a'), file('b')])).toHaveLength(2);
    expect(sent({ types: ['image'], shape: [3] }, [file('a')])).toBe('Expected 3 files, got 1.');
  });
});

test('the inputs of an earlier operation fill the form so that the same values are sent again', () => {
  const fields = [
    definition({ name: 'number', types: ['i32'] }),
    definition({ name: 'slider', minimum: 0, maximum: 9 }),
    definition({ name: 'text', types: ['string'] }),
    definition({ name: 'box', types: ['boolean'] }),
    definition({ name: 'choice', types: ['f64'], choices: [0.1, 0.2] }),
    definition({ name: 'tensor', shape: [-1, 2] }),
    definition({ name: 'words', types: ['string'], shape: [-1] }),
    definition({ name: 'image', types: ['image'] }),
  ].map(fieldOf);
  const parameters = {
    number: -4,
    slider: 2.5,
    text: '[1]',
    box: true,
    choice: 0.2,
    tensor: [[1, 2]],
    words: ['a, b', 'c'],
    image: { format: 'png', base64: 'AAAA' },
  };
  expect(submissionOf(fields, inputsOf(fields, parameters))).toEqual({ parameters, problems: [] });
});

test('what was put in for another kind of control does not count', () => {
  const box = fieldOf(definition({ types: ['boolean'] }));
  const choice = fieldOf(definition({ choices: [1], required: false }));
  expect(submissionOf([box], { x: '3' }).parameters).toEqual({ x: false });
  expect(submissionOf([choice], { x: '7' }).parameters).toEqual({});
});

test('an earlier choice that is no longer offered is not given', () => {
  const [field] = [fieldOf(definition({ choices: [1, 2] }))];
  expect(inputsOf([field], { x: 3 })).toEqual({ x: '' });
});

describe('many values', () => {
  test.each([
    ['a JSON list', { types: ['i32'] }, '[1, 2]', [1, 2]],
    ['single ones between commas', {}, '1, 2.5', [1, 2.5]],
    ['lists, each of its own length', { shape: [-1] }, '[[1, 2], [3]]', [[1, 2], [3]]],
    ['texts', { types: ['string'] }, '["a, b", "c"]', ['a, b', 'c']],
  ] as const)('%s is sent', (_, change, many, values) => {
    expect(sent(change, { many })).toEqual({ values });
  });

  test.each([
    [
      'one that does not fit',
      { types: ['u8'] },
      '[1, 300]',
      'At [1]: expected a whole number from 0 to 255, got 300.',
    ],
    ['one of another shape', { shape: [2] }, '[[1, 2], [3]]', 'At [1]: expected 2 values, got 1.'],
    ['a bare value', { shape: [2] }, '1 2', 'Expected a list of values as JSON, got “1 2”.'],
    ['broken JSON', {}, '[1, ', 'Expected a list of values as JSON, got text that is none:'],
    ['nothing', {}, '', 'Expected a number, got nothing.'],
  ] as const)('%s is refused', (_, change, many, message) => {
    expect(sent(change, { many })).toContain(message);
  });

  test('of files are several files', () => {
    const file = (name: string) => ({ name, value: { format: 'png', base64: name } });
    expect(sent({ types: ['image'] }, { many: [file('a'), file('b')] })).toEqual({
      values: [file('a').value, file('b').value],
    });
  });
});

describe('a dataset', () => {
  test('and its key are sent', () => {
    expect(sent({}, { dataset: 'd', key: 'k' })).toEqual({ dataset: 'd', key: 'k' });
  });

  test('that is not chosen is asked for', () => {
    expect(sent({}, { dataset: '', key: '' })).toBe('Expected a dataset, got none.');
    expect(sent({}, { dataset: 'd', key: '' })).toBe('Expected a key of the dataset, got none.');
    expect(sent({ required: false }, { dataset: '', key: '' })).toBeUndefined();
  });
});

test('the sources of earlier inputs are put back too', () => {
  const fields = ['many', 'from', 'files'].map((name) =>
    fieldOf(definition({ name, types: name === 'files' ? ['image'] : ['f32'] })),
  );
  const parameters = {
    many: { values: [1, 2] },
    from: { dataset: 'd', key: 'k' },
    files: { values: [{ format: 'png', base64: 'AA' }] },
  };
  expect(submissionOf(fields, inputsOf(fields, parameters))).toEqual({ parameters, problems: [] });
});

test('a source that was just chosen is empty', () => {
  const [number, image] = [fieldOf(definition({})), fieldOf(definition({ types: ['image'] }))];
  expect(emptyOf('many', number)).toEqual({ many: '' });
  expect(emptyOf('many', image)).toEqual({ many: [] });
  expect(emptyOf('one', image)).toEqual([]);
  expect(problemOf(number, emptyOf('dataset', number))).toContain('Expected a dataset');
});

test('an optional slider that nobody moved sends nothing', () => {
  expect(sent({ minimum: 0, maximum: 1, required: false }, '')).toBeUndefined();
  expect(fieldOf(definition({ minimum: 0, maximum: 1, required: false })).initial).toBe('');
});
