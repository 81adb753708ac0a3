import { expect, test } from 'vitest';
import type { OperationEvent, Outcome } from '../wire.ts';
import { MOST_METRICS, MOST_POINTS, Transcript } from './transcript.ts';

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
  const { offset, phases, metrics, progress, outcome: end } = transcript;
  expect({ offset, phases, metrics, progress, end, log: transcript.log.slice(0, 9) }).toEqual({
    offset: 30,
    phases: [
      { phase: 'codeStartup', startedAt: 1, seconds: 0.8 },
      { phase: 'train', startedAt: 2, seconds: null },
    ],
    metrics: [{ name: 'loss', steps: [0, 1], values: [1, 0.5] }],
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
  expect(transcript.metrics[0]?.steps).toEqual([0]);
});

test('a value that is no number is a gap', () => {
  const transcript = new Transcript();
  // The server writes NaN as null.
  transcript.apply({
    offset: 1,
    events: [metric('loss', 0, null as unknown as number), metric('loss', 1, 2)],
  });
  expect(transcript.metrics[0]?.values).toEqual([null, 2]);
});

test('names and points of metrics are bounded', () => {
  const transcript = new Transcript();
  const names = Array.from({ length: MOST_METRICS + 2 }, (_, index) => metric(`m${index}`, 0, 1));
  const points = Array.from({ length: MOST_POINTS + 1 }, (_, step) => metric('m0', step, step));
  transcript.apply({ offset: 1, events: [...names, ...points] });
  expect(transcript.metrics).toHaveLength(MOST_METRICS);
  expect([...transcript.unshownMetrics]).toEqual([`m${MOST_METRICS}`, `m${MOST_METRICS + 1}`]);
  expect(transcript.metrics[0]?.steps.length).toBeLessThanOrEqual(MOST_POINTS / 2 + 2);
});
