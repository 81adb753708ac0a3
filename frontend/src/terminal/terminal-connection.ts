/** One terminal of the server shown on one screen, over as many sockets as the network needs. */

import { get, type Readable, writable } from 'svelte/store';
import { type Disposable, DisposableStore } from '../base/lifecycle.ts';
import { ReconnectingSocket, type SocketStatus } from '../services/socket.ts';
import { texts } from '../texts/terminal.ts';
import type { TerminalMessage, TerminalRequest } from '../wire.ts';
import { NoSpaceWatch } from './no-space.ts';
import type { Size, TerminalScreen } from './terminal-screen.ts';
import { TerminalStream } from './terminal-stream.ts';

export interface ConnectionEvents {
  /** Where output goes on, as an address of the server. */
  path(offset: number): string;
  stdinFull(refusedBytes: number): void;
  /** A program has said that a write did not fit. */
  noSpace(): void;
  /** Nothing more will come; `reason` says why. */
  ended(reason: string): void;
}

export class TerminalConnection implements Disposable {
  private readonly owned = new DisposableStore();
  private readonly stream: TerminalStream;
  private readonly socket: ReconnectingSocket;
  private readonly noSpace = new NoSpaceWatch();
  private readonly foreign = writable<Size | null>(null);
  private sharedSize: Size | null = null;
  private exited = false;

  readonly status: Readable<SocketStatus>;
  /** The size another window has set, while it is not the one this window would take. */
  readonly foreignSize: Readable<Size | null> = this.foreign;

  constructor(
    private readonly screen: TerminalScreen,
    private readonly events: ConnectionEvents,
  ) {
    this.stream = new TerminalStream(screen, (request) => this.send(request), {
      live: () => this.becameLive(),
      printed: (bytes) => this.noSpace.sees(bytes) && events.noSpace(),
      sized: (rows, columns) => this.sized({ rows, columns }),
      stdinFull: (refusedBytes) => events.stdinFull(refusedBytes),
      exited: (code) => this.end(exitText(code)),
    });
    this.socket = this.owned.add(
      new ReconnectingSocket({
        path: () => events.path(this.stream.offset),
        onText: (text) => this.receive(JSON.parse(text) as TerminalMessage), // the server's types are wire.ts
        onBinary: (bytes) => this.stream.receive(new Uint8Array(bytes)),
        onClosed: (code, reason) => this.closed(code, reason),
      }),
    );
    this.status = this.socket.status;
    this.owned.defer(
      this.status.subscribe(({ state }) => screen.acceptInput(state === 'open' || this.exited)),
    );
  }

  type(text: string): void {
    this.stream.input(text);
  }

  /** Gives the terminal this window's size, unless it has it already or the window shows nothing of it. */
  claimSize(): void {
    if (this.exited || get(this.status).state !== 'open') return;
    const size = this.screen.fit();
    this.foreign.set(null);
    if (size === null || isSame(size, this.sharedSize)) return;
    this.sharedSize = size;
    this.stream.setSize(size.rows, size.columns);
  }

  retryNow(): void {
    this.socket.retryNow();
  }

  dispose(): void {
    this.owned.dispose();
  }

  private send(request: TerminalRequest): void {
    this.socket.send(JSON.stringify(request));
  }

  private receive(message: TerminalMessage): void {
    if (message[0] === 'setup') this.sharedSize = { rows: message[2], columns: message[3] };
    this.stream.receive(message);
  }

  private becameLive(): void {
    // A window in the background does not take the size from the one a person looks at.
    if (document.visibilityState === 'visible') this.claimSize();
  }

  private sized(size: Size): void {
    this.sharedSize = size;
    this.foreign.set(size);
  }

  private closed(code: number, reason: string): void {
    if (code === 4404) this.end(texts.ends.gone);
    else if (code === 4401) this.end(texts.ends.signedOut);
    else this.end(reason === '' ? texts.ends.closed : reason);
  }

  private end(reason: string): void {
    if (this.exited) return;
    this.exited = true;
    this.foreign.set(null);
    this.screen.acceptInput(true);
    this.events.ended(reason);
  }
}

function exitText(code: number | null): string {
  return code === null ? texts.ends.killed : texts.ends.exited(code);
}

function isSame(a: Size, b: Size | null): boolean {
  return a.rows === b?.rows && a.columns === b.columns;
}
