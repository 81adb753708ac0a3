/** All of a page's substitutes of WebSockets: one stream of server-sent events down, one request at a time up.
 *
 * A browser has six connections to a server, over all its tabs: with a stream for each socket none would be left.
 */

import { texts } from '../texts/services.ts';
import type { SocketMessage, SocketRequest } from '../wire.ts';
import { type SocketEnd, type SocketLike, type SocketStream, SubstituteSocket } from './substitute-socket.ts';

const ROOT = '/api/v1/sockets';
const LOST: SocketEnd = { code: 1006, reason: '' };
const TOO_LONG: SocketEnd = { code: 1009, reason: '' };
const NOT_SIGNED_IN: SocketEnd = { code: 4401, reason: texts.server.signInAgain };
/** The longest that the server takes: of one request, so of all that are gathered in one too. */
const MAX_BODY_BYTES = 4 << 20;
const REQUEST_TIMEOUT_MS = 60_000;

interface Waiting {
  readonly json: string;
  /** With a comma or bracket. */
  readonly bytes: number;
}

export class SubstituteStream implements SocketStream {
  private readonly events = new EventSource(ROOT);
  private readonly sockets = new Map<number, SubstituteSocket>();
  /** Null until the server has named the stream. */
  private url: string | null = null;
  private waiting: Waiting[] = [];
  private sending = false;
  private over = false;
  private count = 0;

  constructor(private readonly onEnded: () => void) {
    this.events.onmessage = ({ data }) => this.received(JSON.parse(data) as SocketMessage); // the server's types are wire.ts
    // It would connect again by itself, to a stream without sockets.
    this.events.onerror = () => this.end(LOST);
  }

  /** `path` as of a WebSocket, with its query. */
  open(path: string): SocketLike {
    this.count += 1;
    const socket = new SubstituteSocket(this, this.count);
    this.sockets.set(this.count, socket);
    this.ask(['open', this.count, path]);
    return socket;
  }

  /** Requests arrive in order: those that come while one is under way are gathered for the next. */
  ask(request: SocketRequest): void {
    const json = JSON.stringify(request);
    const bytes = new TextEncoder().encode(json).length + 2;
    if (bytes > MAX_BODY_BYTES) return this.tooLong(request[1]);
    this.waiting.push({ json, bytes });
    void this.flush();
  }

  leave(socket: number): void {
    if (!this.sockets.delete(socket)) return;
    if (this.sockets.size === 0) this.end(LOST);
    else this.ask(['close', socket]);
  }

  private received(message: SocketMessage): void {
    switch (message[0]) {
      case 'stream':
        this.url = `${ROOT}/${encodeURIComponent(message[1])}`;
        void this.flush();
        break;
      case 'opened':
        this.sockets.get(message[1])?.opened();
        break;
      case 'text':
        this.sockets.get(message[1])?.received(message[2]);
        break;
      case 'bytes':
        this.sockets.get(message[1])?.received(decoded(message[2]));
        break;
      case 'closed':
        this.closed(message[1], { code: message[2], reason: message[3] });
        break;
      case 'ended':
        this.end({ code: message[1], reason: message[2] });
        break;
    }
  }

  private closed(number: number, how: SocketEnd): void {
    const socket = this.sockets.get(number);
    this.sockets.delete(number);
    socket?.ended(how);
    if (this.sockets.size === 0) this.end(LOST);
  }

  private tooLong(number: number): void {
    this.ask(['close', number]);
    this.closed(number, TOO_LONG);
  }

  private async flush(): Promise<void> {
    if (this.sending || this.url === null) return;
    this.sending = true;
    try {
      while (this.waiting.length > 0 && !this.over) {
        const reply = await post(this.url, this.gathered());
        if (!reply.ok) this.end(reply.status === 401 ? NOT_SIGNED_IN : LOST);
      }
    } catch {
      this.end(LOST); // the network's own failure: as of a WebSocket, there is no more to say
    } finally {
      this.sending = false;
    }
  }

  /** As many of those that wait as fit into one request. */
  private gathered(): string {
    let bytes = 0;
    const end = this.waiting.findIndex((each) => {
      bytes += each.bytes;
      return bytes > MAX_BODY_BYTES;
    });
    const taken = this.waiting.splice(0, end === -1 ? this.waiting.length : end);
    return `[${taken.map(({ json }) => json).join(',')}]`;
  }

  private end(how: SocketEnd): void {
    if (this.over) return;
    this.over = true;
    this.events.close();
    this.onEnded();
    const sockets = [...this.sockets.values()];
    this.sockets.clear();
    for (const socket of sockets) socket.ended(how);
  }
}

/** The page's one stream, which is there as long as a socket is. */
export class Substitutes {
  private stream: SubstituteStream | null = null;

  open(path: string): SocketLike {
    this.stream ??= new SubstituteStream(() => {
      this.stream = null;
    });
    return this.stream.open(path);
  }
}

function post(url: string, body: string): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body,
    signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
  });
}

function decoded(base64: string): ArrayBuffer {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let index = 0; index < text.length; index += 1) bytes[index] = text.charCodeAt(index);
  return bytes.buffer;
}
