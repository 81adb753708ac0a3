/** How an operation stands or ended, in words for a person. */

import type { Operation, OperationKind, OperationStatus, Outcome, OutcomeKind, Phase } from '../wire.ts';

export type Tone = 'good' | 'busy' | 'neutral' | 'bad';

export interface OutcomeText {
  readonly title: string;
  readonly tone: Tone;
  /** What to do next; '' when there is nothing to add. */
  readonly advice: string;
}

export const KIND_NAMES: Readonly<Record<OperationKind, string>> = {
  evaluate: 'Evaluate',
  train: 'Train',
  createModelState: 'Create state',
  debug: 'Debug session',
};

export const PHASE_NAMES: Readonly<Record<Phase, string>> = {
  codeStartup: 'Load code',
  createState: 'Create state',
  instantiateModel: 'Instantiate model',
  train: 'Train',
  getState: 'Get state',
  evaluate: 'Evaluate',
  dispose: 'Dispose',
};

export const STATUS_NAMES: Readonly<Record<OperationStatus, string>> = {
  queued: 'Queued',
  running: 'Running',
  succeeded: 'Succeeded',
  failed: 'Failed',
  cancelled: 'Stopped',
  interrupted: 'Interrupted',
};

export const STATUS_TONES: Readonly<Record<OperationStatus, Tone>> = {
  queued: 'busy',
  running: 'busy',
  succeeded: 'good',
  failed: 'bad',
  cancelled: 'neutral',
  interrupted: 'bad',
};

export function isActive(operation: Pick<Operation, 'status'>): boolean {
  return operation.status === 'queued' || operation.status === 'running';
}

const TEXTS: Readonly<Record<OutcomeKind, OutcomeText>> = {
  succeeded: { title: 'Succeeded', tone: 'good', advice: '' },
  cancelled: { title: 'Stopped', tone: 'neutral', advice: '' },
  interrupted: {
    title: 'Interrupted',
    tone: 'bad',
    advice: 'The server was stopped or restarted while this ran. Run it again.',
  },
  exception: { title: 'Exception', tone: 'bad', advice: '' },
  missing_function: {
    title: 'Function missing',
    tone: 'bad',
    advice: 'Define the function at the top level of the model’s main file, then run again.',
  },
  invalid_executable_file: {
    title: 'The code could not be loaded',
    tone: 'bad',
    advice: 'Mend the error below, then run again.',
  },
  read_executable_file_failed: {
    title: 'No code to run',
    tone: 'bad',
    advice: 'A model needs main.py, index.js, index.mjs or index.ts at the top of its files.',
  },
  invalid_output: {
    title: 'Output does not fit',
    tone: 'bad',
    advice: 'Return what slipway.toml declares as outputs, or change the declaration.',
  },
  max_duration_exceeded: {
    title: 'Time out',
    tone: 'bad',
    advice: 'Make this step shorter, or give it more time in Model settings, Launchers.',
  },
  code_terminated: { title: 'The process ended', tone: 'bad', advice: '' },
  launcher_terminated: {
    title: 'The launcher was terminated',
    tone: 'bad',
    advice: 'Run it again. If it happens again, the server’s log says why.',
  },
  server_overloaded: {
    title: 'The server is overloaded',
    tone: 'bad',
    advice: 'Wait for other operations to end, then run again.',
  },
};

const OUT_OF_MEMORY: OutcomeText = {
  title: 'Out of memory',
  tone: 'bad',
  advice:
    'The launcher’s memory limit was reached. Use smaller batches, or give launchers more memory in Model settings.',
};

export function outcomeText(outcome: Outcome): OutcomeText {
  if (outcome.oom) return OUT_OF_MEMORY;
  const text = TEXTS[outcome.kind];
  return { ...text, title: text.title + suffix(outcome) };
}

function suffix({ kind, at, exit_code, signal }: Outcome): string {
  if (kind === 'code_terminated' && signal !== null) return ` by signal ${signal}`;
  if (kind === 'code_terminated' && exit_code !== null) return ` with exit code ${exit_code}`;
  const names = kind === 'exception' || kind === 'max_duration_exceeded';
  return names && at !== null ? ` in “${PHASE_NAMES[at]}”` : '';
}
