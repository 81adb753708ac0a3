import { expect, test } from 'vitest';
import type { CallName, OperationEvent, Outcome } from '../../wire.ts';
import { DebugCalls } from './calls.ts';

const outcome: Outcome = {
  kind: 'succeeded',
  message: '',
  at: null,
  details: '',
  exit_code: null,
  signal: null,
  oom: false,
};

const started = (call: number, name: CallName): OperationEvent => ({
  type: 'call_started',
  time: call,
  call,
  function: name,
  parameters: {},
  state: '',
});

const ended = (call: number, states: readonly number[] = []): OperationEvent => ({
  type: 'call_ended',
  time: call,
  call,
  seconds: 0.5,
  outcome,
  has_result: false,
  state_keys: states.includes(call) ? [{ key: '', byte_size: 3 }] : [],
  states,
});

const printed = (text: string): OperationEvent => ({ type: 'log', time: 0, stream: 'stdout', text });

function told(...events: readonly OperationEvent[]): DebugCalls {
  const calls = new DebugCalls();
  calls.apply({ offset: 1, events });
  return calls;
}

test('each call has what was told during it, and what was printed until the next one', () => {
  const { all } = told(
    started(1, 'load'),
    printed('loading\n'),
    ended(1),
    printed('a thread\n'),
    started(2, 'train'),
    { type: 'metric', time: 0, name: 'loss', step: 0, value: 1, tensor: null },
    { type: 'progress', time: 0, fraction: 0.5 },
  );
  expect(all.map((call) => [call.log.whole(), call.seconds, call.progress])).toEqual([
    ['loading\na thread\n', 0.5, null],
    ['', null, 0.5],
  ]);
  expect(all[1]?.metrics.all.map(({ name }) => name)).toEqual(['loss']);
});

test('the session waits until a call begins or it ends', () => {
  const calls = told(started(1, 'load'), ended(1), { type: 'waiting', time: 1, until: 901 });
  expect(calls.until).toBe(901);
  calls.apply({ offset: 2, events: [started(2, 'evaluate')] });
  expect(calls.until).toBeNull();
  calls.apply({
    offset: 3,
    events: [ended(2), { type: 'waiting', time: 2, until: 902 }, { type: 'ended', time: 3, outcome }],
  });
  expect([calls.until, calls.outcome]).toEqual([null, outcome]);
});

test('reloading forgets the functions until the code is loaded', () => {
  const calls = told(started(1, 'load'), { type: 'loaded', time: 1, functions: ['evaluate'] }, ended(1));
  expect(calls.functions).toEqual(['evaluate']);
  calls.apply({ offset: 2, events: [started(2, 'load'), ended(2)] });
  expect(calls.functions).toEqual([]);
});

test('the states that are still there, and what became of them, are known', () => {
  const calls = told(
    started(1, 'createModelState'),
    ended(1, [1]),
    started(2, 'getModelState'),
    ended(2, [1, 2]),
    { type: 'call_state_kept', time: 3, call: 1, state_id: 'kept' },
  );
  expect([...calls.states]).toEqual([1, 2]);
  expect(calls.all.map(({ keptId, stateKeys }) => [keptId, stateKeys.length])).toEqual([
    ['kept', 1],
    [null, 1],
  ]);
});

test('a batch that comes again is not heard twice', () => {
  const calls = told(started(1, 'load'));
  calls.apply({ offset: 1, events: [started(1, 'load')] });
  expect(calls.all).toHaveLength(1);
});
