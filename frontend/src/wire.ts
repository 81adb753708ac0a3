// Generated from ide_server/wire.py by scripts/wire.py; edit that and run scripts/fix.

export type ModelId = string;

export type StateId = string;

export type OperationId = string;

export type TerminalId = string;

export type ElementType = "f32" | "f64" | "i8" | "i16" | "i32" | "i64" | "u8" | "u16" | "u32" | "u64" | "string" | "binary" | "boolean" | "image" | "audio" | "video";

export type FunctionName = "createModelState" | "instantiateModel" | "evaluate" | "train" | "getModelState" | "dispose";

export type OperationKind = "createModelState" | "evaluate" | "train";

export type OperationStatus = "queued" | "running" | "succeeded" | "failed" | "cancelled" | "interrupted";

export type Phase = "codeStartup" | "createState" | "instantiateModel" | "train" | "getState" | "evaluate";

export type OutcomeKind = "succeeded" | "cancelled" | "interrupted" | "exception" | "missing_function" | "invalid_executable_file" | "read_executable_file_failed" | "invalid_output" | "max_duration_exceeded" | "code_terminated" | "launcher_terminated" | "server_overloaded";

export interface ErrorBody {
  readonly code: string;
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>>;
}

export interface ErrorReply {
  readonly error: ErrorBody;
}

/** What a filesystem holds and may hold; files counts files and folders, an inode each. */
export interface Usage {
  readonly used_bytes: number;
  readonly limit_bytes: number;
  readonly used_files: number;
  readonly limit_files: number;
}

export interface Model {
  readonly id: ModelId;
  readonly name: string;
  readonly created_at: number;
  readonly usage: Usage;
  readonly active_state_id: StateId | null;
  /** What the code defined when it was last loaded; null if it never was. */
  readonly functions: readonly FunctionName[] | null;
}

export interface Template {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly language: "python" | "node";
}

export interface NewModel {
  readonly name: string;
  readonly template: string;
}

/** Fields left out stay as they are. */
export interface ModelChange {
  readonly name?: string | null;
  readonly limit_bytes?: number | null;
  readonly active_state_id?: StateId | null;
}

export interface FolderUsage {
  readonly path: string;
  readonly used_bytes: number;
  readonly used_files: number;
}

export interface Host {
  readonly version: string;
  /** What this machine lacks and what then does not work. */
  readonly warnings: readonly string[];
}

export type EntryKind = "file" | "folder" | "link" | "other";

/** A name in a folder. `path` is relative to the filesystem's root, without a leading slash. */
export interface Entry {
  readonly name: string;
  readonly path: string;
  readonly kind: EntryKind;
  readonly byte_size: number;
  readonly modified_at: number;
  /** Of files only: pass it as If-Match to write. */
  readonly etag: string | null;
  readonly executable: boolean;
  readonly link_target: string | null;
}

export interface Move {
  readonly source: string;
  readonly destination: string;
}

export interface Terminal {
  readonly id: TerminalId;
  readonly title: string;
  readonly created_at: number;
}

export interface NewTerminal {
  readonly rows: number;
  readonly columns: number;
}

export type Stdin = readonly [type: "stdin", text: string];

export type SetSize = readonly [type: "set_size", rows: number, columns: number];

/** All output before this byte offset has been drawn. */
export type Acknowledge = readonly [type: "ack", offset: number];

export type TerminalRequest = Stdin | SetSize | Acknowledge;

/** First message. The next binary frame starts at this byte offset of the terminal's output. */
export type Setup = readonly [type: "setup", offset: number, rows: number, columns: number, live_offset: number];

/** Another client has set the size. */
export type Sized = readonly [type: "size", rows: number, columns: number];

/** This many bytes typed were refused: the program does not read its input. */
export type StdinFull = readonly [type: "stdin_full", refused_bytes: number];

/** The shell ended; null: a signal killed it, as the end of its sandbox does. */
export type Disconnect = readonly [type: "disconnect", exit_code: number | null];

export type TerminalMessage = Setup | Sized | StdinFull | Disconnect;

/** A row of slipway.toml. shape: -1 is any length, [] a scalar. */
export interface ParameterDefinition {
  readonly name: string;
  readonly types: readonly ElementType[];
  readonly shape: readonly number[];
  readonly required: boolean;
  readonly display_name: string;
  readonly description: string;
  readonly default: unknown;
  readonly choices: readonly unknown[];
  readonly minimum: number | null;
  readonly maximum: number | null;
}

export interface ParameterDefinitions {
  readonly create_state: readonly ParameterDefinition[];
  readonly train: readonly ParameterDefinition[];
  readonly evaluate_input: readonly ParameterDefinition[];
  readonly evaluate_output: readonly ParameterDefinition[];
}

/** An encoded file as an input: image, audio, video or binary (format ""). */
export interface MediaValue {
  readonly format: string;
  readonly base64: string;
}

/** An encoded file of a result, fetched by index. */
export interface Blob {
  readonly index: number;
  readonly format: string;
  readonly byte_size: number;
}

/** A tensor. elements: flat, row-major, empty for media; NaN and infinities as strings; cut when `truncated`. */
export interface OutputValue {
  readonly type: ElementType;
  readonly shape: readonly number[];
  readonly elements: readonly unknown[];
  readonly blobs: readonly Blob[];
  readonly truncated: boolean;
}

export interface Output {
  readonly name: string;
  readonly values: readonly OutputValue[];
}

export interface Result {
  readonly outputs: readonly Output[];
}

/** How an operation ended. `message` says it to a person; `details` is a traceback, cut at 10,000 characters. */
export interface Outcome {
  readonly kind: OutcomeKind;
  readonly message: string;
  readonly at: Phase | null;
  readonly details: string;
  readonly exit_code: number | null;
  readonly signal: string | null;
  readonly oom: boolean;
}

export interface Operation {
  readonly id: OperationId;
  readonly model_id: ModelId;
  readonly kind: OperationKind;
  readonly status: OperationStatus;
  readonly parameters: Readonly<Record<string, unknown>>;
  /** The state it ran on. */
  readonly state_id: StateId | null;
  /** The state it made. */
  readonly result_state_id: StateId | null;
  readonly created_at: number;
  readonly started_at: number | null;
  readonly ended_at: number | null;
  readonly outcome: Outcome | null;
}

export interface NewOperation {
  readonly kind: OperationKind;
  readonly parameters?: Readonly<Record<string, unknown>>;
  /** null: the active state, made by createModelState if there is none. */
  readonly state_id?: StateId | null;
}

export interface State {
  readonly id: StateId;
  readonly model_id: ModelId;
  readonly name: string;
  readonly created_at: number;
  readonly byte_size: number;
  readonly operation_id: OperationId | null;
}

export interface StateChange {
  readonly name: string;
}

export interface Log {
  readonly type: "log";
  readonly time: number;
  readonly stream: "stdout" | "stderr";
  readonly text: string;
}

export interface Progress {
  readonly type: "progress";
  readonly time: number;
  readonly fraction: number;
}

export interface Metric {
  readonly type: "metric";
  readonly time: number;
  readonly name: string;
  readonly step: number;
  /** null: it was not a number, or infinite. */
  readonly value: number | null;
}

export interface PhaseStarted {
  readonly type: "phase_started";
  readonly time: number;
  readonly phase: Phase;
}

export interface PhaseEnded {
  readonly type: "phase_ended";
  readonly time: number;
  readonly phase: Phase;
  readonly seconds: number;
}

export interface Loaded {
  readonly type: "loaded";
  readonly time: number;
  readonly functions: readonly FunctionName[];
}

export interface Ended {
  readonly type: "ended";
  readonly time: number;
  readonly outcome: Outcome;
}

export type OperationEvent = Log | Progress | Metric | PhaseStarted | PhaseEnded | Loaded | Ended;

/** Events of an operation's journal; `offset` is the byte offset after the last of them, to resume from. */
export interface OperationEvents {
  readonly offset: number;
  readonly events: readonly OperationEvent[];
}

export interface FileChange {
  readonly kind: "created" | "written" | "renamed" | "removed" | "attributes";
  readonly path: string;
  /** The new path, of renamed only. */
  readonly destination: string | null;
}

export interface UsageChanged {
  readonly type: "usage";
  readonly usage: Usage;
}

export interface FilesChanged {
  readonly type: "files";
  readonly changes: readonly FileChange[];
}

/** Changes were too many to list: read this folder and all below it again. */
export interface FolderRescan {
  readonly type: "rescan";
  readonly path: string;
}

export interface FilesystemChanged {
  readonly type: "filesystem";
  readonly status: "ready" | "remounting" | "failed";
  readonly message: string;
}

export interface ModelChanged {
  readonly type: "model";
  readonly model: Model;
}

export interface OperationChanged {
  readonly type: "operation";
  readonly operation: Operation;
}

export interface StatesChanged {
  readonly type: "states";
  readonly states: readonly State[];
}

export interface TerminalsChanged {
  readonly type: "terminals";
  readonly terminals: readonly Terminal[];
}

export type ModelEvent = UsageChanged | FilesChanged | FolderRescan | FilesystemChanged | ModelChanged | OperationChanged | StatesChanged | TerminalsChanged;
