/** What stands in the place of a WebSocket where none gets through: a number in a stream that the page's others share. */

import type { SocketRequest } from '../wire.ts';

/** As much of a WebSocket as is used. */
export interface SocketLike {
  readonly readyState: number;
  onopen: (() => void) | null;
  onmessage: ((event: { readonly data: string | ArrayBuffer }) => void) | null;
  onclose: ((event: SocketEnd) => void) | null;
  send(message: string): void;
  close(): void;
}

export interface SocketEnd {
  readonly code: number;
  readonly reason: string;
}

/** What the stream does for each of its sockets. */
export interface SocketStream {
  ask(request: SocketRequest): void;
  /** It is closed at this end. */
  leave(socket: number): void;
}

export class SubstituteSocket implements SocketLike {
  readyState: number = WebSocket.CONNECTING;
  onopen: SocketLike['onopen'] = null;
  onmessage: SocketLike['onmessage'] = null;
  onclose: SocketLike['onclose'] = null;

  constructor(
    private readonly stream: SocketStream,
    private readonly number: number,
  ) {}

  send(message: string): void {
    if (this.readyState === WebSocket.OPEN) this.stream.ask(['send', this.number, message]);
  }

  close(): void {
    if (this.readyState === WebSocket.CLOSED) return;
    this.readyState = WebSocket.CLOSED;
    this.onopen = this.onmessage = this.onclose = null;
    this.stream.leave(this.number);
  }

  opened(): void {
    this.readyState = WebSocket.OPEN;
    this.onopen?.();
  }

  received(data: string | ArrayBuffer): void {
    this.onmessage?.({ data });
  }

  /** By the other end, or by what was between. */
  ended(how: SocketEnd): void {
    this.readyState = WebSocket.CLOSED;
    this.onclose?.(how);
  }
}
