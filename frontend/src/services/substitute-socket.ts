/** What stands in the place of a WebSocket where none gets through: server-sent events one way, requests the other. */

import { texts } from '../texts/services.ts';
import type { NewSubstitute, Substitute } from '../wire.ts';

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

const ROOT = '/api/v1/sockets';
const LOST: SocketEnd = { code: 1006, reason: '' };
const NOT_SIGNED_IN: SocketEnd = { code: 4401, reason: texts.server.signInAgain };

export class SubstituteSocket implements SocketLike {
  readyState: number = WebSocket.CONNECTING;
  onopen: SocketLike['onopen'] = null;
  onmessage: SocketLike['onmessage'] = null;
  onclose: SocketLike['onclose'] = null;
  private url = '';
  private events: EventSource | null = null;
  private waiting: string[] = [];
  private sending = false;

  /** `path` as of a WebSocket, with its query. */
  constructor(path: string) {
    this.open(path).catch(() => this.end(LOST));
  }

  /** Messages arrive in order: those that come while a request is under way go with the next. */
  send(message: string): void {
    this.waiting.push(message);
    void this.flush();
  }

  close(): void {
    this.readyState = WebSocket.CLOSED;
    this.events?.close();
    this.onopen = this.onmessage = this.onclose = null;
  }

  private async open(path: string): Promise<void> {
    const wanted: NewSubstitute = { path };
    const reply = await post(ROOT, wanted);
    if (this.readyState === WebSocket.CLOSED) return;
    if (reply.status === 401) return this.end(NOT_SIGNED_IN);
    if (!reply.ok) return this.end(LOST);
    const { id, code, reason } = (await reply.json()) as Substitute; // the server's types are wire.ts
    if (id === null) return this.end({ code, reason });
    this.url = `${ROOT}/${encodeURIComponent(id)}`;
    this.listen();
  }

  private listen(): void {
    const events = new EventSource(this.url);
    this.events = events;
    events.onopen = () => {
      this.readyState = WebSocket.OPEN;
      this.onopen?.();
    };
    // It would connect again by itself, to a connection that has ended.
    events.onerror = () => this.end(LOST);
    events.addEventListener('text', ({ data }) => this.onmessage?.({ data: JSON.parse(data) as string }));
    events.addEventListener('binary', ({ data }) => this.onmessage?.({ data: decoded(JSON.parse(data)) }));
    events.addEventListener('close', ({ data }) => {
      const [code, reason] = JSON.parse(data) as [number, string];
      this.end({ code, reason });
    });
  }

  private async flush(): Promise<void> {
    if (this.sending) return;
    this.sending = true;
    try {
      while (this.waiting.length > 0 && this.readyState === WebSocket.OPEN) {
        const messages = this.waiting;
        this.waiting = [];
        const reply = await post(this.url, messages);
        if (!reply.ok) this.end(LOST);
      }
    } catch {
      this.end(LOST); // the network's own failure: as of a WebSocket, there is no more to say
    } finally {
      this.sending = false;
    }
  }

  private end(how: SocketEnd): void {
    if (this.readyState === WebSocket.CLOSED) return;
    const { onclose } = this;
    this.close();
    onclose?.(how);
  }
}

function post(url: string, body: unknown): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
}

function decoded(base64: string): ArrayBuffer {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let index = 0; index < text.length; index += 1) bytes[index] = text.charCodeAt(index);
  return bytes.buffer;
}
