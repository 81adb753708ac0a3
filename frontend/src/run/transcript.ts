/** All that an operation has told, put together from its events. */

import type { OperationEvent, OperationEvents, Outcome, Phase, PhaseEnded } from '../wire.ts';
import { Metrics } from './charts/series.ts';
import { LogLines } from './log-lines.ts';

export interface PhaseRow {
  readonly phase: Phase;
  readonly startedAt: number;
  /** null while it goes on. */
  readonly seconds: number | null;
}

export class Transcript {
  /** Where the journal is to be read on. */
  offset = 0;
  readonly log = new LogLines();
  progress: number | null = null;
  phases: readonly PhaseRow[] = [];
  outcome: Outcome | null = null;
  readonly metrics = new Metrics();

  apply(batch: OperationEvents): void {
    // A batch that comes again after a lost connection has been heard already.
    if (batch.offset <= this.offset) return;
    this.offset = batch.offset;
    for (const event of batch.events) this.add(event);
  }

  private add(event: OperationEvent): void {
    switch (event.type) {
      case 'log':
        return this.log.append(event.stream, event.text, event.time);
      case 'progress':
        this.progress = Math.min(1, Math.max(0, event.fraction));
        return;
      case 'metric':
        return this.metrics.add(event);
      case 'phase_started':
        this.phases = [...this.phases, { phase: event.phase, startedAt: event.time, seconds: null }];
        return;
      case 'phase_ended':
        this.phases = withPhaseEnded(this.phases, event);
        return;
      case 'checkpointed':
        return; // the state is told of by the model's events
      case 'loaded':
        return; // the model is told of it, for all who look at it
      case 'call_started':
      case 'call_ended':
      case 'call_state_kept':
      case 'waiting':
        return; // the calls of a debug session have transcripts of their own
      case 'ended':
        this.outcome = event.outcome;
        return;
      default:
        event satisfies never; // a newer server may say more
    }
  }
}

function withPhaseEnded(phases: readonly PhaseRow[], { phase, seconds }: PhaseEnded): readonly PhaseRow[] {
  const index = phases.findLastIndex((row) => row.phase === phase && row.seconds === null);
  return phases.map((row, at) => (at === index ? { ...row, seconds } : row));
}
