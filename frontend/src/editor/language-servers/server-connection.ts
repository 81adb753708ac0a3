/** One language server of a model, spoken with through a socket: there while files of its languages are open.
 *
 * A server belongs to its socket. When that is lost, or the server has ended, all that it said is dropped, and another one
 * is told of the open files from the beginning: nothing of the one before is taken for true.
 */

import { LSPClient } from '@codemirror/lsp-client';
import { type Readable, writable } from 'svelte/store';
import type {
  Diagnostic,
  DocumentDiagnosticReport,
  FileEvent,
  PublishDiagnosticsParams,
  ShowMessageParams,
} from 'vscode-languageserver-protocol';
import { type Disposable, DisposableStore } from '../../base/lifecycle.ts';
import { messageOf } from '../../services/api.ts';
import { isRefused, ServerGone } from '../../services/language-requests.ts';
import type { Languages, ServerStatus } from '../../services/languages.ts';
import type { Problems } from '../../services/problems.ts';
import { ReconnectingSocket } from '../../services/socket.ts';
import { texts } from '../../texts/languages.ts';
import { CAPABILITIES } from './capabilities.ts';
import { movedBy, problemOf } from './diagnostics.ts';
import { OpenDocuments } from './documents.ts';
import { sanitize } from './sanitize.ts';
import { type Answers, SocketTransport } from './transport.ts';
import { isOfModel, pathOf, ROOT_URI } from './uris.ts';

/** One that is fetched first takes its time to begin. */
const BEGIN_TIMEOUT_MS = 180_000;
/** A person has given up by then. */
const ANSWER_TIMEOUT_MS = 20_000;
/** Codes that its socket closes with, of docs/languages.md. */
const IDLE = 4408;
const CANNOT_RUN = 4501;
const ENDED = 4502;
/** A person who types on is waited for. */
const TELL_DELAY_MS = 150;

export interface ServerOptions {
  readonly name: string;
  readonly title: string;
  /** Of its files: 'Python'. */
  readonly language: string;
  readonly socketPath: string;
  readonly languages: Languages;
  readonly problems: Problems;
  /** What it may ask of the page, besides what every client answers. */
  readonly answers: Answers;
}

export class ServerConnection implements Disposable {
  private readonly owned = new DisposableStore();
  private readonly store = writable<LSPClient | null>(null);
  private readonly found = new Map<string, readonly Diagnostic[]>();
  private socket: ReconnectingSocket | null = null;
  private transport: SocketTransport | null = null;
  private current: LSPClient | null = null;
  private gone = Promise.withResolvers<never>();
  private tellTimer: ReturnType<typeof setTimeout> | undefined;
  /** As nobody used it: it starts again when somebody does. */
  private isStopped = false;
  private round = 0;

  /** Null while no server can be asked. */
  readonly client: Readable<LSPClient | null> = this.store;

  constructor(readonly options: ServerOptions) {
    const { languages, name } = options;
    this.owned.add(languages.onRestart((wanted) => wanted === name && this.restart()));
    this.owned.defer(() => clearTimeout(this.tellTimer));
    this.owned.defer(() => this.leave());
    this.start();
  }

  get ready(): LSPClient | null {
    return this.current;
  }

  /** What it found in a file, as it said it. */
  diagnosticsOf(uri: string): readonly Diagnostic[] {
    return this.found.get(uri) ?? [];
  }

  /** Rejects with ServerGone when the server ends before it has answered. */
  async ask<Params, Result>(method: string, params: Params): Promise<Result> {
    const client = this.current;
    if (client === null) throw new ServerGone(this.options.title);
    client.sync();
    const late = timeLimit(ANSWER_TIMEOUT_MS, this.options.title);
    try {
      return await Promise.race([
        client.request<Params, Result>(method, params),
        this.gone.promise,
        late.passed,
      ]);
    } finally {
      late.stop();
    }
  }

  /** A text was changed; the server is told soon. Starts one that was stopped as nobody used it. */
  changed(): void {
    if (this.socket === null && this.isStopped) return this.start();
    this.tellSoon();
  }

  /** An editor is gone: what was found in a file that none shows any more is forgotten soon. */
  closed(): void {
    this.tellSoon();
  }

  /** On disk, whoever changed them; what is wrong in the open files may be something else now. */
  filesChanged(changes: readonly FileEvent[]): void {
    if (this.current === null) return;
    this.current.notification('workspace/didChangeWatchedFiles', { changes });
    this.tellSoon();
  }

  restart(): void {
    this.leave();
    this.start();
  }

  dispose(): void {
    this.owned.dispose();
    this.options.languages.forget(this.options.name);
  }

  private start(): void {
    this.isStopped = false;
    this.report('starting');
    this.socket = new ReconnectingSocket({
      path: () => this.options.socketPath,
      onOpen: () => void this.opened(),
      onText: (text) => this.transport?.received(text),
      onLost: (code, reason) => this.lost(code, reason),
      onClosed: (code, reason) => this.ended(code, reason),
    });
  }

  private async opened(): Promise<void> {
    const transport = new SocketTransport((text) => this.socket?.send(text), {
      ...this.options.answers,
      'workspace/diagnostic/refresh': () => this.tell(),
    });
    const client = this.newClient();
    this.transport = transport;
    client.connect(transport);
    try {
      await client.initializing;
    } catch (error) {
      if (this.transport === transport) this.failed(messageOf(error));
      return;
    }
    if (this.transport !== transport) return;
    this.gone = Promise.withResolvers<never>();
    this.gone.promise.catch(() => undefined); // whoever asks hears of it
    this.current = client;
    this.store.set(client);
    this.report('ready');
    this.tellSoon();
  }

  private newClient(): LSPClient {
    return new LSPClient({
      rootUri: ROOT_URI,
      timeout: BEGIN_TIMEOUT_MS,
      workspace: (client) => new OpenDocuments(client),
      sanitizeHTML: sanitize,
      extensions: [{ clientCapabilities: CAPABILITIES }],
      notificationHandlers: {
        'textDocument/publishDiagnostics': (client, params: PublishDiagnosticsParams) => {
          this.published(client, params);
          return true;
        },
        'window/showMessage': (_, { type, message }: ShowMessageParams) => {
          if (type <= 2) this.report('ready', message);
          return true;
        },
        // What it writes to its log is of no use to who writes the model.
        'window/logMessage': () => true,
      },
    });
  }

  private lost(code: number, reason: string): void {
    if (code === CANNOT_RUN) return this.failed(reason);
    this.drop();
    this.report(code === ENDED ? 'failed' : 'starting', code === ENDED ? reason : '');
  }

  private ended(code: number, reason: string): void {
    this.drop();
    this.socket = null;
    this.isStopped = code === IDLE;
    this.report(code === IDLE ? 'stopped' : 'failed', code === IDLE ? '' : reason);
  }

  /** It was reached, but does not speak as expected: it is left, until a person wants it again. */
  private failed(reason: string): void {
    this.leave();
    this.report('failed', reason);
  }

  private leave(): void {
    this.socket?.dispose();
    this.socket = null;
    this.drop();
  }

  private drop(): void {
    this.transport = null;
    this.current = null;
    this.store.set(null);
    this.gone.reject(new ServerGone(this.options.title));
    this.gone.promise.catch(() => undefined); // nobody may be asking
    this.found.clear();
    this.options.problems.replace(this.options.name, []);
  }

  private tellSoon(): void {
    clearTimeout(this.tellTimer);
    this.tellTimer = setTimeout(() => this.tell(), TELL_DELAY_MS);
  }

  private tell(): void {
    const client = this.current;
    if (client === null) return;
    client.sync();
    this.forgetClosed(client);
    if (client.serverCapabilities?.diagnosticProvider === undefined) return;
    this.round += 1;
    for (const { uri } of client.workspace.files) void this.pull(client, uri);
  }

  private forgetClosed(client: LSPClient): void {
    for (const uri of this.found.keys()) {
      if (client.workspace.getFile(uri) === null) this.show(client, uri, []);
    }
  }

  private async pull(client: LSPClient, uri: string): Promise<void> {
    if (!isOfModel(pathOf(uri) ?? '/')) return;
    const { round } = this;
    try {
      const params = { textDocument: { uri } };
      const report = await this.ask<unknown, DocumentDiagnosticReport>('textDocument/diagnostic', params);
      if (round === this.round && client === this.current && report.kind === 'full')
        this.show(client, uri, report.items);
    } catch (error) {
      // The text has changed since, or the server has ended; either way there is another round.
      if (!isRefused(error)) throw error;
    }
  }

  private published(client: LSPClient, { uri, version, diagnostics }: PublishDiagnosticsParams): void {
    const file = client.workspace.getFile(uri);
    if (client === this.current && file && (version ?? file.version) === file.version)
      this.show(client, uri, diagnostics);
  }

  private show(client: LSPClient, uri: string, diagnostics: readonly Diagnostic[]): void {
    const path = pathOf(uri);
    if (path === null || !isOfModel(path)) return;
    const { name, problems } = this.options;
    const documents = client.workspace as OpenDocuments; // made by newClient
    const file = documents.getFile(uri);
    const now = file?.getView()?.state.doc;
    if (file === null || now === undefined) {
      this.found.delete(uri);
      return problems.replaceIn(path, name, []);
    }
    this.found.set(uri, diagnostics);
    const changes = documents.changesOf(file);
    const moved = movedBy({ before: file.doc, now, mapPos: (offset) => changes.mapPos(offset) });
    problems.replaceIn(
      path,
      name,
      diagnostics.map((diagnostic) => problemOf(diagnostic, { path, source: name }, moved)),
    );
  }

  private report(state: ServerStatus['state'], message = ''): void {
    const { name, title, language, languages } = this.options;
    languages.report({ name, title, language, state, message });
  }
}

function timeLimit(milliseconds: number, title: string): { passed: Promise<never>; stop(): void } {
  const { promise, reject } = Promise.withResolvers<never>();
  const message = texts.noAnswer(title, milliseconds / 1000);
  const timer = setTimeout(() => reject(new Error(message)), milliseconds);
  return { passed: promise, stop: () => clearTimeout(timer) };
}
