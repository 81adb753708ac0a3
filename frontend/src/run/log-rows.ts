/** The log as rows of one height: of one stream or both, long lines broken or not. And where a text is found in it. */

import type { LogLines, LogStream } from './log-lines.ts';

export interface LogRow {
  readonly stream: LogStream;
  readonly time: number;
  readonly text: string;
  /** Of the line, counted from the first that was printed. */
  readonly number: number;
  /** The line begins with it. */
  readonly isFirst: boolean;
}

/** Rows follow the log: `update` takes what has come, or gone, since. */
export class LogRows {
  /** Of each row: which line, and which part of it. Left empty where rows are lines. */
  private readonly numbers: number[] = [];
  private readonly parts: number[] = [];
  private readonly isPlain: boolean;
  private known = 0;

  constructor(
    private readonly log: LogLines,
    /** null: both. */
    private readonly stream: LogStream | null,
    /** How many characters there is room for; null: lines are not broken. */
    private readonly columns: number | null,
  ) {
    this.isPlain = stream === null && columns === null;
    this.update();
  }

  get count(): number {
    return this.isPlain ? this.log.length : this.numbers.length;
  }

  update(): void {
    if (this.isPlain) return;
    const { dropped, length } = this.log;
    const gone = this.rowOf(dropped);
    if (gone > 0) {
      this.numbers.splice(0, gone);
      this.parts.splice(0, gone);
    }
    // The last line may have grown.
    const start = Math.max(dropped, this.known - 1);
    const kept = this.rowOf(start);
    this.numbers.length = kept;
    this.parts.length = kept;
    for (let number = start; number < dropped + length; number += 1) this.add(number);
    this.known = dropped + length;
  }

  slice(start: number, end: number): LogRow[] {
    const last = Math.min(end, this.count);
    return Array.from({ length: Math.max(0, last - start) }, (_, index) => this.row(start + index));
  }

  /** The first row of a line, or of the next that is here. */
  rowOf(number: number): number {
    if (this.isPlain) return Math.max(0, number - this.log.dropped);
    let low = 0;
    let high = this.numbers.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.numbers[middle] ?? 0) < number) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private add(number: number): void {
    const index = number - this.log.dropped;
    if (this.stream !== null && this.log.stream(index) !== this.stream) return;
    const { columns } = this;
    const count = columns === null ? 1 : Math.max(1, Math.ceil(this.log.text(index).length / columns));
    for (let part = 0; part < count; part += 1) {
      this.numbers.push(number);
      this.parts.push(part);
    }
  }

  private row(index: number): LogRow {
    const number = this.isPlain ? this.log.dropped + index : (this.numbers[index] ?? 0);
    const part = this.parts[index] ?? 0;
    const at = number - this.log.dropped;
    const [line = { stream: 'stdout', time: 0, text: '' } as const] = this.log.slice(at, at + 1);
    const { columns } = this;
    const text = columns === null ? line.text : line.text.slice(part * columns, (part + 1) * columns);
    return { stream: line.stream, time: line.time, text, number, isFirst: part === 0 };
  }
}

/** The lines that hold a text, in whatever case. */
export class LogMatches {
  /** Numbers of lines, ascending. */
  readonly numbers: number[] = [];
  private readonly pattern: RegExp;
  private known = 0;

  constructor(
    private readonly log: LogLines,
    private readonly stream: LogStream | null,
    query: string,
  ) {
    this.pattern = new RegExp(query.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'), 'i');
    this.update();
  }

  update(): void {
    const { dropped, length } = this.log;
    const gone = this.numbers.findIndex((number) => number >= dropped);
    if (gone !== 0) this.numbers.splice(0, gone === -1 ? this.numbers.length : gone);
    const start = Math.max(dropped, this.known - 1);
    if (this.numbers.at(-1) === start) this.numbers.pop();
    for (let number = start; number < dropped + length; number += 1) {
      const index = number - dropped;
      if (this.stream !== null && this.log.stream(index) !== this.stream) continue;
      if (this.pattern.test(this.log.text(index))) this.numbers.push(number);
    }
    this.known = dropped + length;
  }

  /** The next above or below a line, round the ends; null: there is none. */
  next(from: number, step: 1 | -1): number | null {
    const { numbers } = this;
    const found =
      step === 1 ? numbers.find((number) => number > from) : numbers.findLast((number) => number < from);
    return found ?? (step === 1 ? numbers[0] : numbers.at(-1)) ?? null;
  }
}

/** 1700000000.5 -> "22:13:20.500", in the person's own time. */
export function clockText(time: number): string {
  const date = new Date(time * 1000);
  const pad = (value: number, digits: number): string => String(value).padStart(digits, '0');
  const parts = [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => pad(part, 2));
  return `${parts.join(':')}.${pad(date.getMilliseconds(), 3)}`;
}
