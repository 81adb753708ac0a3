/** The points of metrics as they come, bounded: many of them, and few arrays. */

import type { Metric, MetricTensor, OperationEvents } from '../../wire.ts';

/** Charts are drawn for so many names; a model that invents names without end does not stop the page. */
export const MOST_METRICS = 32;
/** Of one metric. Above this half of them are left out, the lowest and highest of every few staying. */
export const MOST_POINTS = 500_000;
export const MOST_TENSORS = 64;
const FIRST_ROOM = 256;
/** Of so many, two stay. */
const GROUP = 4;

export interface TensorPoint {
  readonly step: number;
  readonly time: number;
  readonly tensor: MetricTensor;
}

export class Series {
  /** The newest last; where they were too many, every second is left out. */
  tensors: readonly TensorPoint[] = [];
  /** Steps only ever rise. */
  ascends = true;
  private room = {
    steps: new Float64Array(FIRST_ROOM),
    times: new Float64Array(FIRST_ROOM),
    values: new Float64Array(FIRST_ROOM),
  };
  private count = 0;

  constructor(readonly name: string) {}

  get length(): number {
    return this.count;
  }

  get steps(): Float64Array {
    return this.room.steps.subarray(0, this.count);
  }

  /** Seconds since the epoch. */
  get times(): Float64Array {
    return this.room.times.subarray(0, this.count);
  }

  /** NaN is a gap in the curve. */
  get values(): Float64Array {
    return this.room.values.subarray(0, this.count);
  }

  push(step: number, time: number, value: number | null): void {
    if (this.count === this.room.steps.length) this.makeRoom();
    const before = this.room.steps[this.count - 1];
    if (before !== undefined && step <= before) this.ascends = false;
    this.room.steps[this.count] = step;
    this.room.times[this.count] = time;
    this.room.values[this.count] = value ?? NaN;
    this.count += 1;
    if (this.count > MOST_POINTS) this.thin();
  }

  pushTensor(point: TensorPoint): void {
    const kept =
      this.tensors.length < MOST_TENSORS ? this.tensors : this.tensors.filter((_, index) => index % 2 === 0);
    this.tensors = [...kept, point];
  }

  private makeRoom(): void {
    const grown = (array: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> => {
      const larger = new Float64Array(array.length * 2);
      larger.set(array);
      return larger;
    };
    const { steps, times, values } = this.room;
    this.room = { steps: grown(steps), times: grown(times), values: grown(values) };
  }

  private thin(): void {
    let kept = 0;
    for (const index of extremeIndices(this.values, Math.ceil(this.count / GROUP))) {
      for (const array of Object.values(this.room)) array[kept] = array[index] ?? NaN;
      kept += 1;
    }
    this.count = kept;
  }
}

/** Of each of so many groups the lowest and the highest, in their order, and the very last. A group of gaps stays a gap. */
export function extremeIndices(values: Float64Array, groups: number): number[] {
  const { length } = values;
  const indices: number[] = [];
  for (let group = 0; group < groups; group += 1) {
    const start = Math.floor((group * length) / groups);
    const end = Math.floor(((group + 1) * length) / groups);
    if (start === end) continue;
    let low = start;
    let high = start;
    for (let index = start + 1; index < end; index += 1) {
      const value = values[index] ?? NaN;
      // Any number is taken instead of a gap, with which no comparison holds.
      if (!(value >= (values[low] ?? NaN)) && !Number.isNaN(value)) low = index;
      if (!(value <= (values[high] ?? NaN)) && !Number.isNaN(value)) high = index;
    }
    indices.push(Math.min(low, high));
    if (low !== high) indices.push(Math.max(low, high));
  }
  if (length > 0 && indices.at(-1) !== length - 1) indices.push(length - 1);
  return indices;
}

/** All metrics of one operation. */
export class Metrics {
  /** Names beyond the first MOST_METRICS. */
  readonly unshown = new Set<string>();
  private readonly byName = new Map<string, Series>();

  get all(): readonly Series[] {
    return [...this.byName.values()];
  }

  get(name: string): Series | undefined {
    return this.byName.get(name);
  }

  add({ name, step, time, value, tensor }: Metric): void {
    const series = this.byName.get(name) ?? this.newSeries(name);
    if (series === null) return;
    if (tensor !== null) series.pushTensor({ step, time, tensor });
    else series.push(step, time, Number.isFinite(value) ? value : null);
  }

  private newSeries(name: string): Series | null {
    if (this.byName.size >= MOST_METRICS) {
      if (this.unshown.size < MOST_METRICS) this.unshown.add(name);
      return null;
    }
    const series = new Series(name);
    this.byName.set(name, series);
    return series;
  }
}

/** Of an operation that is only compared with: its metrics, and nothing else that it has told. */
export class MetricsRecord {
  offset = 0;
  readonly metrics = new Metrics();

  apply(batch: OperationEvents): void {
    // A batch that comes again after a lost connection has been heard already.
    if (batch.offset <= this.offset) return;
    this.offset = batch.offset;
    for (const event of batch.events) if (event.type === 'metric') this.metrics.add(event);
  }
}
