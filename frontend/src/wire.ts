// Generated from ide_server/wire by scripts/wire.py; edit that and run scripts/fix.

export type ApiTokenId = string;

export type Scope = "read" | "run" | "write";

/** Lets a program in. Scopes: read whatever there is; run operations; write, which is all else. */
export interface ApiToken {
  readonly id: ApiTokenId;
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly created_at: number;
  readonly expires_at: number | null;
  /** To the minute. */
  readonly last_used_at: number | null;
}

export interface NewApiToken {
  readonly name: string;
  readonly scopes: readonly Scope[];
  /** null: never. */
  readonly expires_at?: number | null;
}

export interface CreatedApiToken {
  /** Shown once: only its hash is kept. Sent as `Authorization: Bearer <secret>`. */
  readonly secret: string;
  readonly token: ApiToken;
}

export type ModelId = string;

export type StateId = string;

export type OperationId = string;

export type TerminalId = string;

export type SnapshotId = string;

export type LauncherId = string;

export type DatasetId = string;

export type TrashId = string;

export type UploadId = string;

export type ElementType = "f32" | "f64" | "i8" | "i16" | "i32" | "i64" | "u8" | "u16" | "u32" | "u64" | "string" | "binary" | "boolean" | "image" | "audio" | "video";

export type FunctionName = "createModelState" | "instantiateModel" | "evaluate" | "train" | "getModelState" | "dispose";

export type OperationKind = "createModelState" | "evaluate" | "train" | "debug";

export type OperationStatus = "queued" | "running" | "succeeded" | "failed" | "cancelled" | "interrupted";

export type Phase = "codeStartup" | "createState" | "instantiateModel" | "train" | "getState" | "evaluate" | "dispose";

export type OutcomeKind = "succeeded" | "cancelled" | "interrupted" | "exception" | "missing_function" | "invalid_executable_file" | "read_executable_file_failed" | "invalid_output" | "max_duration_exceeded" | "code_terminated" | "launcher_terminated" | "server_overloaded";

export interface ErrorBody {
  readonly code: string;
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>>;
}

export interface ErrorReply {
  readonly error: ErrorBody;
}

export type ProblemKind = "syntax" | "import" | "exception" | "no_code" | "out_of_time" | "terminated";

/** What is wrong with a model's code. Line and column count from 1; 0: it is in no line. */
export interface CodeProblem {
  readonly path: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
  readonly kind: ProblemKind;
}

/** What the code defines, and what is wrong with it. */
export interface CodeCheck {
  readonly functions: readonly FunctionName[];
  readonly problems: readonly CodeProblem[];
}

/** A tensor. elements: flat, row-major, empty for media; NaN and infinities as strings; cut when `truncated`. */
export interface OutputValue {
  readonly type: ElementType;
  readonly shape: readonly number[];
  readonly elements: readonly unknown[];
  readonly blobs: readonly Blob[];
  readonly truncated: boolean;
}

export type DatasetFormat = "csv" | "jsonl" | "npy" | "zip";

/** A list of entries, all of one type. shape: of each entry, -1 where they differ. */
export interface DatasetKey {
  readonly key: string;
  readonly type: ElementType;
  readonly shape: readonly number[];
  readonly entries: number;
  readonly byte_size: number;
  /** Of numbers, and null where they are not looked into. */
  readonly minimum: number | null;
  readonly maximum: number | null;
}

/** Entries by key, which every model may use as inputs. */
export interface Dataset {
  readonly id: DatasetId;
  readonly name: string;
  readonly created_at: number;
  readonly changed_at: number;
  readonly keys: readonly DatasetKey[];
}

export interface NewDataset {
  readonly name: string;
}

export interface DatasetChange {
  readonly name: string;
}

/** Entries to append, by key, as the values of parameters are written. */
export interface NewEntries {
  readonly values: Readonly<Record<string, readonly unknown[]>>;
  /** Of keys that are new; one that is left out gets the type that its values show. */
  readonly types?: Readonly<Record<string, ElementType>>;
}

/** Some of the entries of a key. The index of a blob counts the files of its entry. */
export interface DatasetEntries {
  readonly start: number;
  readonly total: number;
  readonly entries: readonly OutputValue[];
}

export interface EnvironmentChoice {
  /** Such as "3.12". */
  readonly python: string;
  /** Such as "24". */
  readonly node: string;
  /** Version by name of what is preinstalled; a package left out is not. */
  readonly packages?: Readonly<Record<string, string>>;
}

export interface VersionOffer {
  /** What a choice names it by. */
  readonly version: string;
  /** Of what would be used, such as "3.12.1"; "" if that shows when it is fetched. */
  readonly full_version: string;
  /** It is on this machine; what is not would be fetched. */
  readonly ready: boolean;
}

export interface PackageOffer {
  readonly name: string;
  readonly description: string;
  /** The newest first; empty while the index cannot be reached. */
  readonly versions: readonly string[];
}

/** What a choice may hold; newest first. */
export interface EnvironmentOffers {
  readonly default: EnvironmentChoice;
  readonly pythons: readonly VersionOffer[];
  readonly nodes: readonly VersionOffer[];
  readonly packages: readonly PackageOffer[];
}

export type BuildPhase = "waiting" | "fetching_python" | "resolving" | "downloading" | "installing" | "finishing";

export type BuildStatus = "running" | "failed" | "cancelled";

/** A build that has not succeeded; one that has is an environment. Totals are 0 until they are known. */
export interface Build {
  readonly choice: EnvironmentChoice;
  readonly status: BuildStatus;
  readonly phase: BuildPhase;
  readonly packages_done: number;
  readonly packages_total: number;
  readonly bytes_done: number;
  readonly bytes_total: number;
  readonly started_at: number;
  /** Of a failed one: the tool's own words. */
  readonly message: string;
}

/** `choice` is in use, or will be once it is built where `key` is null; `build` is of the choice made last. */
export interface ModelEnvironment {
  readonly choice: EnvironmentChoice;
  readonly key: string | null;
  readonly build: Build | null;
}

export interface BuiltEnvironment {
  readonly key: string;
  /** It was built for. */
  readonly choice: EnvironmentChoice;
  readonly python_version: string;
  readonly node_version: string;
  readonly packages: Readonly<Record<string, string>>;
  /** What removing it would free: files that other environments share are not counted. */
  readonly byte_size: number;
  readonly created_at: number;
  readonly in_use: boolean;
}

export interface InstalledPackage {
  readonly name: string;
  readonly version: string;
}

/** What a person has installed into the model under one Python version. */
export interface PackageSet {
  readonly python: string;
  readonly packages: readonly InstalledPackage[];
}

/** A file that names dependencies; `outdated`: it is newer than what is installed. */
export interface Dependencies {
  readonly path: string;
  readonly outdated: boolean;
  /** Installs them; for a terminal. */
  readonly command: string;
}

export interface OwnPackages {
  readonly sets: readonly PackageSet[];
  /** Installs under the present Python version what is installed under another only; "" if there is nothing. */
  readonly reinstall_command: string;
  readonly dependencies: readonly Dependencies[];
}

/** An environment variable of the model's terminals and launchers. */
export interface Variable {
  readonly name: string;
  /** null: it is secret. */
  readonly value: string | null;
  readonly secret: boolean;
}

export interface VariableValue {
  readonly value: string;
  readonly secret?: boolean;
}

/** Another model, whose files this one's terminals and launchers see at `path`, read-only. */
export interface MountedModel {
  readonly name: string;
  readonly path: string;
  readonly model_id: ModelId;
  readonly model_name: string;
}

export interface NewMountedModel {
  readonly model_id: ModelId;
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

export interface Copy {
  readonly source: string;
  readonly destination: string;
}

export interface NewTrash {
  readonly paths: readonly string[];
}

/** What was deleted together, and can be put back together until then. */
export interface Trashed {
  readonly id: TrashId;
  readonly paths: readonly string[];
  readonly until: number;
}

export interface NewUpload {
  readonly path: string;
  readonly byte_size: number;
  /** The etag of the file that it replaces, * for any; null where there must be none. */
  readonly expected?: string | null;
}

/** A file that comes in several requests. */
export interface Upload {
  readonly id: UploadId;
  readonly path: string;
  readonly byte_size: number;
  readonly received_bytes: number;
  /** Once all has come: the file as it was put in place. */
  readonly entry: Entry | null;
}

export type GitLetter = "M" | "A" | "D" | "R" | "C" | "T" | "U" | "?";

export type GitDoing = "merge" | "rebase" | "cherry-pick" | "revert";

/** Paths are of the filesystem, as in Entry. */
export interface GitChange {
  readonly path: string;
  /** What the next commit has of it, compared with the last. */
  readonly staged: GitLetter | null;
  /** What is in the file, compared with what the next commit has. */
  readonly unstaged: GitLetter | null;
  readonly original_path: string | null;
  /** What both sides did, as two letters of git's: UU, AA, DU. */
  readonly conflict: string | null;
}

export interface GitRepository {
  /** Of its folder; '' is the root of the filesystem. */
  readonly path: string;
}

export interface GitStatus {
  readonly repository: string;
  /** null: a commit is checked out, not a branch. */
  readonly branch: string | null;
  /** null before the first. */
  readonly commit: string | null;
  readonly upstream: string | null;
  readonly ahead: number;
  readonly behind: number;
  /** What has stopped half way, as for conflicts. */
  readonly doing: GitDoing | null;
  readonly stashes: number;
  readonly remotes: readonly string[];
  readonly changes: readonly GitChange[];
  /** There are others than are listed. */
  readonly more_changes: boolean;
}

export interface GitBranch {
  readonly name: string;
  readonly remote: boolean;
  readonly current: boolean;
  readonly commit: string;
  readonly upstream: string | null;
  /** As git says it: `ahead 1, behind 2`, `gone`. */
  readonly track: string;
  readonly committed_at: number;
  readonly subject: string;
}

export interface GitRemote {
  readonly name: string;
  readonly url: string;
}

export interface GitStash {
  readonly index: number;
  readonly made_at: number;
  readonly message: string;
}

export interface GitRefs {
  readonly branches: readonly GitBranch[];
  readonly remotes: readonly GitRemote[];
  readonly stashes: readonly GitStash[];
}

export interface GitLogEntry {
  readonly id: string;
  readonly parents: readonly string[];
  readonly author: string;
  readonly email: string;
  readonly authored_at: number;
  readonly refs: readonly string[];
  readonly subject: string;
}

export interface GitCommitFile {
  readonly path: string;
  readonly letter: GitLetter;
  readonly original_path: string | null;
  /** null of a binary file. */
  readonly added_lines: number | null;
  readonly deleted_lines: number | null;
}

export interface GitCommitDetails {
  readonly commit: GitLogEntry;
  readonly message: string;
  /** Compared with its first parent. */
  readonly files: readonly GitCommitFile[];
}

export interface GitBlameCommit {
  readonly id: string;
  readonly author: string;
  readonly authored_at: number;
  readonly summary: string;
}

export interface GitBlame {
  readonly commits: readonly GitBlameCommit[];
  /** Of each line of the file on disk its place in `commits`; -1 where it is not committed yet. */
  readonly lines: readonly number[];
}

export interface GitInit {
  readonly type: "init";
  readonly repository?: string;
}

/** Of these paths, or of all where there are none. */
export interface GitStage {
  readonly type: "stage";
  readonly repository?: string;
  readonly paths?: readonly string[];
}

/** As GitStage. */
export interface GitUnstage {
  readonly type: "unstage";
  readonly repository?: string;
  readonly paths?: readonly string[];
}

/** Puts `paths` back to what is staged and deletes those that are `untracked`. */
export interface GitDiscard {
  readonly type: "discard";
  readonly repository?: string;
  readonly paths?: readonly string[];
  readonly untracked?: readonly string[];
}

/** Puts a text into the index, the file as it is: how a part of a file is staged or unstaged. */
export interface GitStageContent {
  readonly type: "stage_content";
  readonly path: string;
  readonly content: string;
  /** The ETag of what the index has now; '' where it has none. */
  readonly expected: string;
  readonly repository?: string;
}

export interface GitCommit {
  readonly type: "commit";
  /** May be empty where it amends: then the message stays. */
  readonly message: string;
  readonly repository?: string;
  readonly amend?: boolean;
  /** Stage what is tracked first. */
  readonly all?: boolean;
}

/** Who commits, in all repositories of the model. */
export interface GitIdentity {
  readonly type: "identity";
  readonly name: string;
  readonly email: string;
  readonly repository?: string;
}

/** To a branch; one of a remote becomes a local one that follows it. */
export interface GitSwitch {
  readonly type: "switch";
  readonly branch: string;
  readonly repository?: string;
  readonly create?: boolean;
  /** Where a new branch begins; '' is here. */
  readonly start?: string;
}

/** A commit, without a branch. */
export interface GitCheckout {
  readonly type: "checkout";
  readonly commit: string;
  readonly repository?: string;
}

export interface GitDeleteBranch {
  readonly type: "delete_branch";
  readonly branch: string;
  readonly repository?: string;
  /** Also where its commits are nowhere else. */
  readonly force?: boolean;
}

export interface GitMerge {
  readonly type: "merge";
  readonly branch: string;
  readonly repository?: string;
}

/** Ends a conflict: with one side, both one after the other, or what is in the file. */
export interface GitResolve {
  readonly type: "resolve";
  readonly path: string;
  readonly side: "ours" | "theirs" | "both" | "file";
  readonly repository?: string;
}

/** What has stopped half way. */
export interface GitAbort {
  readonly type: "abort";
  readonly doing: GitDoing;
  readonly repository?: string;
}

export interface GitContinue {
  readonly type: "continue";
  readonly doing: GitDoing;
  readonly repository?: string;
}

/** The last commit; what it changed is staged again. */
export interface GitUndoCommit {
  readonly type: "undo_commit";
  readonly repository?: string;
}

export interface GitStashPush {
  readonly type: "stash_push";
  readonly message?: string;
  readonly repository?: string;
}

export interface GitStashApply {
  readonly type: "stash_apply";
  readonly index?: number;
  readonly repository?: string;
  readonly drop?: boolean;
}

export interface GitStashDrop {
  readonly type: "stash_drop";
  readonly index: number;
  readonly repository?: string;
}

export interface GitAddRemote {
  readonly type: "add_remote";
  readonly name: string;
  readonly url: string;
  readonly repository?: string;
}

export type GitAction = GitInit | GitStage | GitUnstage | GitDiscard | GitStageContent | GitCommit | GitIdentity | GitSwitch | GitCheckout | GitDeleteBranch | GitMerge | GitResolve | GitAbort | GitContinue | GitUndoCommit | GitStashPush | GitStashApply | GitStashDrop | GitAddRemote;

/** Into the model's filesystem, beside what is there. */
export interface GitClone {
  readonly type: "clone";
  readonly url: string;
  /** '' is the one that the other side has as its own. */
  readonly branch?: string;
}

export interface GitFetch {
  readonly type: "fetch";
  readonly repository?: string;
}

export interface GitPull {
  readonly type: "pull";
  readonly repository?: string;
}

export interface GitPush {
  readonly type: "push";
  readonly repository?: string;
  /** To which a branch without upstream is pushed, which it follows from then on. */
  readonly remote?: string;
  /** Also where that undoes commits there, as long as they are known here. */
  readonly force?: boolean;
}

/** Pulls, then pushes. */
export interface GitSync {
  readonly type: "sync";
  readonly repository?: string;
}

export type GitTransfer = GitClone | GitFetch | GitPull | GitPush | GitSync;

export interface GitDone {
  readonly type: "done";
  /** What git said to it. */
  readonly said: string;
}

export interface GitProgress {
  readonly type: "progress";
  readonly text: string;
}

export interface GitTransferFailed {
  readonly type: "failed";
  readonly error: ErrorBody;
}

export type GitTransferEvent = GitProgress | GitDone | GitTransferFailed;

export type LanguageServerName = "ty" | "basedpyright" | "ruff" | "typescript";

export interface LanguageServer {
  readonly name: LanguageServerName;
  readonly title: string;
  /** As the Language Server Protocol names them. */
  readonly languages: readonly string[];
  /** One that is not fetched is when its socket is first connected to. */
  readonly state: "ready" | "not_fetched" | "fetching" | "unavailable";
  /** Why it could not be fetched, or how it ended last; empty if neither. */
  readonly message: string;
  /** How many processes, one for each socket. */
  readonly running: number;
  /** Of all these. */
  readonly memory_bytes: number;
  /** Of each. */
  readonly memory_limit_bytes: number;
}

export type LauncherLevel = "launcher" | "code_loaded" | "state_instantiated";

/** What a launcher may use, and how long a temporary one waits for the next operation. */
export interface LauncherSpec {
  readonly cpus: number;
  readonly memory_bytes: number;
  readonly gpus: number;
  /** 0: it is not kept. */
  readonly idle_seconds: number;
}

/** What is left out is as a level above has it: an operation's model, a model's server. */
export interface SpecChoice {
  readonly cpus?: number | null;
  readonly memory_bytes?: number | null;
  readonly gpus?: number | null;
  readonly idle_seconds?: number | null;
}

/** How long each phase of an operation may take. */
export interface MaxDurations {
  readonly code_startup_seconds: number;
  readonly create_state_seconds: number;
  readonly instantiate_model_seconds: number;
  readonly evaluate_seconds: number;
  readonly train_seconds: number;
  readonly get_state_seconds: number;
}

/** What is left out is as a level above has it. */
export interface DurationsChoice {
  readonly code_startup_seconds?: number | null;
  readonly create_state_seconds?: number | null;
  readonly instantiate_model_seconds?: number | null;
  readonly evaluate_seconds?: number | null;
  readonly train_seconds?: number | null;
  readonly get_state_seconds?: number | null;
}

/** How a model's operations are launched, by kind. */
export interface LaunchChoice {
  readonly create_model_state?: SpecChoice;
  readonly evaluate?: SpecChoice;
  readonly train?: SpecChoice;
  readonly max_durations?: DurationsChoice;
}

/** What may be chosen here. Zero seconds of idling are always allowed, and no GPUs. */
export interface LaunchBounds {
  readonly lowest: LauncherSpec;
  readonly highest: LauncherSpec;
  readonly shortest_seconds: number;
  readonly longest: MaxDurations;
}

/** What a model chose, and what holds where it chose nothing. */
export interface Launch {
  readonly choice: LaunchChoice;
  readonly default_spec: LauncherSpec;
  readonly default_durations: MaxDurations;
  readonly bounds: LaunchBounds;
}

export type LauncherStatus = "starting" | "ready" | "working" | "restarting" | "failed";

/** A persistent launcher, as a person wants it. What its spec leaves out is as the model has it for evaluate. */
export interface LauncherChoice {
  readonly name: string;
  /** What it is to have loaded while it waits. */
  readonly level?: LauncherLevel;
  /** null: the active state, whichever that is. */
  readonly state_id?: StateId | null;
  readonly spec?: SpecChoice;
}

/** One that works or waits, or is persistent. */
export interface Launcher {
  readonly id: LauncherId;
  readonly model_id: ModelId;
  readonly name: string;
  /** null: it is temporary. */
  readonly choice: LauncherChoice | null;
  readonly spec: LauncherSpec;
  readonly status: LauncherStatus;
  /** Why it is restarting or failed. */
  readonly message: string;
  /** What it has loaded; null: it has no process. */
  readonly level: LauncherLevel | null;
  /** That it has instantiated. */
  readonly state_id: StateId | null;
  /** That it works on. */
  readonly operation_id: OperationId | null;
  /** Its present process. */
  readonly started_at: number | null;
  /** When it ends, if it is temporary and nothing comes; or is started again, if it is restarting. */
  readonly idle_until: number | null;
  /** How many it has worked on, with the present one. */
  readonly operations: number;
  /** How often it has died, or could not be started, since it last worked or the server started. */
  readonly restarts: number;
}

/** What a launcher used over the time since the sample before. null: this machine does not say. */
export interface LauncherUsage {
  readonly time: number;
  /** Processors kept busy, on average. */
  readonly cpus: number | null;
  /** The most seen; without what the kernel can drop at once. */
  readonly memory_bytes: number | null;
  /** The most seen in its /tmp, which counts as memory too. */
  readonly tmp_bytes: number | null;
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

/** What a filesystem holds and may hold; files counts files and folders, an inode each. */
export interface Usage {
  readonly used_bytes: number;
  readonly limit_bytes: number;
  readonly used_files: number;
  readonly limit_files: number;
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
  /** Of the launcher that it ran, or will run, on; null of operations from before there were specs. */
  readonly spec: LauncherSpec | null;
  readonly max_durations: MaxDurations | null;
  /** null: it has had none yet. */
  readonly launcher: OperationLauncher | null;
  /** How many operations wait before it; null: it does not wait, or the model's event `queue` is what tells. */
  readonly before: number | null;
  /** Of the snapshot whose code, environment and, without a `state_id`, state it ran; null: the model's own. */
  readonly snapshot_id: SnapshotId | null;
  /** The training that it goes on from. */
  readonly resumes_id: OperationId | null;
}

/** A frozen copy of a model's files, settings and one state. */
export interface Snapshot {
  readonly id: SnapshotId;
  readonly model_id: ModelId;
  readonly name: string;
  readonly created_at: number;
  /** Of all that it holds; what other snapshots hold as well is kept once. */
  readonly byte_size: number;
  readonly file_count: number;
  readonly state_name: string | null;
  /** Paths of what could not be kept, such as sockets; at most 20 of them. */
  readonly left_out: readonly string[];
}

export interface State {
  readonly id: StateId;
  readonly model_id: ModelId;
  readonly name: string;
  readonly created_at: number;
  readonly byte_size: number;
  readonly operation_id: OperationId | null;
  readonly keys: readonly StateKey[];
  readonly origin: StateOrigin;
  /** The state it was trained from; it may be gone. */
  readonly parent_id: StateId | null;
  /** SHA-256 of the code file that made it; empty if no code did. */
  readonly code_digest: string;
  /** What it was made with; large values are left out. */
  readonly parameters: Readonly<Record<string, unknown>>;
}

export interface Terminal {
  readonly id: TerminalId;
  readonly title: string;
  readonly created_at: number;
  /** It was started in another environment, or with other variables or mounted models, than the model has now. */
  readonly outdated: boolean;
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
  /** Seconds since 1970, once it was mounted again after its process had ended; the message of ready says how. */
  readonly remounted_at: number | null;
}

export interface ModelChanged {
  readonly type: "model";
  readonly model: Model;
}

export interface OperationChanged {
  readonly type: "operation";
  readonly operation: Operation;
}

export interface OperationRemoved {
  readonly type: "operation_removed";
  readonly operation_id: OperationId;
}

export interface StatesChanged {
  readonly type: "states";
  readonly states: readonly State[];
}

export interface SnapshotsChanged {
  readonly type: "snapshots";
  readonly snapshots: readonly Snapshot[];
}

export interface PortsChanged {
  readonly type: "ports";
  /** On which programs in the model's workspace listen. */
  readonly ports: readonly number[];
}

export interface TerminalsChanged {
  readonly type: "terminals";
  readonly terminals: readonly Terminal[];
}

/** While an environment is built, at most four a second. */
export interface EnvironmentChanged {
  readonly type: "environment";
  readonly environment: ModelEnvironment;
}

export interface VariablesChanged {
  readonly type: "variables";
  readonly variables: readonly Variable[];
}

export interface LaunchChanged {
  readonly type: "launch";
  readonly launch: Launch;
}

/** At most four a second. */
export interface LaunchersChanged {
  readonly type: "launchers";
  readonly launchers: readonly Launcher[];
}

/** At most one a second: how many operations wait before each of the model's that wait. */
export interface QueueChanged {
  readonly type: "queue";
  /** By operation. */
  readonly before: Readonly<Record<string, number>>;
}

export interface MountedModelsChanged {
  readonly type: "mounted_models";
  readonly mounted_models: readonly MountedModel[];
}

/** The list of datasets is to be read again. Told at most a few times a second. */
export interface DatasetsChanged {
  readonly type: "datasets";
  readonly changed_at: number;
}

export type ModelEvent = UsageChanged | FilesChanged | FolderRescan | FilesystemChanged | ModelChanged | OperationChanged | OperationRemoved | StatesChanged | SnapshotsChanged | PortsChanged | TerminalsChanged | EnvironmentChanged | VariablesChanged | MountedModelsChanged | LaunchChanged | LaunchersChanged | QueueChanged | DatasetsChanged;

export interface Template {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly language: "python" | "node";
}

/** From a template, from a snapshot of another model, or without any file, as for a clone. */
export interface NewModel {
  readonly name: string;
  readonly template?: string;
  readonly snapshot_id?: SnapshotId | null;
  readonly empty?: boolean;
}

/** Fields left out stay as they are. */
export interface ModelChange {
  readonly name?: string | null;
  readonly limit_bytes?: number | null;
  /** Accept a limit below what the filesystem holds: nothing more can be written until enough is deleted. */
  readonly below_use?: boolean;
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

export type CallName = "load" | "createModelState" | "instantiateModel" | "evaluate" | "train" | "getModelState" | "dispose";

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

export interface StateKey {
  /** Empty of a state that is bare bytes. */
  readonly key: string;
  readonly byte_size: number;
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

/** elements: flat, row-major; NaN and infinities as strings. */
export interface MetricTensor {
  readonly shape: readonly number[];
  readonly elements: readonly unknown[];
}

export interface Metric {
  readonly type: "metric";
  readonly time: number;
  readonly name: string;
  readonly step: number;
  /** null: it was not a number, infinite, or is a tensor. */
  readonly value: number | null;
  readonly tensor: MetricTensor | null;
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

/** What was learned until then is this state, in place of the checkpoint before. */
export interface Checkpointed {
  readonly type: "checkpointed";
  readonly time: number;
  readonly state_id: StateId;
}

/** What is told from here to its end is of this call of a debug session. */
export interface CallStarted {
  readonly type: "call_started";
  readonly time: number;
  readonly call: number;
  readonly function: CallName;
  /** As they came; large values are null. */
  readonly parameters: Readonly<Record<string, unknown>>;
  /** The state in words, of instantiateModel; empty of others. */
  readonly state: string;
}

export interface CallEnded {
  readonly type: "call_ended";
  readonly time: number;
  readonly call: number;
  readonly seconds: number;
  readonly outcome: Outcome;
  /** evaluate returned what can be read as the call's result. */
  readonly has_result: boolean;
  /** Of the state that it made; empty if it made none. */
  readonly state_keys: readonly StateKey[];
  /** The calls whose states the session still has. */
  readonly states: readonly number[];
}

export interface WaitingForCall {
  readonly type: "waiting";
  readonly time: number;
  /** When the session ends by itself if no call comes. */
  readonly until: number;
}

/** The state that a call made is one of the model's now. */
export interface CallStateKept {
  readonly type: "call_state_kept";
  readonly time: number;
  readonly call: number;
  readonly state_id: StateId;
}

export interface Ended {
  readonly type: "ended";
  readonly time: number;
  readonly outcome: Outcome;
}

export type OperationEvent = Log | Progress | Metric | PhaseStarted | PhaseEnded | Loaded | Checkpointed | CallStarted | CallEnded | WaitingForCall | CallStateKept | Ended;

/** Events of an operation's journal; `offset` is the byte offset after the last of them, to resume from. */
export interface OperationEvents {
  readonly offset: number;
  readonly events: readonly OperationEvent[];
}

/** The launcher that an operation ran on. */
export interface OperationLauncher {
  readonly id: LauncherId;
  readonly name: string;
  /** What it had loaded already when the operation got it. */
  readonly level: LauncherLevel;
}

/** A debug session takes neither parameters, state nor launcher: its calls do, and it has a launcher of its own. */
export interface NewOperation {
  readonly kind: OperationKind;
  readonly parameters?: Readonly<Record<string, unknown>>;
  /** null: the active state, made by createModelState if there is none. */
  readonly state_id?: StateId | null;
  /** What is left out is as the model has it for this kind. */
  readonly spec?: SpecChoice;
  readonly max_durations?: DurationsChoice;
  /** A persistent launcher that it is to run on, as soon as that is free; its spec holds. null: any. */
  readonly launcher_id?: LauncherId | null;
  /** To evaluate a snapshot: its code, parameter definitions, environment and, without a `state_id`, state. */
  readonly snapshot_id?: SnapshotId | null;
}

/** A state to instantiate the model with, by one of these; by neither: no state, though the model may have one. */
export interface CallState {
  readonly id?: StateId | null;
  /** An earlier call of the session, which made it. */
  readonly call?: number | null;
}

/** A function for a debug session to call. */
export interface NewCall {
  /** `load` forgets the code, and loads what it is now. */
  readonly function: CallName;
  readonly parameters?: Readonly<Record<string, unknown>>;
  /** Of instantiateModel alone. null: the active one. */
  readonly state?: CallState | null;
}

export interface KeepState {
  /** Empty: one that tells how and when it was made. */
  readonly name?: string;
}

/** A call of a debug session that has begun; its events tell the rest. */
export interface Call {
  /** In its session, from 1 on; the first loads the code. */
  readonly number: number;
  readonly function: CallName;
}

export interface SearchQuery {
  readonly pattern: string;
  readonly is_regex?: boolean;
  readonly match_case?: boolean;
  readonly whole_word?: boolean;
  /** Globs of paths; none: all files. */
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
  /** Also in files and folders whose names begin with a dot. */
  readonly hidden?: boolean;
  /** Also in what .gitignore names and in what tools fill: .venv, node_modules, __pycache__. */
  readonly ignored?: boolean;
  /** What matches would be replaced with; nothing is. */
  readonly replacement?: string | null;
}

export interface SearchMatch {
  /** Counted from 1. */
  readonly line: number;
  /** Counted from 1, in units of UTF-16. */
  readonly column: number;
  /** In its line, at most 120 characters. */
  readonly before: string;
  readonly text: string;
  readonly after: string;
  readonly replacement: string | null;
}

/** Of a file with many matches there are several. */
export interface FoundInFile {
  readonly type: "file";
  readonly path: string;
  readonly matches: readonly SearchMatch[];
}

/** The last line. */
export interface SearchEnded {
  readonly type: "ended";
  readonly reason: "complete" | "too_many" | "too_long" | "failed";
  /** For a person; empty where there is nothing to say. */
  readonly message: string;
}

export type SearchEvent = FoundInFile | SearchEnded;

/** Of files; folders have none of their own. */
export interface FoundPaths {
  readonly paths: readonly string[];
  /** All are listed now. A stream that ends before that has more than it lists. */
  readonly complete: boolean;
}

/** Its number is the page's choice, above those before it in the stream. */
export type OpenSocket = readonly [type: "open", socket: number, path: string];

export type SendText = readonly [type: "send", socket: number, text: string];

export type CloseSocket = readonly [type: "close", socket: number];

export type SocketRequest = OpenSocket | SendText | CloseSocket;

/** First message: the secret name by which the page asks things of the stream. */
export type StreamNamed = readonly [type: "stream", name: string];

export type SocketOpened = readonly [type: "opened", socket: number];

export type SocketText = readonly [type: "text", socket: number, text: string];

export type SocketBytes = readonly [type: "bytes", socket: number, base64: string];

/** As a WebSocket is, also one that was never open. */
export type SocketClosed = readonly [type: "closed", socket: number, code: number, reason: string];

/** Last message, and the only one of a stream that was refused: all its sockets are closed so. */
export type StreamEnded = readonly [type: "ended", code: number, reason: string];

export type SocketMessage = StreamNamed | SocketOpened | SocketText | SocketBytes | SocketClosed | StreamEnded;

export type StateOrigin = "created" | "trained" | "checkpoint" | "uploaded" | "restored";

export interface StateChange {
  readonly name: string;
}

export interface NewSnapshot {
  readonly name: string;
  /** null: the active state, if there is one. */
  readonly state_id?: StateId | null;
}

export interface SnapshotChange {
  readonly name: string;
}

export interface NewTerminal {
  readonly rows: number;
  readonly columns: number;
  /** Where the shell starts, as in Entry.path; at the filesystem's root where that is no folder. */
  readonly folder?: string;
}

export interface TerminalChange {
  readonly title: string;
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

/** Many values as an input, each of which fits the definition. */
export interface Values {
  readonly values: readonly unknown[];
}

/** The entries of a dataset's key as an input of many values. */
export interface DatasetValue {
  /** Its id, or its name. */
  readonly dataset: string;
  readonly key: string;
  /** Only the first so many; null: all that there are when it is asked for. */
  readonly entries?: number | null;
}

/** An encoded file of a result, fetched by index. Of a tensor that is cut: all of it, as npy or, of texts, json. */
export interface Blob {
  readonly index: number;
  readonly format: string;
  readonly byte_size: number;
}

export interface Output {
  readonly name: string;
  readonly values: readonly OutputValue[];
}

export interface Result {
  readonly outputs: readonly Output[];
}
