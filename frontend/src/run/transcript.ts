/** All that an operation has told, put together from its events. */

import type { Metric, OperationEvent, OperationEvents, Outcome, Phase, PhaseEnded } from '../wire.ts';
import { LogLines } from './log-lines.ts';

export interface PhaseRow {
  readonly phase: Phase;
  readonly startedAt: number;
  /** null while it goes on. */
  readonly seconds: number | null;
}

/** The points of one metric, in the order they came. A value that is no number is null: a gap in the curve. */
export interface MetricSeries {
  readonly name: string;
  readonly steps: readonly number[];
  readonly values: readonly (number | null)[];
}

interface OpenSeries extends MetricSeries {
  readonly steps: number[];
  readonly values: (number | null)[];
}

/** Charts are drawn for so many names; a model that invents names without end does not stop the page. */
export const MOST_METRICS = 32;
/** Above this every second point is left out, which a curve of this width does not show. */
export const MOST_POINTS = 20_000;

export class Transcript {
  /** Where the journal is to be read on. */
  offset = 0;
  readonly log = new LogLines();
  progress: number | null = null;
  phases: readonly PhaseRow[] = [];
  outcome: Outcome | null = null;
  /** Metrics beyond the first MOST_METRICS names. */
  readonly unshownMetrics = new Set<string>();
  private readonly series = new Map<string, OpenSeries>();

  get metrics(): readonly MetricSeries[] {
    return [...this.series.values()];
  }

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
        return this.addPoint(event);
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
      case 'ended':
        this.outcome = event.outcome;
        return;
      default:
        event satisfies never; // a newer server may say more
    }
  }

  private addPoint({ name, step, value }: Metric): void {
    const series = this.series.get(name) ?? this.newSeries(name);
    if (series === null) return;
    series.steps.push(step);
    series.values.push(Number.isFinite(value) ? value : null);
    if (series.steps.length > MOST_POINTS) this.series.set(name, thinned(series));
  }

  private newSeries(name: string): OpenSeries | null {
    if (this.series.size >= MOST_METRICS) {
      if (this.unshownMetrics.size < MOST_METRICS) this.unshownMetrics.add(name);
      return null;
    }
    const series: OpenSeries = { name, steps: [], values: [] };
    this.series.set(name, series);
    return series;
  }
}

function withPhaseEnded(phases: readonly PhaseRow[], { phase, seconds }: PhaseEnded): readonly PhaseRow[] {
  const index = phases.findLastIndex((row) => row.phase === phase && row.seconds === null);
  return phases.map((row, at) => (at === index ? { ...row, seconds } : row));
}

function thinned({ name, steps, values }: OpenSeries): OpenSeries {
  const isKept = (_: unknown, index: number): boolean => index % 2 === 0;
  return { name, steps: steps.filter(isKept), values: values.filter(isKept) };
}
