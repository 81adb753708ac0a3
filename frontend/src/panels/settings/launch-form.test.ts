import { expect, test } from 'vitest';
import type { Launch } from '../../wire.ts';
import {
  choiceOf,
  draftOf,
  draftProblems,
  emptyDraft,
  fieldsOf,
  isChanged,
  isFine,
  withText,
} from './launch-form.ts';

const MEBIBYTE = 2 ** 20;
const DURATIONS = {
  code_startup_seconds: 60,
  create_state_seconds: 60,
  instantiate_model_seconds: 60,
  evaluate_seconds: 60,
  train_seconds: 3600,
  get_state_seconds: 60,
};
const LAUNCH: Launch = {
  choice: {
    evaluate: { cpus: 0.5 },
    train: { gpus: 0, idle_seconds: 5 },
    max_durations: { train_seconds: 90 },
  },
  default_spec: { cpus: 1, memory_bytes: 512 * MEBIBYTE, gpus: 0, idle_seconds: 60 },
  default_durations: DURATIONS,
  bounds: {
    lowest: { cpus: 0.125, memory_bytes: 128 * MEBIBYTE, gpus: 0, idle_seconds: 0 },
    highest: { cpus: 2, memory_bytes: 8192 * MEBIBYTE, gpus: 0, idle_seconds: 3600 },
    shortest_seconds: 1,
    longest: DURATIONS,
  },
};

test('the fields hold what was chosen, and nothing where nothing was', () => {
  const draft = draftOf(LAUNCH);
  expect(draft.evaluate).toEqual({ cpus: '0.5', memory_bytes: '', idle_seconds: '' });
  expect(draft.train).toEqual({ cpus: '', memory_bytes: '' });
  expect(draft.max_durations.train_seconds).toBe('90');
  expect(isChanged(LAUNCH, draft)).toBe(false);
});

test('what is typed joins what the form does not ask for', () => {
  const draft = withText(draftOf(LAUNCH), 'train', { name: 'memory_bytes', text: '1024' });
  expect(isChanged(LAUNCH, draft)).toBe(true);
  expect(isFine(draftProblems(LAUNCH, draft))).toBe(true);
  const { train, evaluate } = choiceOf(LAUNCH, draft);
  expect(train).toEqual({ gpus: 0, idle_seconds: 5, cpus: null, memory_bytes: 1024 * MEBIBYTE });
  expect(evaluate).toEqual({ cpus: 0.5, memory_bytes: null, idle_seconds: null });
});

test('what is beyond the bounds is told where it stands', () => {
  const draft = withText(draftOf(LAUNCH), 'max_durations', { name: 'evaluate_seconds', text: '61' });
  const problems = draftProblems(LAUNCH, draft);
  expect(isFine(problems)).toBe(false);
  expect(problems.max_durations).toEqual({ evaluate_seconds: 'Expected 1 to 60 s, got 61.' });
});

test('an empty form leaves all to the server', () => {
  expect(isChanged(LAUNCH, emptyDraft())).toBe(true);
  expect(choiceOf(LAUNCH, emptyDraft()).evaluate).toEqual({
    cpus: null,
    memory_bytes: null,
    idle_seconds: null,
  });
});

test('GPUs are asked for where there are some, and how long a launcher of a training is kept is not', () => {
  const { bounds } = LAUNCH;
  const gifted = { ...LAUNCH, bounds: { ...bounds, highest: { ...bounds.highest, gpus: 1 } } };
  const names = (launch: Launch) => fieldsOf(launch, 'train').map(({ name }) => name);
  expect(names(LAUNCH)).toEqual(['cpus', 'memory_bytes']);
  expect(names(gifted)).toEqual(['cpus', 'memory_bytes', 'gpus']);
});
