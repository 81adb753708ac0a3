/** What happens to one model, as the server tells it: what stands as stores, changes of files as events. */

import { get, type Readable, writable } from 'svelte/store';
import { Emitter } from '../base/emitter.ts';
import { withReply } from '../base/environment.ts';
import type { Disposable } from '../base/lifecycle.ts';
import type {
  Dataset,
  DatasetId,
  FileChange,
  FilesystemChanged,
  Launch,
  Launcher,
  Model,
  ModelEnvironment,
  ModelEvent,
  MountedModel,
  Operation,
  OperationId,
  QueueChanged,
  Snapshot,
  State,
  Terminal,
  Usage,
  Variable,
} from '../wire.ts';
import { datasets as listDatasets, type ModelApi, OPERATIONS_LISTED } from './api.ts';
import { ReconnectingSocket, type SocketStatus } from './socket.ts';

export type FilesystemStatus = Omit<FilesystemChanged, 'type'>;

/** How far an operation has come; it never goes back. */
function stage({ started_at, ended_at }: Operation): number {
  if (ended_at !== null) return 2;
  return started_at === null ? 0 : 1;
}

/** The operation put in its place by id, or first where it is new; newest first. A reply to a request can come after the
 * event of what happened next, so what is known to be further on stays. */
export function withOperation(operations: readonly Operation[], changed: Operation): readonly Operation[] {
  const known = operations.find(({ id }) => id === changed.id);
  if (known !== undefined) {
    if (stage(known) > stage(changed)) return operations;
    return operations.map((operation) => (operation.id === changed.id ? changed : operation));
  }
  return [changed, ...operations].sort((a, b) => b.created_at - a.created_at);
}

/** Those that were read from further back, behind what is known. */
export function withOlder(known: readonly Operation[], read: readonly Operation[]): readonly Operation[] {
  const ids = new Set(known.map(({ id }) => id));
  return [...known, ...read.filter(({ id }) => !ids.has(id))];
}

/** A list read anew, without undoing what events have told since the server wrote it. */
export function withOperations(
  known: readonly Operation[],
  read: readonly Operation[],
): readonly Operation[] {
  const newest = read[0]?.created_at ?? Number.NEGATIVE_INFINITY;
  const ids = new Set(read.map(({ id }) => id));
  return known.filter(({ id, created_at }) => ids.has(id) || created_at > newest).reduce(withOperation, read);
}

/** By name, the changed one in place of what had its name. */
export function withNamed<T extends { readonly name: string }>(
  known: readonly T[],
  changed: T,
): readonly T[] {
  const others = known.filter(({ name }) => name !== changed.name);
  return [...others, changed].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The changed one in its place; a new one comes first. */
export function withDataset(known: readonly Dataset[], changed: Dataset): readonly Dataset[] {
  const isKnown = known.some(({ id }) => id === changed.id);
  return isKnown ? known.map((each) => (each.id === changed.id ? changed : each)) : [changed, ...known];
}

export class ModelEvents implements Disposable {
  private readonly socket: ReconnectingSocket;
  private readonly modelStore;
  private readonly usageStore;
  private readonly operationsStore = writable<readonly Operation[]>([]);
  private readonly moreOperationsStore = writable(false);
  private readonly statesStore = writable<readonly State[]>([]);
  private readonly portsStore = writable<readonly number[] | null>(null);
  private readonly terminalsStore = writable<readonly Terminal[]>([]);
  private readonly snapshotsStore = writable<readonly Snapshot[]>([]);
  private readonly environmentStore = writable<ModelEnvironment | null>(null);
  private readonly variablesStore = writable<readonly Variable[]>([]);
  private readonly mountedModelsStore = writable<readonly MountedModel[]>([]);
  private readonly launchStore = writable<Launch | null>(null);
  private readonly launchersStore = writable<readonly Launcher[]>([]);
  private readonly datasetsStore = writable<readonly Dataset[] | null>(null);
  private readonly queueStore = writable<QueueChanged['before']>({});
  private readonly filesystemStore = writable<FilesystemStatus>({
    status: 'ready',
    message: '',
    remounted_at: null,
  });
  private readonly startedEmitter = new Emitter<Operation>();
  private readonly filesEmitter = new Emitter<readonly FileChange[]>();
  private readonly rescanEmitter = new Emitter<string>();
  private connections = 0;
  private hasHeard = false;
  private datasetReads = 0;

  readonly model: Readable<Model>;
  readonly usage: Readable<Usage>;
  readonly operations: Readable<readonly Operation[]> = this.operationsStore;
  /** There may be older ones, not read yet. */
  readonly hasMoreOperations: Readable<boolean> = this.moreOperationsStore;
  readonly states: Readable<readonly State[]> = this.statesStore;
  /** On which programs listen; null before it was heard. */
  readonly ports: Readable<readonly number[] | null> = this.portsStore;
  readonly terminals: Readable<readonly Terminal[]> = this.terminalsStore;
  readonly snapshots: Readable<readonly Snapshot[]> = this.snapshotsStore;
  /** Null until the server has said. */
  readonly environment: Readable<ModelEnvironment | null> = this.environmentStore;
  readonly variables: Readable<readonly Variable[]> = this.variablesStore;
  readonly mountedModels: Readable<readonly MountedModel[]> = this.mountedModelsStore;
  /** Null until the server has said. */
  readonly launch: Readable<Launch | null> = this.launchStore;
  readonly launchers: Readable<readonly Launcher[]> = this.launchersStore;
  /** Of the server, for all models; newest first. Null until they have been read. */
  readonly datasets: Readable<readonly Dataset[] | null> = this.datasetsStore;
  /** How many operations wait before each of the model's that wait, by id. */
  readonly queue: Readable<QueueChanged['before']> = this.queueStore;
  readonly filesystem: Readable<FilesystemStatus> = this.filesystemStore;
  readonly connection: Readable<SocketStatus>;

  /** Of an operation that was started in this page, beside the form of the Run panel, which is to show it. */
  readonly onStarted = this.startedEmitter.event;
  readonly onFilesChanged = this.filesEmitter.event;
  /** A folder ('' is all) to be read again, with all below it. Fired after each reconnection too: changes were missed. */
  readonly onRescan = this.rescanEmitter.event;

  constructor(
    private readonly api: ModelApi,
    model: Model,
    private readonly onError: (error: unknown) => void,
  ) {
    this.modelStore = writable(model);
    this.usageStore = writable(model.usage);
    this.model = this.modelStore;
    this.usage = this.usageStore;
    this.socket = new ReconnectingSocket({
      path: () => api.eventsSocket(),
      onOpen: () => {
        this.hasHeard = false;
      },
      onText: (text) => this.heard(JSON.parse(text) as ModelEvent), // the server's types are wire.ts
    });
    this.connection = this.socket.status;
  }

  retryNow(): void {
    this.socket.retryNow();
  }

  /** Puts in what a reply of the server said, without waiting for its event. */
  modelChanged(model: Model): void {
    this.modelStore.set(model);
    this.usageStore.set(model.usage);
  }

  environmentChanged(reply: ModelEnvironment): void {
    this.environmentStore.update((known) => withReply(known, reply));
  }

  variableChanged(variable: Variable): void {
    this.variablesStore.update((known) => withNamed(known, variable));
  }

  variableRemoved(name: string): void {
    this.variablesStore.update((known) => known.filter((variable) => variable.name !== name));
  }

  modelMounted(mounted: MountedModel): void {
    this.mountedModelsStore.update((known) => withNamed(known, mounted));
  }

  modelUnmounted(name: string): void {
    this.mountedModelsStore.update((known) => known.filter((mounted) => mounted.name !== name));
  }

  launchChanged(launch: Launch): void {
    this.launchStore.set(launch);
  }

  datasetChanged(dataset: Dataset): void {
    this.datasetsStore.update((known) => withDataset(known ?? [], dataset));
  }

  datasetRemoved(id: DatasetId): void {
    this.datasetsStore.update((known) => known?.filter((dataset) => dataset.id !== id) ?? null);
  }

  operationChanged(operation: Operation): void {
    this.operationsStore.update((operations) => withOperation(operations, operation));
  }

  /** Puts in some of those before the oldest that is known. */
  async readOlderOperations(): Promise<void> {
    const oldest = get(this.operationsStore).at(-1);
    const read = await this.api.operations(oldest?.id);
    this.operationsStore.update((known) => withOlder(known, read));
    this.moreOperationsStore.set(read.length >= OPERATIONS_LISTED);
  }

  operationStarted(operation: Operation): void {
    this.operationChanged(operation);
    this.startedEmitter.fire(operation);
  }

  operationRemoved(id: OperationId): void {
    this.operationsStore.update((operations) => operations.filter((operation) => operation.id !== id));
  }

  dispose(): void {
    this.socket.dispose();
    this.startedEmitter.dispose();
    this.filesEmitter.dispose();
    this.rescanEmitter.dispose();
  }

  /** A socket also opens where there is no host, to be closed with the reason: connected is who is told something. */
  private heard(event: ModelEvent): void {
    if (!this.hasHeard) {
      this.hasHeard = true;
      this.connected();
    }
    this.receive(event);
  }

  private connected(): void {
    this.connections += 1;
    // The socket tells what stands, save the operations that ended while nobody listened.
    this.api.operations().then((read) => {
      this.operationsStore.update((known) => withOperations(known, read));
      this.moreOperationsStore.set(read.length >= OPERATIONS_LISTED);
    }, this.onError);
    if (this.connections > 1) this.rescanEmitter.fire('');
  }

  private readDatasets(): void {
    this.datasetReads += 1;
    const read = this.datasetReads;
    const show = (datasets: readonly Dataset[]): void => {
      // Another may have been asked for since, and come first.
      if (read === this.datasetReads) this.datasetsStore.set(datasets);
    };
    listDatasets().then(show, this.onError);
  }

  private receive(event: ModelEvent): void {
    switch (event.type) {
      case 'usage':
        return this.usageStore.set(event.usage);
      case 'files':
        return this.filesEmitter.fire(event.changes);
      case 'rescan':
        return this.rescanEmitter.fire(event.path);
      case 'filesystem':
        return this.filesystemStore.set(event);
      case 'model':
        return this.modelChanged(event.model);
      case 'operation':
        return this.operationChanged(event.operation);
      case 'operation_removed':
        return this.operationRemoved(event.operation_id);
      case 'states':
        return this.statesStore.set(event.states);
      case 'snapshots':
        return this.snapshotsStore.set(event.snapshots);
      case 'environment':
        return this.environmentStore.set(event.environment);
      case 'variables':
        return this.variablesStore.set(event.variables);
      case 'mounted_models':
        return this.mountedModelsStore.set(event.mounted_models);
      case 'launch':
        return this.launchChanged(event.launch);
      case 'launchers':
        return this.launchersStore.set(event.launchers);
      case 'queue':
        return this.queueStore.set(event.before);
      case 'datasets':
        return this.readDatasets();
      case 'ports':
        return this.portsStore.set(event.ports);
      case 'terminals':
        return this.terminalsStore.set(event.terminals);
      default:
        // A newer server may say more; `never` makes the compiler name a case forgotten here.
        event satisfies never;
    }
  }
}
