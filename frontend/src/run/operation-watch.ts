/** Follows one operation's events for as long as somebody looks at it. */

import { type Readable, writable } from 'svelte/store';
import { type Disposable, DisposableStore } from '../base/lifecycle.ts';
import type { ModelApi } from '../services/api.ts';
import { ReconnectingSocket, type SocketStatus } from '../services/socket.ts';
import type { OperationEvents, OperationId } from '../wire.ts';

/** What is made of the events; `offset` is where the journal is to be read on. */
export interface EventSink {
  readonly offset: number;
  apply(batch: OperationEvents): void;
}

export class OperationWatch<T extends EventSink> implements Disposable {
  readonly status: Readable<SocketStatus>;
  private readonly owned = new DisposableStore();
  private readonly revisions = writable(0);
  private frame: number | undefined;

  /** Rises when the transcript has changed, at most once per frame of the screen. */
  readonly revision: Readable<number> = this.revisions;

  constructor(
    api: ModelApi,
    id: OperationId,
    readonly transcript: T,
  ) {
    const socket = this.owned.add(
      new ReconnectingSocket({
        path: () => api.operationSocket(id, this.transcript.offset),
        onText: (text) => this.receive(JSON.parse(text) as OperationEvents), // the server's types are wire.ts
      }),
    );
    this.status = socket.status;
    this.owned.defer(() => cancelAnimationFrame(this.frame ?? 0));
  }

  dispose(): void {
    this.owned.dispose();
  }

  private receive(batch: OperationEvents): void {
    this.transcript.apply(batch);
    this.frame ??= requestAnimationFrame(() => {
      this.frame = undefined;
      this.revisions.update((revision) => revision + 1);
    });
  }
}
