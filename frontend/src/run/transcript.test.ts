import { expect, test } from 'vitest';
import type { OperationEvent, Outcome } from '../wire.ts';
import { Transcript } from './transcript.ts';

const outcome: Outcome = {
  kind: 'succeeded',
  message: '',
  at: null,
  details: '',
  exit_code: null,
  signal: null,
  oom: false,
};

const metric = (name: string, step: number, value: number): OperationEvent => ({
  type: 'metric',
  time: 0,
  name,
  step,
  value,
  tensor: null,
});

test('a whole operation is put together from its events', () => {
  const transcript = new Transcript();
  transcript.apply({
    offset: 10,
    events: [
      { type: 'phase_started', time: 1, phase: 'codeStartup' },
      { type: 'loaded', time: 2, functions: ['train', 'evaluate'] },
      { type: 'phase_ended', time: 2, phase: 'codeStartup', seconds: 0.8 },
      { type: 'phase_started', time: 2, phase: 'train' },
      { type: 'log', time: 2, stream: 'stdout', text: 'hello\n' },
    ],
  });
  transcript.apply({
    offset: 20,
    events: [metric('loss', 0, 1), metric('loss', 1, 0.5), { type: 'progress', time: 3, fraction: 1.5 }],
  });
  transcript.apply({ offset: 30, events: [{ type: 'ended', time: 4, outcome }] });
  const { offset, phases, progress, outcome: end } = transcript;
  expect([...(transcript.metrics.get('loss')?.values ?? [])]).toEqual([1, 0.5]);
  expect({ offset, phases, progress, end, log: transcript.log.slice(0, 9) }).toEqual({
    offset: 30,
    phases: [
      { phase: 'codeStartup', startedAt: 1, seconds: 0.8 },
      { phase: 'train', startedAt: 2, seconds: null },
    ],
    progress: 1,
    end: outcome,
    log: [{ stream: 'stdout', text: 'hello', time: 2 }],
  });
});

test('a batch heard twice counts once', () => {
  const transcript = new Transcript();
  const batch = { offset: 5, events: [metric('loss', 0, 1)] };
  transcript.apply(batch);
  transcript.apply(batch);
  expect(transcript.metrics.get('loss')?.length).toBe(1);
});
