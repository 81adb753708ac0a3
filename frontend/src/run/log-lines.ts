/** The log of an operation as lines, bounded, with what terminals do to a line already done. */

import type { Log } from '../wire.ts';

export type LogStream = Log['stream'];

export interface LogLine {
  readonly stream: LogStream;
  readonly text: string;
}

/** Beyond this the oldest lines leave the page; the server keeps them all. */
export const MOST_LINES = 100_000;
/** A longer line goes on in the next one, so that no single line stops the page. */
export const LONGEST_LINE = 4_000;
/** Old lines leave many at a time, as each removal moves all that stay. */
const DROP_AT_ONCE = 10_000;

interface OpenLine {
  stream: LogStream;
  text: string;
  /** Ended by a newline: text that follows begins another line. */
  closed: boolean;
}

export class LogLines {
  /** How many of the oldest lines are no longer here. */
  dropped = 0;
  private readonly lines: OpenLine[] = [];

  get length(): number {
    return this.lines.length;
  }

  /** Lines from `start` to before `end`, as they are shown. */
  slice(start: number, end: number): LogLine[] {
    return this.lines.slice(start, end).map(({ stream, text }) => ({ stream, text: shownText(text) }));
  }

  /** The next line that holds a text, in whatever case, from `start` on by `step` and round the ends; null: none does. */
  find(text: string, start: number, step: 1 | -1): number | null {
    const wanted = text.toLowerCase();
    const { length } = this.lines;
    for (let passed = 0; passed < length; passed += 1) {
      const at = (((start + passed * step) % length) + length) % length;
      const line = this.lines[at];
      if (line && shownText(line.text).toLowerCase().includes(wanted)) return at;
    }
    return null;
  }

  /** All of it, as it is shown. */
  text(): string {
    return this.lines.map(({ text }) => `${shownText(text)}\n`).join('');
  }

  append(stream: LogStream, text: string): void {
    const parts = text.split('\n');
    const rest = parts.pop() ?? '';
    for (const part of parts) {
      this.write(stream, part).closed = true;
    }
    if (rest !== '') this.write(stream, rest);
    if (this.lines.length >= MOST_LINES + DROP_AT_ONCE) {
      this.dropped += this.lines.splice(0, this.lines.length - MOST_LINES).length;
    }
  }

  private write(stream: LogStream, text: string): OpenLine {
    let line = this.lineOf(stream);
    let rest = afterReturn(line.text + text);
    while (rest.length > LONGEST_LINE) {
      line.text = rest.slice(0, LONGEST_LINE);
      line.closed = true;
      rest = rest.slice(LONGEST_LINE);
      line = this.lineOf(stream);
    }
    line.text = rest;
    return line;
  }

  /** The line that text of this stream goes on: a stream does not write into the other's line. */
  private lineOf(stream: LogStream): OpenLine {
    const last = this.lines.at(-1);
    if (last !== undefined && !last.closed && last.stream === stream) return last;
    const line = { stream, text: '', closed: false };
    this.lines.push(line);
    return line;
  }
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
