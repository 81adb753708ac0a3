/** A terminal's output as a stream of bytes that survives lost connections, whole and never doubled. */

import type { TerminalMessage, TerminalRequest } from '../wire.ts';
import { isQueryReply } from './query-reply.ts';

export interface Screen {
  /** Draws bytes in order; `drawn` is called when they stand on the screen. */
  write(bytes: Uint8Array, drawn: () => void): void;
  reset(): void;
  resize(rows: number, columns: number): void;
}

export interface StreamEvents {
  /** All that was written before we came has been drawn: from here on it is live. */
  live(): void;
  /** Output as it is written, without what was written before we came. */
  printed(bytes: Uint8Array): void;
  /** Another client has set this size. */
  sized(rows: number, columns: number): void;
  stdinFull(refusedBytes: number): void;
  exited(exitCode: number | null): void;
}

/** A screen draws this many bytes at a time, so that it can paint and hear keys in between. */
export const CHUNK_BYTES = 16 * 1024;

/** The server stops at 384 KiB unacknowledged; six acknowledgements in that keep it from ever waiting. */
export const ACKNOWLEDGE_BYTES = 64 * 1024;

/** The server takes a message whole or refuses it whole, and none above 1 MiB. Half a paste is worse than none, so only a
 * paste that would never fit is cut. */
const PIECE_BYTES = 2 ** 20;

/** Cuts between characters. Half a surrogate pair, as a paste can hold, has no UTF-8 and becomes U+FFFD. */
function* piecesOf(text: string): Generator<string> {
  const rest = new TextEncoder().encode(text);
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  for (let start = 0; start < rest.length; ) {
    let end = Math.min(start + PIECE_BYTES, rest.length);
    while (((rest[end] ?? 0) & 0xc0) === 0x80) end -= 1; // within a character
    yield decoder.decode(rest.subarray(start, end));
    start = end;
  }
}

export class TerminalStream {
  private received = 0;
  private drawn = 0;
  private acknowledged = 0;
  private liveOffset = Number.POSITIVE_INFINITY;
  /** Rises when the screen is cleared: chunks still in its queue no longer count. */
  private generation = 0;

  constructor(
    private readonly screen: Screen,
    private readonly send: (request: TerminalRequest) => void,
    private readonly events: StreamEvents,
  ) {}

  /** Where the next connection goes on. */
  get offset(): number {
    return this.received;
  }

  receive(message: Uint8Array | TerminalMessage): void {
    if (message instanceof Uint8Array) this.draw(message);
    else this.handle(message);
  }

  /** What a person typed, or what the screen answers to a query in the output. */
  input(text: string): void {
    if (this.drawn < this.liveOffset && isQueryReply(text)) return;
    for (const piece of piecesOf(text)) this.send(['stdin', piece]);
  }

  setSize(rows: number, columns: number): void {
    this.send(['set_size', rows, columns]);
  }

  private handle(message: TerminalMessage): void {
    switch (message[0]) {
      case 'setup':
        return this.begin(message[1], message[2], message[3], message[4]);
      case 'size':
        this.screen.resize(message[1], message[2]);
        return this.events.sized(message[1], message[2]);
      case 'stdin_full':
        return this.events.stdinFull(message[1]);
      case 'disconnect':
        return this.events.exited(message[1]);
    }
  }

  private begin(offset: number, rows: number, columns: number, liveOffset: number): void {
    if (offset !== this.received) this.restart(offset);
    this.acknowledged = offset;
    this.liveOffset = liveOffset;
    this.screen.resize(rows, columns);
    if (this.drawn >= liveOffset) this.events.live();
  }

  private restart(offset: number): void {
    this.generation += 1;
    this.screen.reset();
    this.received = offset;
    this.drawn = offset;
  }

  private draw(bytes: Uint8Array): void {
    for (let start = 0; start < bytes.length; start += CHUNK_BYTES) {
      const chunk = bytes.subarray(start, start + CHUNK_BYTES);
      const end = this.received + chunk.length;
      const generation = this.generation;
      if (this.received >= this.liveOffset) this.events.printed(chunk);
      this.received = end;
      this.screen.write(chunk, () => {
        if (generation === this.generation) this.drew(end);
      });
    }
  }

  private drew(end: number): void {
    const wasReplay = this.drawn < this.liveOffset;
    this.drawn = end;
    if (end - this.acknowledged >= ACKNOWLEDGE_BYTES) {
      this.acknowledged = end;
      this.send(['ack', end]);
    }
    if (wasReplay && end >= this.liveOffset) this.events.live();
  }
}
