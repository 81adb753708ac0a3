/** The server's REST API, typed. Every reply that is an error becomes an ApiError. */

import { parseExactly } from '../base/exact-json.ts';
import { encodePath, parent } from '../base/paths.ts';
import { texts } from '../texts/services.ts';
import type {
  ApiToken,
  ApiTokenId,
  BuiltEnvironment,
  Call,
  CodeCheck,
  Copy,
  CreatedApiToken,
  Dataset,
  DatasetChange,
  DatasetEntries,
  DatasetFormat,
  DatasetId,
  Entry,
  EnvironmentChoice,
  EnvironmentOffers,
  ErrorReply,
  FolderUsage,
  FoundPaths,
  GitAction,
  GitBlame,
  GitCommitDetails,
  GitDone,
  GitLogEntry,
  GitRefs,
  GitRepository,
  GitStatus,
  GitTransfer,
  GitTransferEvent,
  Host,
  KeepState,
  Launch,
  LaunchChoice,
  Launcher,
  LauncherChoice,
  LauncherId,
  LauncherUsage,
  Model,
  ModelChange,
  ModelEnvironment,
  ModelId,
  MountedModel,
  Move,
  NewApiToken,
  NewCall,
  NewDataset,
  NewModel,
  NewMountedModel,
  NewOperation,
  NewSnapshot,
  NewTerminal,
  NewUpload,
  Operation,
  OperationId,
  OwnPackages,
  ParameterDefinitions,
  Result,
  SearchEvent,
  SearchQuery,
  Snapshot,
  SnapshotChange,
  SnapshotId,
  State,
  StateChange,
  StateId,
  Template,
  Terminal,
  TerminalId,
  Trashed,
  TrashId,
  Upload,
  UploadId,
  Variable,
  VariableValue,
} from '../wire.ts';
import { jsonLines } from './json-lines.ts';

/** code is one of ide_server/errors.py, or 'offline' when the server was not reached at all. */
export class ApiError extends Error {
  override readonly name = 'ApiError';

  constructor(
    readonly code: string,
    message: string,
    readonly status: number,
    readonly details: Readonly<Record<string, unknown>> = {},
  ) {
    super(message);
  }

  /** A number of the details; 0 where the server gave none. */
  number(key: string): number {
    const value = this.details[key];
    return typeof value === 'number' ? value : 0;
  }
}

export function hasCode(error: unknown, code: string): error is ApiError {
  return error instanceof ApiError && error.code === code;
}

/** Whether it failed for a reason that passes, after which ModelEvents fires a rescan of everything. */
export function isOutOfReach(error: unknown): boolean {
  return ['offline', 'host_unavailable', 'filesystem_unavailable'].some((code) => hasCode(error, code));
}

/** What to tell a person about anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** What a save may replace: the file with this etag, any file ('*'), or nothing at all (null: it must be new). */
export type Expected = string | null;

export function preconditions(expected: Expected): Record<string, string> {
  return expected === null ? { 'If-None-Match': '*' } : { 'If-Match': expected };
}

const offline = (): ApiError => new ApiError('offline', texts.server.unreachable, 0);

function isErrorReply(value: unknown): value is ErrorReply {
  const error = (value as Partial<ErrorReply> | null)?.error;
  return typeof error?.code === 'string' && typeof error.message === 'string';
}

export function errorOf(status: number, body: string): ApiError {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  if (isErrorReply(parsed)) {
    return new ApiError(parsed.error.code, parsed.error.message, status, parsed.error.details);
  }
  return new ApiError('unexpected_reply', texts.server.answeredWith(status), status);
}

async function fetchOrOffline(path: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(path, init);
  } catch (error) {
    if (error instanceof TypeError) throw offline();
    throw error;
  }
}

export async function request(path: string, init: RequestInit = {}): Promise<Response> {
  const response = await fetchOrOffline(path, init);
  if (!response.ok) throw errorOf(response.status, await response.text());
  return response;
}

async function json<T>(method: string, path: string, body?: unknown): Promise<T> {
  const init: RequestInit = { method };
  if (body !== undefined) {
    init.body = JSON.stringify(body);
    init.headers = { 'Content-Type': 'application/json' };
  }
  const response = await request(path, init);
  return (response.status === 204 ? undefined : await response.json()) as T; // the server's types are wire.ts
}

/** What is told of a request while its body is sent, and what stops it. */
export interface Sending {
  onProgress?: (sentBytes: number) => void;
  signal?: AbortSignal;
}

interface Sent extends Sending {
  method: string;
  headers?: Readonly<Record<string, string>>;
}

/** For content of any size; XMLHttpRequest, as fetch reports no progress of what it sends. */
function send<T>(
  path: string,
  content: Blob,
  { method, headers = {}, onProgress, signal }: Sent,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const call = new XMLHttpRequest();
    call.open(method, path);
    call.setRequestHeader('Content-Type', 'application/octet-stream');
    for (const [name, value] of Object.entries(headers)) call.setRequestHeader(name, value);
    call.upload.onprogress = (event) => onProgress?.(event.loaded);
    call.onerror = () => reject(offline());
    call.onabort = () => reject(new DOMException(texts.server.uploadCancelled, 'AbortError'));
    call.onload = () => {
      if (call.status < 300)
        resolve(JSON.parse(call.responseText) as T); // the server's types are wire.ts
      else reject(errorOf(call.status, call.responseText));
    };
    signal?.addEventListener('abort', () => call.abort(), { once: true });
    call.send(content);
  });
}

const ROOT = '/api/v1';

export const host = (): Promise<Host> => json('GET', `${ROOT}/host`);
export const templates = (): Promise<Template[]> => json('GET', `${ROOT}/templates`);
export const models = (): Promise<Model[]> => json('GET', `${ROOT}/models`);
export const createModel = (model: NewModel): Promise<Model> => json('POST', `${ROOT}/models`, model);
/** From an exported snapshot. */
export const importModel = (name: string, file: Blob, sending: Sending): Promise<Model> =>
  send(`${ROOT}/models/import?${new URLSearchParams({ name })}`, file, { method: 'POST', ...sending });

export const tokens = (): Promise<ApiToken[]> => json('GET', `${ROOT}/tokens`);
export const createToken = (token: NewApiToken): Promise<CreatedApiToken> =>
  json('POST', `${ROOT}/tokens`, token);
export const removeToken = (id: ApiTokenId): Promise<void> =>
  json('DELETE', `${ROOT}/tokens/${encodeURIComponent(id)}`);

/** Those of all models, temporary and persistent. */
export const launchers = (): Promise<Launcher[]> => json('GET', `${ROOT}/launchers`);
/** A persistent one, or a temporary one that is idle. */
export const removeLauncher = (model: ModelId, id: LauncherId): Promise<void> =>
  json('DELETE', launcherPath(model, id));

/** Of its present process, the last minutes. */
export const launcherUsage = (model: ModelId, id: LauncherId): Promise<LauncherUsage[]> =>
  json('GET', `${launcherPath(model, id)}/usage`);
/** From its beginning to its end, or to now. */
export const operationUsage = (id: OperationId): Promise<LauncherUsage[]> =>
  json('GET', `${operationPath(id)}/usage`);

/** Those of the server, which every model may use; newest first. */
export const datasets = (): Promise<Dataset[]> => json('GET', `${ROOT}/datasets`);
export const createDataset = (dataset: NewDataset): Promise<Dataset> =>
  json('POST', `${ROOT}/datasets`, dataset);
export const changeDataset = (id: DatasetId, change: DatasetChange): Promise<Dataset> =>
  json('PATCH', datasetPath(id), change);
export const removeDataset = (id: DatasetId): Promise<void> => json('DELETE', datasetPath(id));
export const removeDatasetKey = (id: DatasetId, key: string): Promise<Dataset> =>
  json('DELETE', `${datasetPath(id)}/keys?${new URLSearchParams({ key })}`);
export const datasetEntries = (
  id: DatasetId,
  key: string,
  { start, count }: { start: number; count: number },
): Promise<DatasetEntries> => {
  const asked = new URLSearchParams({ key, start: String(start), count: String(count) });
  return json('GET', `${datasetPath(id)}/entries?${asked}`);
};
/** A file of an entry; of an entry that is a tensor or texts, all of it. */
export const datasetFileUrl = (id: DatasetId, key: string, index: number, file = 0): string =>
  `${datasetPath(id)}/entries/${index}/content?${new URLSearchParams({ key, file: String(file) })}`;

/** A file of entries; an .npy file becomes entries of `key`, every other names its keys itself. */
export interface DatasetFile {
  readonly format: DatasetFormat;
  readonly key: string;
  readonly content: Blob;
}

/** A new dataset of what is in a file. */
export const uploadDataset = (name: string, file: DatasetFile, sending: Sending): Promise<Dataset> =>
  send(
    `${ROOT}/datasets/upload?${new URLSearchParams({ name, format: file.format, key: file.key })}`,
    file.content,
    {
      method: 'POST',
      ...sending,
    },
  );
export const appendToDataset = (id: DatasetId, file: DatasetFile, sending: Sending): Promise<Dataset> =>
  send(
    `${datasetPath(id)}/upload?${new URLSearchParams({ format: file.format, key: file.key })}`,
    file.content,
    {
      method: 'POST',
      ...sending,
    },
  );

/** What an environment may be made of. */
export const environmentOffers = (): Promise<EnvironmentOffers> => json('GET', `${ROOT}/environments/offers`);
/** Those that are on the machine, used by a model or not. */
export const builtEnvironments = (): Promise<BuiltEnvironment[]> => json('GET', `${ROOT}/environments`);

/** A file's content and the etag to save it with. */
export interface Content {
  bytes: Uint8Array<ArrayBuffer> | null;
  byteSize: number;
  etag: string;
}

interface Written extends Sending {
  expected: Expected;
}

/** So many operations are listed at once. */
export const OPERATIONS_LISTED = 200;

/** Everything of one model. */
export class ModelApi {
  private readonly root: string;

  constructor(readonly id: ModelId) {
    this.root = `${ROOT}/models/${encodeURIComponent(id)}`;
  }

  model(): Promise<Model> {
    return json('GET', this.root);
  }

  change(change: ModelChange): Promise<Model> {
    return json('PATCH', this.root, change);
  }

  remove(): Promise<void> {
    return json('DELETE', this.root);
  }

  /** Once more, where the filesystem stays down. */
  mount(): Promise<void> {
    return json('POST', `${this.root}/mount`);
  }

  folders(): Promise<FolderUsage[]> {
    return json('GET', `${this.root}/folders`);
  }

  list(folder: string): Promise<Entry[]> {
    return json('GET', `${this.root}/tree/${encodePath(folder)}`);
  }

  makeFolder(path: string): Promise<Entry> {
    return json('PUT', `${this.root}/tree/${encodePath(path)}`);
  }

  move(move: Move): Promise<Entry> {
    return json('POST', `${this.root}/moves`, move);
  }

  fileUrl(path: string): string {
    return `${this.root}/files/${encodePath(path)}`;
  }

  /** Searches in files; the server stops when `signal` does, or nobody takes what it finds. */
  async *search(query: SearchQuery, signal: AbortSignal): AsyncGenerator<SearchEvent> {
    const headers = { 'Content-Type': 'application/json' };
    const body = JSON.stringify(query);
    yield* jsonLines<SearchEvent>(
      await request(`${this.root}/search`, { method: 'POST', body, headers, signal }),
    );
  }

  /** The paths of all files, nearest folders first; `hidden`: also those whose names begin with a dot. */
  async *paths(hidden: boolean, signal: AbortSignal): AsyncGenerator<FoundPaths> {
    yield* jsonLines<FoundPaths>(await request(`${this.root}/paths?hidden=${hidden}`, { signal }));
  }

  /** The content, or null with its size where it is longer than `mostBytes`. */
  async read(path: string, mostBytes: number): Promise<Content> {
    const stop = new AbortController();
    const response = await request(this.fileUrl(path), { cache: 'no-store', signal: stop.signal });
    const etag = response.headers.get('ETag') ?? '';
    const byteSize = Number(response.headers.get('Content-Length'));
    if (byteSize > mostBytes) {
      stop.abort();
      return { bytes: null, byteSize, etag };
    }
    const bytes = new Uint8Array(await response.arrayBuffer());
    return { bytes, byteSize: bytes.length, etag };
  }

  /** The etag of what is on disk now; null when there is no such file. */
  async etag(path: string): Promise<string | null> {
    const entry = await this.entry(path);
    if (entry?.kind !== 'link') return entry?.etag ?? null;
    // The entry of a link tells nothing of the file it leads to.
    const response = await fetchOrOffline(this.fileUrl(path), { method: 'HEAD', cache: 'no-store' });
    if (response.status === 404) return null;
    // The reply to HEAD has no body to say more.
    if (!response.ok) throw errorOf(response.status, '');
    return response.headers.get('ETag');
  }

  /** Looked up from the root down: asking for what is gone would put a failed request into the browser's console. */
  private async entry(path: string): Promise<Entry | undefined> {
    const folder = parent(path);
    const above = folder === '' ? null : await this.entry(folder);
    if (above !== null && above?.kind !== 'folder' && above?.kind !== 'link') return undefined;
    return (await this.list(folder)).find((entry) => entry.path === path);
  }

  async write(path: string, content: string | Blob, expected: Expected): Promise<Entry> {
    const headers = { 'Content-Type': 'application/octet-stream', ...preconditions(expected) };
    const response = await request(this.fileUrl(path), { method: 'PUT', body: content, headers });
    return (await response.json()) as Entry; // the server's types are wire.ts
  }

  /** Deletes a file or a folder with all in it, whatever it holds by now. */
  removeFile(path: string): Promise<Response> {
    return request(this.fileUrl(path), { method: 'DELETE', headers: { 'If-Match': '*' } });
  }

  /** Like write, for files of any size. */
  upload(path: string, content: Blob, { expected, ...sending }: Written): Promise<Entry> {
    return send(this.fileUrl(path), content, { method: 'PUT', headers: preconditions(expected), ...sending });
  }

  /** Of a file that is sent in parts; refused at once where it cannot fit. */
  beginUpload(upload: NewUpload): Promise<Upload> {
    return json('POST', `${this.root}/uploads`, upload);
  }

  /** How much of it has come. */
  uploadProgress(id: UploadId): Promise<Upload> {
    return json('GET', this.uploadPath(id));
  }

  /** The rest of it; it has an entry once all has come. */
  appendToUpload(id: UploadId, offset: number, rest: Blob, sending: Sending): Promise<Upload> {
    return send(`${this.uploadPath(id)}?offset=${offset}`, rest, { method: 'PATCH', ...sending });
  }

  cancelUpload(id: UploadId): Promise<void> {
    return json('DELETE', this.uploadPath(id));
  }

  private uploadPath(id: UploadId): string {
    return `${this.root}/uploads/${encodeURIComponent(id)}`;
  }

  /** A file, or a folder with all in it; never over what is there. */
  copy(copy: Copy): Promise<Entry> {
    return json('POST', `${this.root}/copies`, copy);
  }

  /** Deletes them so that it can be undone for some minutes. */
  trash(paths: readonly string[]): Promise<Trashed> {
    return json('POST', `${this.root}/trash`, { paths });
  }

  restore(id: TrashId): Promise<Entry[]> {
    return json('POST', `${this.root}/trash/${encodeURIComponent(id)}/restore`);
  }

  /** Files and folders as one zip. */
  zipUrl(paths: readonly string[]): string {
    return `${this.root}/zip?${new URLSearchParams(paths.map((path) => ['path', path]))}`;
  }

  /** Uses an environment, or builds it first. */
  chooseEnvironment(choice: EnvironmentChoice): Promise<ModelEnvironment> {
    return json('PUT', `${this.root}/environment`, choice);
  }

  cancelBuild(): Promise<void> {
    return json('DELETE', `${this.root}/environment/build`);
  }

  packages(): Promise<OwnPackages> {
    return json('GET', `${this.root}/packages`);
  }

  setVariable(name: string, value: VariableValue): Promise<Variable> {
    return json('PUT', this.variablePath(name), value);
  }

  removeVariable(name: string): Promise<void> {
    return json('DELETE', this.variablePath(name));
  }

  private variablePath(name: string): string {
    return `${this.root}/variables/${encodeURIComponent(name)}`;
  }

  mountModel(name: string, mounted: NewMountedModel): Promise<MountedModel> {
    return json('PUT', this.mountedPath(name), mounted);
  }

  unmountModel(name: string): Promise<void> {
    return json('DELETE', this.mountedPath(name));
  }

  private mountedPath(name: string): string {
    return `${this.root}/mounted/${encodeURIComponent(name)}`;
  }

  /** What its operations are launched with. */
  chooseLaunch(choice: LaunchChoice): Promise<Launch> {
    return json('PUT', `${this.root}/launch`, choice);
  }

  /** A persistent one. */
  createLauncher(choice: LauncherChoice): Promise<Launcher> {
    return json('POST', `${this.root}/launchers`, choice);
  }

  changeLauncher(id: LauncherId, choice: LauncherChoice): Promise<Launcher> {
    return json('PUT', launcherPath(this.id, id), choice);
  }

  terminals(): Promise<Terminal[]> {
    return json('GET', `${this.root}/terminals`);
  }

  createTerminal(size: NewTerminal): Promise<Terminal> {
    return json('POST', `${this.root}/terminals`, size);
  }

  /** Of our own, which leads to where the port is shown. */
  portUrl(port: number): string {
    return `/models/${encodeURIComponent(this.id)}/ports/${port}`;
  }

  renameTerminal(id: TerminalId, title: string): Promise<Terminal> {
    return json('PATCH', `${this.root}/terminals/${encodeURIComponent(id)}`, { title });
  }

  removeTerminal(id: TerminalId): Promise<void> {
    return json('DELETE', `${this.root}/terminals/${encodeURIComponent(id)}`);
  }

  /** Pass to ReconnectingSocket; `offset` is where output shall go on. */
  terminalSocket(id: TerminalId, offset: number): string {
    return `${this.root}/terminals/${encodeURIComponent(id)}/socket?offset=${offset}`;
  }

  /** Pass to ReconnectingSocket. */
  languageSocket(server: string): string {
    return `${this.root}/languages/${encodeURIComponent(server)}/socket`;
  }

  /** A file that a language server names: one of the model, or, with a path from the sandbox's root, of what surrounds it. */
  async readSource(path: string): Promise<string> {
    const url = path.startsWith('/')
      ? `${this.root}/environment/files/${encodePath(path.slice(1))}`
      : this.fileUrl(path);
    return (await request(url, { cache: 'no-store' })).text();
  }

  parameters(): Promise<ParameterDefinitions> {
    return json('GET', `${this.root}/parameters`);
  }

  /** With the etag of slipway.toml, to write them with; null where there is no such file. */
  async definitions(): Promise<{ definitions: ParameterDefinitions; etag: string | null }> {
    return definitionsIn(await request(`${this.root}/parameters`, { cache: 'no-store' }));
  }

  async writeDefinitions(
    definitions: ParameterDefinitions,
    expected: Expected,
  ): Promise<{ definitions: ParameterDefinitions; etag: string | null }> {
    const headers = { 'Content-Type': 'application/json', ...preconditions(expected) };
    const body = JSON.stringify(definitions);
    return definitionsIn(await request(`${this.root}/parameters`, { method: 'PUT', body, headers }));
  }

  /** Loads the code to see what it defines; the server stops when `signal` does. */
  async check(signal: AbortSignal): Promise<CodeCheck> {
    const response = await request(`${this.root}/check`, { method: 'POST', signal });
    return (await response.json()) as CodeCheck; // the server's types are wire.ts
  }

  states(): Promise<State[]> {
    return json('GET', `${this.root}/states`);
  }

  changeState(id: StateId, change: StateChange): Promise<State> {
    return json('PATCH', this.statePath(id), change);
  }

  removeState(id: StateId): Promise<void> {
    return json('DELETE', this.statePath(id));
  }

  /** One key of it; '' are bare bytes. */
  stateContentUrl(id: StateId, key: string): string {
    return `${this.statePath(id)}/content?${new URLSearchParams({ key })}`;
  }

  stateZipUrl(id: StateId): string {
    return `${this.statePath(id)}/zip`;
  }

  /** A state with one key; '' makes it bare bytes. */
  uploadState(state: { name: string; key: string }, content: Blob, sending: Sending): Promise<State> {
    return send(`${this.root}/states?${new URLSearchParams(state)}`, content, { method: 'POST', ...sending });
  }

  /** A state from a zip with a file for each key. */
  uploadStateZip(name: string, content: Blob, sending: Sending): Promise<State> {
    const path = `${this.root}/states/zip?${new URLSearchParams({ name })}`;
    return send(path, content, { method: 'POST', ...sending });
  }

  gitRepositories(): Promise<GitRepository[]> {
    return json('GET', `${this.root}/git`);
  }

  gitStatus(repository: string): Promise<GitStatus> {
    return json('GET', this.gitPath('status', { repository }));
  }

  gitRefs(repository: string): Promise<GitRefs> {
    return json('GET', this.gitPath('refs', { repository }));
  }

  /** The newest first; those that changed a file, where `path` is not ''. */
  gitLog(repository: string, path: string, skip: number): Promise<GitLogEntry[]> {
    return json('GET', this.gitPath('log', { repository, path, skip: String(skip) }));
  }

  gitCommit(repository: string, id: string): Promise<GitCommitDetails> {
    return json('GET', this.gitPath(`commits/${id}`, { repository }));
  }

  gitBlame(repository: string, path: string): Promise<GitBlame> {
    return json('GET', this.gitPath('blame', { repository, path }));
  }

  /** A file as `version` has it (HEAD, index, a commit...), with its id; null where it has no such file. */
  async gitContent(
    repository: string,
    path: string,
    version: string,
  ): Promise<{ id: string; bytes: Uint8Array } | null> {
    try {
      const response = await request(this.gitPath('content', { repository, path, version }), {
        cache: 'no-store',
      });
      const id = (response.headers.get('ETag') ?? '').replaceAll('"', '');
      return { id, bytes: new Uint8Array(await response.arrayBuffer()) };
    } catch (error) {
      if (hasCode(error, 'file_not_found')) return null;
      throw error;
    }
  }

  async gitAct(action: GitAction): Promise<string> {
    return (await json<GitDone>('POST', `${this.root}/git/actions`, action)).said;
  }

  /** Resolves at its end with what git said last; aborting stops git. */
  async gitTransfer(
    transfer: GitTransfer,
    onProgress: (text: string) => void,
    signal?: AbortSignal,
  ): Promise<string> {
    const body = JSON.stringify(transfer);
    const headers = { 'Content-Type': 'application/json' };
    const init: RequestInit = { method: 'POST', body, headers, ...(signal && { signal }) };
    const response = await request(`${this.root}/git/transfers`, init);
    for await (const line of linesOf(response)) {
      const event = JSON.parse(line) as GitTransferEvent; // the server's types are wire.ts
      if (event.type === 'progress') onProgress(event.text);
      else if (event.type === 'done') return event.said;
      else throw errorOf(409, JSON.stringify({ error: event.error }));
    }
    throw offline();
  }

  private gitPath(what: string, query: Record<string, string>): string {
    return `${this.root}/git/${what}?${new URLSearchParams(query)}`;
  }

  private statePath(id: StateId): string {
    return `${this.root}/states/${encodeURIComponent(id)}`;
  }

  takeSnapshot(snapshot: NewSnapshot): Promise<Snapshot> {
    return json('POST', `${this.root}/snapshots`, snapshot);
  }

  changeSnapshot(id: SnapshotId, change: SnapshotChange): Promise<Snapshot> {
    return json('PATCH', this.snapshotPath(id), change);
  }

  removeSnapshot(id: SnapshotId): Promise<void> {
    return json('DELETE', this.snapshotPath(id));
  }

  /** Resolves with the snapshot of what there was before. */
  restoreSnapshot(id: SnapshotId): Promise<Snapshot> {
    return json('POST', `${this.snapshotPath(id)}/restore`);
  }

  snapshotZipUrl(id: SnapshotId): string {
    return `${this.snapshotPath(id)}/zip`;
  }

  private snapshotPath(id: SnapshotId): string {
    return `${this.root}/snapshots/${encodeURIComponent(id)}`;
  }

  snapshotParameters(id: SnapshotId): Promise<ParameterDefinitions> {
    return json('GET', `${this.snapshotPath(id)}/parameters`);
  }

  /** The newest first, at most OPERATIONS_LISTED. */
  operations(olderThan?: OperationId): Promise<Operation[]> {
    const query = olderThan === undefined ? '' : `?${new URLSearchParams({ older_than: olderThan })}`;
    return json('GET', `${this.root}/operations${query}`);
  }

  startOperation(operation: NewOperation): Promise<Operation> {
    return json('POST', `${this.root}/operations`, operation);
  }

  operation(id: OperationId): Promise<Operation> {
    return json('GET', operationPath(id));
  }

  /** What it was started with, large values too, which `parameters` of an operation lacks. */
  operationRequest(id: OperationId): Promise<NewOperation> {
    return json('GET', `${operationPath(id)}/request`);
  }

  removeOperation(id: OperationId): Promise<void> {
    return json('DELETE', operationPath(id));
  }

  cancelOperation(id: OperationId): Promise<Operation> {
    return json('POST', `${operationPath(id)}/cancel`);
  }

  /** A training that goes on from what this one has left. */
  resumeOperation(id: OperationId): Promise<Operation> {
    return json('POST', `${operationPath(id)}/resume`);
  }

  /** In a debug session; its events tell the rest. */
  callFunction(id: OperationId, call: NewCall): Promise<Call> {
    return json('POST', `${operationPath(id)}/calls`, call);
  }

  /** The state that a call made, as one of the model's. */
  keepCallState(id: OperationId, call: number, keep: KeepState): Promise<State> {
    return json('POST', `${operationPath(id)}/calls/${call}/state`, keep);
  }

  /** Of an evaluate, or of a call of a debug session. */
  async result(id: OperationId, call: number | null = null): Promise<Result> {
    const response = await request(resultPath(id, call));
    return parseExactly(await response.text()) as Result; // the server's types are wire.ts
  }

  blobUrl(id: OperationId, index: number, call: number | null = null): string {
    return `${resultPath(id, call)}/blobs/${index}`;
  }

  logUrl(id: OperationId): string {
    return `${operationPath(id)}/log`;
  }

  operationSocket(id: OperationId, offset: number): string {
    return `${operationPath(id)}/events?offset=${offset}`;
  }

  eventsSocket(): string {
    return `${this.root}/events`;
  }
}

/** The lines of a reply, as they come. */
async function* linesOf(response: Response): AsyncGenerator<string> {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  while (reader) {
    const { value, done } = await reader.read().catch((error: unknown) => {
      throw error instanceof TypeError ? offline() : error;
    });
    const lines = (rest + (value ?? '')).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
    if (done) return;
  }
}

async function definitionsIn(
  response: Response,
): Promise<{ definitions: ParameterDefinitions; etag: string | null }> {
  const definitions = (await response.json()) as ParameterDefinitions; // the server's types are wire.ts
  return { definitions, etag: response.headers.get('ETag') };
}

function operationPath(id: OperationId): string {
  return `${ROOT}/operations/${encodeURIComponent(id)}`;
}

function launcherPath(model: ModelId, id: LauncherId): string {
  return `${ROOT}/models/${encodeURIComponent(model)}/launchers/${encodeURIComponent(id)}`;
}

function resultPath(id: OperationId, call: number | null): string {
  return `${operationPath(id)}${call === null ? '' : `/calls/${call}`}/result`;
}

function datasetPath(id: DatasetId): string {
  return `${ROOT}/datasets/${encodeURIComponent(id)}`;
}
