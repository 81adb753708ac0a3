/** How an operation stands or ended, in words for a person. */

import { texts } from '../texts/run.ts';
import type { Operation, OperationStatus, Outcome, OutcomeKind } from '../wire.ts';

export type Tone = 'good' | 'busy' | 'neutral' | 'bad';

export interface OutcomeText {
  readonly title: string;
  readonly tone: Tone;
  /** What to do next; '' when there is nothing to add. */
  readonly advice: string;
}

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

/** Of an outcome that is not bad. */
const OUTCOME_TONES: Partial<Record<OutcomeKind, Tone>> = { succeeded: 'good', cancelled: 'neutral' };

export function outcomeText(outcome: Outcome): OutcomeText {
  if (outcome.oom) return { ...texts.outOfMemory, tone: 'bad' };
  const { advice } = texts.outcomes[outcome.kind];
  return { title: titleOf(outcome), tone: OUTCOME_TONES[outcome.kind] ?? 'bad', advice };
}

function titleOf({ kind, at, exit_code, signal }: Outcome): string {
  if (kind === 'code_terminated' && signal !== null) return texts.endedBySignal(signal);
  if (kind === 'code_terminated' && exit_code !== null) return texts.endedWithCode(exit_code);
  const { title } = texts.outcomes[kind];
  const isOfStep = kind === 'exception' || kind === 'max_duration_exceeded';
  return isOfStep && at !== null ? texts.outcomeIn(title, texts.phases[at]) : title;
}
