/** Between a client and a socket. Answers what a server asks: the client itself refuses all of that. */

import type { Transport } from '@codemirror/lsp-client';

/** By method. What it throws is the answer's error. */
export type Answers = Readonly<Record<string, (params: unknown) => unknown>>;

interface Asked {
  readonly id: number | string;
  readonly method: string;
  readonly params?: unknown;
}

/** Asked of every client, and answered by agreeing: none of it needs more of this one. */
const AGREED: Answers = {
  'client/registerCapability': () => null,
  'client/unregisterCapability': () => null,
  'window/workDoneProgress/create': () => null,
  'workspace/codeLens/refresh': () => null,
  'workspace/semanticTokens/refresh': () => null,
};

const INTERNAL_ERROR = -32603;

export class SocketTransport implements Transport {
  private readonly handlers = new Set<(text: string) => void>();
  private readonly answers: Answers;

  /** sendText: drops what cannot be sent any more; the connection says so to whoever waits for an answer. */
  constructor(
    private readonly sendText: (text: string) => void,
    answers: Answers,
  ) {
    this.answers = { ...AGREED, ...answers };
  }

  send(message: string): void {
    this.sendText(message);
  }

  subscribe(handler: (text: string) => void): void {
    this.handlers.add(handler);
  }

  unsubscribe(handler: (text: string) => void): void {
    this.handlers.delete(handler);
  }

  received(text: string): void {
    const message: unknown = JSON.parse(text); // the host lets objects through only
    if (isAsked(message) && Object.hasOwn(this.answers, message.method)) void this.answer(message);
    else for (const handler of this.handlers) handler(text);
  }

  private async answer({ id, method, params }: Asked): Promise<void> {
    try {
      const result = await this.answers[method]?.(params);
      this.reply({ id, result: result ?? null });
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.reply({ id, error: { code: INTERNAL_ERROR, message } });
    }
  }

  private reply(message: object): void {
    this.sendText(JSON.stringify({ jsonrpc: '2.0', ...message }));
  }
}

function isAsked(message: unknown): message is Asked {
  return typeof message === 'object' && message !== null && 'id' in message && 'method' in message;
}
