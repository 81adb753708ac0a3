/** The log of an operation as lines, bounded, with what terminals do to a line already done. */

import type { Log } from '../wire.ts';

export type LogStream = Log['stream'];

export interface LogLine {
  readonly stream: LogStream;
  readonly text: string;
  /** When its first text was printed, in seconds since the epoch. */
  readonly time: number;
}

/** Beyond this the oldest lines leave the page; the server keeps them all. */
export const MOST_LINES = 100_000;
/** A longer line goes on in the next one, so that no single line stops the page. */
export const LONGEST_LINE = 4_000;
/** Old lines leave many at a time, as each removal moves all that stay. */
const DROP_AT_ONCE = 10_000;

interface OpenLine {
  readonly stream: LogStream;
  readonly time: number;
  /** As it was printed while it is open, as it is shown once it is closed. */
  text: string;
  /** Text that follows begins another line. */
  closed: boolean;
}

/** Only the last line ever changes. */
export class LogLines {
  /** How many of the oldest lines are no longer here. */
  dropped = 0;
  private readonly lines: OpenLine[] = [];

  get length(): number {
    return this.lines.length;
  }

  /** Lines from `start` to before `end`, as they are shown. */
  slice(start: number, end: number): LogLine[] {
    return this.lines.slice(start, end).map(shownLine);
  }

  /** As it is shown; '' where there is no such line. */
  text(index: number): string {
    const line = this.lines[index];
    return line === undefined ? '' : shownLine(line).text;
  }

  stream(index: number): LogStream {
    return this.lines[index]?.stream ?? 'stdout';
  }

  /** All of it, as it is shown. */
  whole(): string {
    return this.lines.map((line) => `${shownLine(line).text}\n`).join('');
  }

  append(stream: LogStream, text: string, time: number): void {
    const parts = text.split('\n');
    const rest = parts.pop() ?? '';
    for (const part of parts) close(this.write(stream, part, time));
    if (rest !== '') this.write(stream, rest, time);
    if (this.lines.length >= MOST_LINES + DROP_AT_ONCE) {
      this.dropped += this.lines.splice(0, this.lines.length - MOST_LINES).length;
    }
  }

  private write(stream: LogStream, text: string, time: number): OpenLine {
    let line = this.lineOf(stream, time);
    let rest = afterReturn(line.text + text);
    while (rest.length > LONGEST_LINE) {
      line.text = rest.slice(0, LONGEST_LINE);
      close(line);
      rest = rest.slice(LONGEST_LINE);
      line = this.lineOf(stream, time);
    }
    line.text = rest;
    return line;
  }

  /** The line that text of this stream goes on: a stream does not write into the other's line. */
  private lineOf(stream: LogStream, time: number): OpenLine {
    const last = this.lines.at(-1);
    if (last !== undefined && !last.closed && last.stream === stream) return last;
    if (last !== undefined) close(last);
    const line = { stream, time, text: '', closed: false };
    this.lines.push(line);
    return line;
  }
}

function close(line: OpenLine): void {
  if (!line.closed) line.text = shownText(line.text);
  line.closed = true;
}

function shownLine({ stream, text, time, closed }: OpenLine): LogLine {
  return { stream, time, text: closed ? text : shownText(text) };
}

/** A carriage return begins the line again: what a progress bar wrote before is gone. One at the end waits for its text. */
function afterReturn(text: string): string {
  const at = text.lastIndexOf('\r', text.length - 2);
  return at === -1 ? text : text.slice(at + 1);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are made of them
const ESCAPES = /\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[ -/]*[0-~])/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: tab stays, all others have no picture
const CONTROLS = /[\x00-\x08\x0b-\x1f\x7f]/g;

/** Without colours and other orders to a terminal. */
function shownText(text: string): string {
  return text.replace(ESCAPES, '').replace(CONTROLS, '');
}
