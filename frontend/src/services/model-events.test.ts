import { expect, test } from 'vitest';
import type { Dataset, Operation } from '../wire.ts';
import { withDataset, withOlder, withOperation, withOperations } from './model-events.ts';

const operation = (change: Partial<Operation>): Operation => ({
  id: 'a',
  model_id: 'm',
  kind: 'evaluate',
  status: 'queued',
  parameters: {},
  state_id: null,
  result_state_id: null,
  created_at: 1,
  started_at: null,
  ended_at: null,
  outcome: null,
  spec: null,
  max_durations: null,
  launcher: null,
  before: null,
  snapshot_id: null,
  resumes_id: null,
  ...change,
});

const queued = operation({});
const running = operation({ status: 'running', started_at: 2 });
const cancelled = operation({ status: 'cancelled', started_at: 2, ended_at: 3 });

test('a new operation comes first', () => {
  const newer = operation({ id: 'b', created_at: 5 });
  expect(withOperation([queued], newer)).toEqual([newer, queued]);
});

test('an operation goes on in its place', () => {
  const older = operation({ id: 'z', created_at: 0 });
  expect(withOperation([queued, older], running)).toEqual([running, older]);
});

test.each([
  ['the reply to a cancel', cancelled, running],
  ['the reply to a start', running, queued],
])('%s that comes after the event changes nothing', (_, known, late) => {
  expect(withOperation([known], late)).toEqual([known]);
});

test('a list read anew keeps what events have told since, and lets go what was deleted', () => {
  const deleted = operation({ id: 'd', created_at: 0 });
  const newer = operation({ id: 'n', created_at: 9 });
  expect(withOperations([newer, cancelled, deleted], [running])).toEqual([newer, cancelled]);
});

test('what is read from further back comes behind what is known, once', () => {
  const [old, older] = [operation({ id: 'y', created_at: 0.5 }), operation({ id: 'z', created_at: 0 })];
  expect(withOlder([queued, old], [old, older])).toEqual([queued, old, older]);
});

test('a changed dataset keeps its place, a new one comes first', () => {
  const dataset = (id: string, name: string): Dataset => ({
    id,
    name,
    created_at: 0,
    changed_at: 0,
    keys: [],
  });
  const [first, second] = [dataset('a', 'first'), dataset('b', 'second')];
  expect(withDataset([first, second], dataset('b', 'renamed'))).toEqual([first, dataset('b', 'renamed')]);
  expect(withDataset([first], second)).toEqual([second, first]);
});
