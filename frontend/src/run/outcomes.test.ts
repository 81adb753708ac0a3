import { expect, test } from 'vitest';
import type { Outcome } from '../wire.ts';
import { outcomeText } from './outcomes.ts';

const outcome = (change: Partial<Outcome>): Outcome => ({
  kind: 'exception',
  message: '',
  at: null,
  details: '',
  exit_code: null,
  signal: null,
  oom: false,
  ...change,
});

test.each([
  [{ kind: 'succeeded' }, 'Succeeded'],
  [{ kind: 'cancelled' }, 'Stopped'],
  [{ kind: 'exception', at: 'evaluate' }, 'Exception in “Evaluate”'],
  [{ kind: 'max_duration_exceeded', at: 'train' }, 'Time out in “Train”'],
  [{ kind: 'code_terminated', exit_code: 3 }, 'The process ended with exit code 3'],
  [{ kind: 'code_terminated', exit_code: 139, signal: 'SIGSEGV' }, 'The process ended by signal SIGSEGV'],
  [{ kind: 'code_terminated', exit_code: 137, signal: 'SIGKILL', oom: true }, 'Out of memory'],
  [{ kind: 'missing_function' }, 'Function missing'],
] as const)('%j is named %j', (change, title) => {
  expect(outcomeText(outcome(change)).title).toBe(title);
});
