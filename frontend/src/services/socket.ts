/** A WebSocket that comes back: back-off with jitter, no last attempt, at once when the network or the page returns.
 *
 * Where no WebSocket gets through, server-sent events and requests take its place.
 */

import { type Readable, writable } from 'svelte/store';
import { delayMilliseconds } from '../base/backoff.ts';
import { type Disposable, DisposableStore } from '../base/lifecycle.ts';
import { TransportChoice } from '../base/transport-choice.ts';
import { texts } from '../texts/services.ts';
import type { SocketEnd, SocketLike } from './substitute-socket.ts';
import { Substitutes } from './substitute-stream.ts';

export type SocketStatus =
  | { readonly state: 'connecting' }
  | { readonly state: 'open' }
  /** Lost. `retryAt` is when it connects again, in Date.now() milliseconds. */
  | { readonly state: 'waiting'; readonly retryAt: number }
  /** Over for good: the server said so with a code of 1000 or 4400 to 4499, or it was disposed. */
  | { readonly state: 'closed'; readonly code: number; readonly reason: string };

export interface SocketHandlers {
  /** Path of the server, asked anew for each attempt, so that it can name the offset to go on from. */
  path(): string;
  /** Before the first message of each connection. */
  onOpen?(): void;
  onText?(text: string): void;
  onBinary?(bytes: ArrayBuffer): void;
  /** It will connect again; why it was lost, as far as the other side said so. */
  onLost?(code: number, reason: string): void;
  onClosed?(code: number, reason: string): void;
}

/** A connection that stays silent this long at its start is given up. */
const CONNECT_TIMEOUT_MS = 10_000;
/** A connection this old counts as a success, so that one which opens and dies at once still backs off. */
const STABLE_MS = 5_000;

/** One network, one choice for all sockets of the page. */
const choice = new TransportChoice();
const substitutes = new Substitutes();

function isFinal(code: number): boolean {
  return code === 1000 || (code >= 4400 && code < 4500);
}

export class ReconnectingSocket implements Disposable {
  private readonly owned = new DisposableStore();
  private readonly state = writable<SocketStatus>({ state: 'connecting' });
  private socket: SocketLike | null = null;
  private timer: number | undefined;
  private failures = 0;
  private openedAt = 0;
  private over = false;

  readonly status: Readable<SocketStatus> = this.state;

  constructor(private readonly handlers: SocketHandlers) {
    const retry = (): void => this.retryNow();
    const whenVisible = (): void => {
      if (document.visibilityState === 'visible') this.retryNow();
    };
    window.addEventListener('online', retry);
    document.addEventListener('visibilitychange', whenVisible);
    this.owned.defer(() => window.removeEventListener('online', retry));
    this.owned.defer(() => document.removeEventListener('visibilitychange', whenVisible));
    this.connect();
  }

  /** False, and nothing sent, while there is no connection. */
  send(message: string): boolean {
    if (this.socket?.readyState !== WebSocket.OPEN) return false;
    this.socket.send(message);
    return true;
  }

  /** Connects at once if it is waiting to. */
  retryNow(): void {
    if (this.socket === null && !this.over) this.connect();
  }

  dispose(): void {
    this.finish(1000, texts.server.socketClosedHere);
  }

  private connect(): void {
    window.clearTimeout(this.timer);
    this.state.set({ state: 'connecting' });
    const isSubstitute = choice.next(Date.now()) === 'substitute';
    const path = this.handlers.path();
    const socket: SocketLike = isSubstitute ? substitutes.open(path) : openWebSocket(path);
    this.socket = socket;
    const failed = (): void => {
      if (!isSubstitute && this.openedAt === 0) choice.websocketFailed(Date.now());
    };
    this.timer = window.setTimeout(() => {
      failed();
      this.lost(socket);
    }, CONNECT_TIMEOUT_MS);
    socket.onopen = () => {
      if (isSubstitute) choice.substituteOpened();
      else choice.websocketOpened();
      this.opened();
    };
    socket.onmessage = ({ data }) => this.received(data);
    socket.onclose = (event) => {
      failed();
      if (isFinal(event.code)) return this.ended(event);
      this.lost(socket);
      this.handlers.onLost?.(event.code, event.reason);
    };
  }

  private opened(): void {
    window.clearTimeout(this.timer);
    this.openedAt = Date.now();
    this.state.set({ state: 'open' });
    this.handlers.onOpen?.();
  }

  private received(data: string | ArrayBuffer): void {
    if (typeof data === 'string') this.handlers.onText?.(data);
    else this.handlers.onBinary?.(data);
  }

  private lost(socket: SocketLike): void {
    this.release(socket);
    const wasStable = this.openedAt > 0 && Date.now() - this.openedAt >= STABLE_MS;
    this.failures = wasStable ? 1 : this.failures + 1;
    this.openedAt = 0;
    const delay = delayMilliseconds(this.failures);
    this.state.set({ state: 'waiting', retryAt: Date.now() + delay });
    this.timer = window.setTimeout(() => this.connect(), delay);
  }

  private ended({ code, reason }: SocketEnd): void {
    this.finish(code, reason);
    this.handlers.onClosed?.(code, reason);
  }

  private finish(code: number, reason: string): void {
    if (this.over) return;
    this.over = true;
    if (this.socket) this.release(this.socket);
    window.clearTimeout(this.timer);
    this.owned.dispose();
    this.state.set({ state: 'closed', code, reason });
  }

  private release(socket: SocketLike): void {
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
    this.socket = null;
  }
}

function openWebSocket(path: string): SocketLike {
  const url = new URL(path, window.location.href);
  url.protocol = url.protocol.replace('http', 'ws');
  const socket = new WebSocket(url);
  socket.binaryType = 'arraybuffer';
  return socket as SocketLike; // whose handlers ask for less than a WebSocket gives them
}
