"""Messages between processes and with the page, as types. frontend/src/wire.ts is generated from this module.

Times are seconds since the epoch (float, UTC), sizes are bytes, durations are seconds.
"""

from typing import Any, Literal, NewType, TypeVar

import msgspec

from ide_server.errors import InvalidRequest

ModelId = NewType("ModelId", str)
StateId = NewType("StateId", str)
OperationId = NewType("OperationId", str)
TerminalId = NewType("TerminalId", str)
SnapshotId = NewType("SnapshotId", str)
ApiTokenId = NewType("ApiTokenId", str)
LauncherId = NewType("LauncherId", str)
DatasetId = NewType("DatasetId", str)
TrashId = NewType("TrashId", str)
UploadId = NewType("UploadId", str)

ElementType = Literal[
    "f32", "f64", "i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64",
    "string", "binary", "boolean", "image", "audio", "video",
]  # fmt: skip
FunctionName = Literal[
    "createModelState", "instantiateModel", "evaluate", "train", "getModelState", "dispose"
]  # fmt: skip
OperationKind = Literal["createModelState", "evaluate", "train", "debug"]
OperationStatus = Literal["queued", "running", "succeeded", "failed", "cancelled", "interrupted"]
Phase = Literal["codeStartup", "createState", "instantiateModel", "train", "getState", "evaluate", "dispose"]
OutcomeKind = Literal[
    "succeeded",
    "cancelled",
    "interrupted",
    "exception",
    "missing_function",
    "invalid_executable_file",
    "read_executable_file_failed",
    "invalid_output",
    "max_duration_exceeded",
    "code_terminated",
    "launcher_terminated",
    "server_overloaded",
]


class Message(msgspec.Struct, frozen=True):
    """What the server says."""


class Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the page asks."""


# --- errors ---


class ErrorBody(Message, frozen=True):
    code: str
    message: str
    details: dict[str, Any]


class ErrorReply(Message, frozen=True):
    error: ErrorBody


# --- models ---


class Usage(Message, frozen=True):
    """What a filesystem holds and may hold; files counts files and folders, an inode each."""

    used_bytes: int
    limit_bytes: int
    used_files: int
    limit_files: int


class Model(Message, frozen=True):
    id: ModelId
    name: str
    created_at: float
    usage: Usage
    active_state_id: StateId | None
    functions: list[FunctionName] | None
    """What the code defined when it was last loaded; None if it never was."""


class Template(Message, frozen=True):
    id: str
    name: str
    description: str
    language: Literal["python", "node"]


class NewModel(Request, frozen=True):
    """From a template, from a snapshot of another model, or without any file, as for a clone."""

    name: str
    template: str = ""
    snapshot_id: SnapshotId | None = None
    empty: bool = False


class ModelChange(Request, frozen=True):
    """Fields left out stay as they are."""

    name: str | None = None
    limit_bytes: int | None = None
    below_use: bool = False
    """Accept a limit below what the filesystem holds: nothing more can be written until enough is deleted."""
    active_state_id: StateId | None = None


class FolderUsage(Message, frozen=True):
    path: str
    used_bytes: int
    used_files: int


class Host(Message, frozen=True):
    version: str
    warnings: list[str]
    """What this machine lacks and what then does not work."""


# --- files ---

EntryKind = Literal["file", "folder", "link", "other"]


class Entry(Message, frozen=True):
    """A name in a folder. `path` is relative to the filesystem's root, without a leading slash."""

    name: str
    path: str
    kind: EntryKind
    byte_size: int
    modified_at: float
    etag: str | None
    """Of files only: pass it as If-Match to write."""
    executable: bool = False
    link_target: str | None = None


class Move(Request, frozen=True):
    source: str
    destination: str


class Copy(Request, frozen=True):
    source: str
    destination: str


class NewTrash(Request, frozen=True):
    paths: list[str]


class Trashed(Message, frozen=True):
    """What was deleted together, and can be put back together until then."""

    id: TrashId
    paths: list[str]
    until: float


class NewUpload(Request, frozen=True):
    path: str
    byte_size: int
    expected: str | None = None
    """The etag of the file that it replaces, * for any; null where there must be none."""


class Upload(Message, frozen=True):
    """A file that comes in several requests."""

    id: UploadId
    path: str
    byte_size: int
    received_bytes: int
    entry: Entry | None
    """Once all has come: the file as it was put in place."""


# --- API tokens ---

Scope = Literal["read", "run", "write"]


class ApiToken(Message, frozen=True):
    """Lets a program in. Scopes: read whatever there is; run operations; write, which is all else."""

    id: ApiTokenId
    name: str
    scopes: list[Scope]
    created_at: float
    expires_at: float | None
    last_used_at: float | None
    """To the minute."""


class NewApiToken(Request, frozen=True):
    name: str
    scopes: list[Scope]
    expires_at: float | None = None
    """None: never."""


class CreatedApiToken(Message, frozen=True):
    secret: str
    """Shown once: only its hash is kept. Sent as `Authorization: Bearer <secret>`."""
    token: ApiToken


# --- environments ---


class EnvironmentChoice(Request, frozen=True):
    python: str
    """Such as "3.12"."""
    node: str
    """Such as "24"."""
    packages: dict[str, str] = {}
    """Version by name of what is preinstalled; a package left out is not."""


class VersionOffer(Message, frozen=True):
    version: str
    """What a choice names it by."""
    full_version: str
    """Of what would be used, such as "3.12.1"; "" if that shows when it is fetched."""
    ready: bool
    """It is on this machine; what is not would be fetched."""


class PackageOffer(Message, frozen=True):
    name: str
    description: str
    versions: list[str]
    """The newest first; empty while the index cannot be reached."""


class EnvironmentOffers(Message, frozen=True):
    """What a choice may hold; newest first."""

    default: EnvironmentChoice
    pythons: list[VersionOffer]
    nodes: list[VersionOffer]
    packages: list[PackageOffer]


BuildPhase = Literal["waiting", "fetching_python", "resolving", "downloading", "installing", "finishing"]
BuildStatus = Literal["running", "failed", "cancelled"]


class Build(Message, frozen=True):
    """A build that has not succeeded; one that has is an environment. Totals are 0 until they are known."""

    choice: EnvironmentChoice
    status: BuildStatus
    phase: BuildPhase
    packages_done: int
    packages_total: int
    bytes_done: int
    bytes_total: int
    started_at: float
    message: str = ""
    """Of a failed one: the tool's own words."""


class ModelEnvironment(Message, frozen=True):
    """`choice` is in use, or will be once it is built where `key` is None; `build` is of the choice made last."""

    choice: EnvironmentChoice
    key: str | None
    build: Build | None


class BuiltEnvironment(Message, frozen=True):
    key: str
    choice: EnvironmentChoice
    """It was built for."""
    python_version: str
    node_version: str
    packages: dict[str, str]
    byte_size: int
    """What removing it would free: files that other environments share are not counted."""
    created_at: float
    in_use: bool


class InstalledPackage(Message, frozen=True):
    name: str
    version: str


class PackageSet(Message, frozen=True):
    """What a person has installed into the model under one Python version."""

    python: str
    packages: list[InstalledPackage]


class Dependencies(Message, frozen=True):
    """A file that names dependencies; `outdated`: it is newer than what is installed."""

    path: str
    outdated: bool
    command: str
    """Installs them; for a terminal."""


class OwnPackages(Message, frozen=True):
    sets: list[PackageSet]
    reinstall_command: str
    """Installs under the present Python version what is installed under another only; "" if there is nothing."""
    dependencies: list[Dependencies]


class Variable(Message, frozen=True):
    """An environment variable of the model's terminals and launchers."""

    name: str
    value: str | None
    """None: it is secret."""
    secret: bool


class VariableValue(Request, frozen=True):
    value: str
    secret: bool = False


class MountedModel(Message, frozen=True):
    """Another model, whose files this one's terminals and launchers see at `path`, read-only."""

    name: str
    path: str
    model_id: ModelId
    model_name: str


class NewMountedModel(Request, frozen=True):
    model_id: ModelId


# --- terminals ---


class Terminal(Message, frozen=True):
    id: TerminalId
    title: str
    created_at: float
    outdated: bool = False
    """It was started in another environment, or with other variables or mounted models, than the model has now."""


class NewSubstitute(Request, frozen=True):
    path: str
    """Of the WebSocket that it takes the place of, with its query."""


class Substitute(Message, frozen=True):
    """What takes the place of a WebSocket; where its id is null, it is closed already."""

    id: str | None
    code: int = 0
    reason: str = ""


class NewTerminal(Request, frozen=True):
    rows: int
    columns: int
    folder: str = ""
    """Where the shell starts, as in Entry.path; at the filesystem's root where that is no folder."""


class TerminalChange(Request, frozen=True):
    title: str


class Stdin(Request, frozen=True, array_like=True, tag="stdin"):
    text: str


class SetSize(Request, frozen=True, array_like=True, tag="set_size"):
    rows: int
    columns: int


class Acknowledge(Request, frozen=True, array_like=True, tag="ack"):
    """All output before this byte offset has been drawn."""

    offset: int


TerminalRequest = Stdin | SetSize | Acknowledge


class Setup(Message, frozen=True, array_like=True, tag="setup"):
    """First message. The next binary frame starts at this byte offset of the terminal's output."""

    offset: int
    rows: int
    columns: int
    live_offset: int
    """Output before this was written before this client came; its screen must not answer queries in it."""


class Sized(Message, frozen=True, array_like=True, tag="size"):
    """Another client has set the size."""

    rows: int
    columns: int


class StdinFull(Message, frozen=True, array_like=True, tag="stdin_full"):
    """This many bytes typed were refused: the program does not read its input."""

    refused_bytes: int


class Disconnect(Message, frozen=True, array_like=True, tag="disconnect"):
    """The shell ended; None: a signal killed it, as the end of its sandbox does."""

    exit_code: int | None


TerminalMessage = Setup | Sized | StdinFull | Disconnect

# --- searches: each reply is a stream of JSON lines ---


class SearchQuery(Request, frozen=True):
    pattern: str
    is_regex: bool = False
    match_case: bool = False
    whole_word: bool = False
    include: list[str] = []
    """Globs of paths; none: all files."""
    exclude: list[str] = []
    hidden: bool = False
    """Also in files and folders whose names begin with a dot."""
    ignored: bool = False
    """Also in what .gitignore names and in what tools fill: .venv, node_modules, __pycache__."""
    replacement: str | None = None
    """What matches would be replaced with; nothing is."""


class SearchMatch(Message, frozen=True):
    line: int
    """Counted from 1."""
    column: int
    """Counted from 1, in units of UTF-16."""
    before: str
    """In its line, at most 120 characters."""
    text: str
    after: str
    replacement: str | None


class FoundInFile(Message, frozen=True, tag="file", tag_field="type"):
    """Of a file with many matches there are several."""

    path: str
    matches: list[SearchMatch]


class SearchEnded(Message, frozen=True, tag="ended", tag_field="type"):
    """The last line."""

    reason: Literal["complete", "too_many", "too_long", "failed"]
    message: str
    """For a person; empty where there is nothing to say."""


SearchEvent = FoundInFile | SearchEnded


class FoundPaths(Message, frozen=True):
    """Of files; folders have none of their own."""

    paths: list[str]
    complete: bool
    """All are listed now. A stream that ends before that has more than it lists."""


# --- language servers ---

LanguageServerName = Literal["ty", "basedpyright", "ruff", "typescript"]


class LanguageServer(Message, frozen=True):
    name: LanguageServerName
    title: str
    languages: list[str]
    """As the Language Server Protocol names them."""
    state: Literal["ready", "not_fetched", "fetching", "unavailable"]
    """One that is not fetched is when its socket is first connected to."""
    message: str
    """Why it could not be fetched, or how it ended last; empty if neither."""
    running: int
    """How many processes, one for each socket."""
    memory_bytes: int
    """Of all these."""
    memory_limit_bytes: int
    """Of each."""


# --- parameters and values ---


class ParameterDefinition(Message, frozen=True):
    """A row of slipway.toml. shape: -1 is any length, [] a scalar."""

    name: str
    types: list[ElementType]
    shape: list[int] = []
    required: bool = True
    display_name: str = ""
    description: str = ""
    default: Any = None
    choices: list[Any] = []
    minimum: float | None = None
    maximum: float | None = None


class ParameterDefinitions(Message, frozen=True):
    create_state: list[ParameterDefinition] = []
    train: list[ParameterDefinition] = []
    evaluate_input: list[ParameterDefinition] = []
    evaluate_output: list[ParameterDefinition] = []


class MediaValue(Request, frozen=True):
    """An encoded file as an input: image, audio, video or binary (format "")."""

    format: str
    base64: str


class Values(Request, frozen=True):
    """Many values as an input, each of which fits the definition."""

    values: list[Any]


class DatasetValue(Request, frozen=True):
    """The entries of a dataset's key as an input of many values."""

    dataset: str
    """Its id, or its name."""
    key: str
    entries: int | None = None
    """Only the first so many; None: all that there are when it is asked for."""


class Blob(Message, frozen=True):
    """An encoded file of a result, fetched by index. Of a tensor that is cut: all of it, as npy or, of texts, json."""

    index: int
    format: str
    byte_size: int


class OutputValue(Message, frozen=True):
    """A tensor. elements: flat, row-major, empty for media; NaN and infinities as strings; cut when `truncated`."""

    type: ElementType
    shape: list[int]
    elements: list[Any]
    blobs: list[Blob]
    truncated: bool = False


class Output(Message, frozen=True):
    name: str
    values: list[OutputValue]


class Result(Message, frozen=True):
    outputs: list[Output]


# --- launchers ---


LauncherLevel = Literal["launcher", "code_loaded", "state_instantiated"]


class LauncherSpec(Message, frozen=True):
    """What a launcher may use, and how long a temporary one waits for the next operation."""

    cpus: float
    memory_bytes: int
    gpus: int
    idle_seconds: float
    """0: it is not kept."""


class SpecChoice(Request, frozen=True):
    """What is left out is as a level above has it: an operation's model, a model's server."""

    cpus: float | None = None
    memory_bytes: int | None = None
    gpus: int | None = None
    idle_seconds: float | None = None


class MaxDurations(Message, frozen=True):
    """How long each phase of an operation may take."""

    code_startup_seconds: float
    create_state_seconds: float
    instantiate_model_seconds: float
    evaluate_seconds: float
    train_seconds: float
    get_state_seconds: float


class DurationsChoice(Request, frozen=True):
    """What is left out is as a level above has it."""

    code_startup_seconds: float | None = None
    create_state_seconds: float | None = None
    instantiate_model_seconds: float | None = None
    evaluate_seconds: float | None = None
    train_seconds: float | None = None
    get_state_seconds: float | None = None


class LaunchChoice(Request, frozen=True):
    """How a model's operations are launched, by kind."""

    create_model_state: SpecChoice = SpecChoice()
    evaluate: SpecChoice = SpecChoice()
    train: SpecChoice = SpecChoice()
    max_durations: DurationsChoice = DurationsChoice()


class LaunchBounds(Message, frozen=True):
    """What may be chosen here. Zero seconds of idling are always allowed, and no GPUs."""

    lowest: LauncherSpec
    highest: LauncherSpec
    shortest_seconds: float
    longest: MaxDurations


class Launch(Message, frozen=True):
    """What a model chose, and what holds where it chose nothing."""

    choice: LaunchChoice
    default_spec: LauncherSpec
    default_durations: MaxDurations
    bounds: LaunchBounds


LauncherStatus = Literal["starting", "ready", "working", "restarting", "failed"]


class LauncherChoice(Request, frozen=True):
    """A persistent launcher, as a person wants it. What its spec leaves out is as the model has it for evaluate."""

    name: str
    level: LauncherLevel = "state_instantiated"
    """What it is to have loaded while it waits."""
    state_id: StateId | None = None
    """None: the active state, whichever that is."""
    spec: SpecChoice = SpecChoice()


class Launcher(Message, frozen=True):
    """One that works or waits, or is persistent."""

    id: LauncherId
    model_id: ModelId
    name: str
    choice: LauncherChoice | None
    """None: it is temporary."""
    spec: LauncherSpec
    status: LauncherStatus
    message: str
    """Why it is restarting or failed."""
    level: LauncherLevel | None
    """What it has loaded; None: it has no process."""
    state_id: StateId | None
    """That it has instantiated."""
    operation_id: OperationId | None
    """That it works on."""
    started_at: float | None
    """Its present process."""
    idle_until: float | None
    """When it ends, if it is temporary and nothing comes; or is started again, if it is restarting."""
    operations: int
    """How many it has worked on, with the present one."""
    restarts: int
    """How often it has died, or could not be started, since it last worked or the server started."""


class LauncherUsage(Message, frozen=True):
    """What a launcher used over the time since the sample before. None: this machine does not say."""

    time: float
    cpus: float | None
    """Processors kept busy, on average."""
    memory_bytes: int | None
    """The most seen; without what the kernel can drop at once."""
    tmp_bytes: int | None
    """The most seen in its /tmp, which counts as memory too."""


# --- datasets ---

DatasetFormat = Literal["csv", "jsonl", "npy", "zip"]


class DatasetKey(Message, frozen=True):
    """A list of entries, all of one type. shape: of each entry, -1 where they differ."""

    key: str
    type: ElementType
    shape: list[int]
    entries: int
    byte_size: int
    minimum: float | None = None
    """Of numbers, and None where they are not looked into."""
    maximum: float | None = None


class Dataset(Message, frozen=True):
    """Entries by key, which every model may use as inputs."""

    id: DatasetId
    name: str
    created_at: float
    changed_at: float
    keys: list[DatasetKey]


class NewDataset(Request, frozen=True):
    name: str


class DatasetChange(Request, frozen=True):
    name: str


class NewEntries(Request, frozen=True):
    """Entries to append, by key, as the values of parameters are written."""

    values: dict[str, list[Any]]
    types: dict[str, ElementType] = {}
    """Of keys that are new; one that is left out gets the type that its values show."""


class DatasetEntries(Message, frozen=True):
    """Some of the entries of a key. The index of a blob counts the files of its entry."""

    start: int
    total: int
    entries: list[OutputValue]


# --- operations ---


class Outcome(Message, frozen=True):
    """How an operation ended. `message` says it to a person; `details` is a traceback, cut at 10,000 characters."""

    kind: OutcomeKind
    message: str
    at: Phase | None = None
    details: str = ""
    exit_code: int | None = None
    signal: str | None = None
    oom: bool = False


class OperationLauncher(Message, frozen=True):
    """The launcher that an operation ran on."""

    id: LauncherId
    name: str
    level: LauncherLevel
    """What it had loaded already when the operation got it."""


class Operation(Message, frozen=True):
    id: OperationId
    model_id: ModelId
    kind: OperationKind
    status: OperationStatus
    parameters: dict[str, Any]
    state_id: StateId | None
    """The state it ran on."""
    result_state_id: StateId | None
    """The state it made."""
    created_at: float
    started_at: float | None
    ended_at: float | None
    outcome: Outcome | None
    spec: LauncherSpec | None = None
    """Of the launcher that it ran, or will run, on; None of operations from before there were specs."""
    max_durations: MaxDurations | None = None
    launcher: OperationLauncher | None = None
    """None: it has had none yet."""
    before: int | None = None
    """How many operations wait before it; None: it does not wait, or the model's event `queue` is what tells."""
    snapshot_id: SnapshotId | None = None
    """Of the snapshot whose code, environment and, without a `state_id`, state it ran; None: the model's own."""
    resumes_id: OperationId | None = None
    """The training that it goes on from."""


class NewOperation(Request, frozen=True):
    """A debug session takes neither parameters, state nor launcher: its calls do, and it has a launcher of its own."""

    kind: OperationKind
    parameters: dict[str, Any] = {}
    state_id: StateId | None = None
    """None: the active state, made by createModelState if there is none."""
    spec: SpecChoice = SpecChoice()
    """What is left out is as the model has it for this kind."""
    max_durations: DurationsChoice = DurationsChoice()
    launcher_id: LauncherId | None = None
    """A persistent launcher that it is to run on, as soon as that is free; its spec holds. None: any."""
    snapshot_id: SnapshotId | None = None
    """To evaluate a snapshot: its code, parameter definitions, environment and, without a `state_id`, state."""


# --- the calls of a debug session ---

CallName = Literal[
    "load", "createModelState", "instantiateModel", "evaluate", "train", "getModelState", "dispose"
]  # fmt: skip


class CallState(Request, frozen=True):
    """A state to instantiate the model with, by one of these; by neither: no state, though the model may have one."""

    id: StateId | None = None
    call: int | None = None
    """An earlier call of the session, which made it."""


class NewCall(Request, frozen=True):
    """A function for a debug session to call."""

    function: CallName
    """`load` forgets the code, and loads what it is now."""
    parameters: dict[str, Any] = {}
    state: CallState | None = None
    """Of instantiateModel alone. None: the active one."""


class KeepState(Request, frozen=True):
    name: str = ""
    """Empty: one that tells how and when it was made."""


class Call(Message, frozen=True):
    """A call of a debug session that has begun; its events tell the rest."""

    number: int
    """In its session, from 1 on; the first loads the code."""
    function: CallName


StateOrigin = Literal["created", "trained", "checkpoint", "uploaded", "restored"]


class StateKey(Message, frozen=True):
    key: str
    """Empty of a state that is bare bytes."""
    byte_size: int


class State(Message, frozen=True):
    id: StateId
    model_id: ModelId
    name: str
    created_at: float
    byte_size: int
    operation_id: OperationId | None
    keys: list[StateKey]
    origin: StateOrigin
    parent_id: StateId | None
    """The state it was trained from; it may be gone."""
    code_digest: str
    """SHA-256 of the code file that made it; empty if no code did."""
    parameters: dict[str, Any]
    """What it was made with; large values are left out."""


class StateChange(Request, frozen=True):
    name: str


class Snapshot(Message, frozen=True):
    """A frozen copy of a model's files, settings and one state."""

    id: SnapshotId
    model_id: ModelId
    name: str
    created_at: float
    byte_size: int
    """Of all that it holds; what other snapshots hold as well is kept once."""
    file_count: int
    state_name: str | None
    left_out: list[str]
    """Paths of what could not be kept, such as sockets; at most 20 of them."""


class NewSnapshot(Request, frozen=True):
    name: str
    state_id: StateId | None = None
    """None: the active state, if there is one."""


class SnapshotChange(Request, frozen=True):
    name: str


ProblemKind = Literal["syntax", "import", "exception", "no_code", "out_of_time", "terminated"]


class CodeProblem(Message, frozen=True):
    """What is wrong with a model's code. Line and column count from 1; 0: it is in no line."""

    path: str
    line: int
    column: int
    message: str
    kind: ProblemKind


class CodeCheck(Message, frozen=True):
    """What the code defines, and what is wrong with it."""

    functions: list[FunctionName]
    problems: list[CodeProblem]


class Log(Message, frozen=True, tag="log", tag_field="type"):
    time: float
    stream: Literal["stdout", "stderr"]
    text: str


class Progress(Message, frozen=True, tag="progress", tag_field="type"):
    time: float
    fraction: float


class MetricTensor(Message, frozen=True):
    """elements: flat, row-major; NaN and infinities as strings."""

    shape: list[int]
    elements: list[Any]


class Metric(Message, frozen=True, tag="metric", tag_field="type"):
    time: float
    name: str
    step: int
    value: float | None
    """None: it was not a number, infinite, or is a tensor."""
    tensor: MetricTensor | None = None


class PhaseStarted(Message, frozen=True, tag="phase_started", tag_field="type"):
    time: float
    phase: Phase


class PhaseEnded(Message, frozen=True, tag="phase_ended", tag_field="type"):
    time: float
    phase: Phase
    seconds: float


class Loaded(Message, frozen=True, tag="loaded", tag_field="type"):
    time: float
    functions: list[FunctionName]


class Checkpointed(Message, frozen=True, tag="checkpointed", tag_field="type"):
    """What was learned until then is this state, in place of the checkpoint before."""

    time: float
    state_id: StateId


class CallStarted(Message, frozen=True, tag="call_started", tag_field="type"):
    """What is told from here to its end is of this call of a debug session."""

    time: float
    call: int
    function: CallName
    parameters: dict[str, Any]
    """As they came; large values are null."""
    state: str
    """The state in words, of instantiateModel; empty of others."""


class CallEnded(Message, frozen=True, tag="call_ended", tag_field="type"):
    time: float
    call: int
    seconds: float
    outcome: Outcome
    has_result: bool
    """evaluate returned what can be read as the call's result."""
    state_keys: list[StateKey]
    """Of the state that it made; empty if it made none."""
    states: list[int]
    """The calls whose states the session still has."""


class WaitingForCall(Message, frozen=True, tag="waiting", tag_field="type"):
    time: float
    until: float
    """When the session ends by itself if no call comes."""


class CallStateKept(Message, frozen=True, tag="call_state_kept", tag_field="type"):
    """The state that a call made is one of the model's now."""

    time: float
    call: int
    state_id: StateId


class Ended(Message, frozen=True, tag="ended", tag_field="type"):
    time: float
    outcome: Outcome


OperationEvent = (
    Log
    | Progress
    | Metric
    | PhaseStarted
    | PhaseEnded
    | Loaded
    | Checkpointed
    | CallStarted
    | CallEnded
    | WaitingForCall
    | CallStateKept
    | Ended
)


class OperationEvents(Message, frozen=True):
    """Events of an operation's journal; `offset` is the byte offset after the last of them, to resume from."""

    offset: int
    events: list[OperationEvent]


# --- git ---

GitLetter = Literal["M", "A", "D", "R", "C", "T", "U", "?"]
"""Modified, added, deleted, renamed, copied, type changed, in conflict, untracked."""

GitDoing = Literal["merge", "rebase", "cherry-pick", "revert"]


class GitChange(Message, frozen=True):
    """Paths are of the filesystem, as in Entry."""

    path: str
    staged: GitLetter | None
    """What the next commit has of it, compared with the last."""
    unstaged: GitLetter | None
    """What is in the file, compared with what the next commit has."""
    original_path: str | None = None
    conflict: str | None = None
    """What both sides did, as two letters of git's: UU, AA, DU."""


class GitRepository(Message, frozen=True):
    path: str
    """Of its folder; '' is the root of the filesystem."""


class GitStatus(Message, frozen=True):
    repository: str
    branch: str | None
    """None: a commit is checked out, not a branch."""
    commit: str | None
    """None before the first."""
    upstream: str | None
    ahead: int
    behind: int
    doing: GitDoing | None
    """What has stopped half way, as for conflicts."""
    stashes: int
    remotes: list[str]
    changes: list[GitChange]
    more_changes: bool
    """There are others than are listed."""


class GitBranch(Message, frozen=True):
    name: str
    remote: bool
    current: bool
    commit: str
    upstream: str | None
    track: str
    """As git says it: `ahead 1, behind 2`, `gone`."""
    committed_at: float
    subject: str


class GitRemote(Message, frozen=True):
    name: str
    url: str


class GitStash(Message, frozen=True):
    index: int
    made_at: float
    message: str


class GitRefs(Message, frozen=True):
    branches: list[GitBranch]
    remotes: list[GitRemote]
    stashes: list[GitStash]


class GitLogEntry(Message, frozen=True):
    id: str
    parents: list[str]
    author: str
    email: str
    authored_at: float
    refs: list[str]
    subject: str


class GitCommitFile(Message, frozen=True):
    path: str
    letter: GitLetter
    original_path: str | None
    added_lines: int | None
    """None of a binary file."""
    deleted_lines: int | None


class GitCommitDetails(Message, frozen=True):
    commit: GitLogEntry
    message: str
    files: list[GitCommitFile]
    """Compared with its first parent."""


class GitBlameCommit(Message, frozen=True):
    id: str
    author: str
    authored_at: float
    summary: str


class GitBlame(Message, frozen=True):
    commits: list[GitBlameCommit]
    lines: list[int]
    """Of each line of the file on disk its place in `commits`; -1 where it is not committed yet."""


class GitInit(Request, frozen=True, tag="init", tag_field="type"):
    repository: str = ""


class GitStage(Request, frozen=True, tag="stage", tag_field="type"):
    """Of these paths, or of all where there are none."""

    repository: str = ""
    paths: list[str] = []


class GitUnstage(Request, frozen=True, tag="unstage", tag_field="type"):
    """As GitStage."""

    repository: str = ""
    paths: list[str] = []


class GitDiscard(Request, frozen=True, tag="discard", tag_field="type"):
    """Puts `paths` back to what is staged and deletes those that are `untracked`."""

    repository: str = ""
    paths: list[str] = []
    untracked: list[str] = []


class GitStageContent(Request, frozen=True, tag="stage_content", tag_field="type"):
    """Puts a text into the index, the file as it is: how a part of a file is staged or unstaged."""

    path: str
    content: str
    expected: str
    """The ETag of what the index has now; '' where it has none."""
    repository: str = ""


class GitCommit(Request, frozen=True, tag="commit", tag_field="type"):
    message: str
    """May be empty where it amends: then the message stays."""
    repository: str = ""
    amend: bool = False
    all: bool = False
    """Stage what is tracked first."""


class GitIdentity(Request, frozen=True, tag="identity", tag_field="type"):
    """Who commits, in all repositories of the model."""

    name: str
    email: str
    repository: str = ""


class GitSwitch(Request, frozen=True, tag="switch", tag_field="type"):
    """To a branch; one of a remote becomes a local one that follows it."""

    branch: str
    repository: str = ""
    create: bool = False
    start: str = ""
    """Where a new branch begins; '' is here."""


class GitCheckout(Request, frozen=True, tag="checkout", tag_field="type"):
    """A commit, without a branch."""

    commit: str
    repository: str = ""


class GitDeleteBranch(Request, frozen=True, tag="delete_branch", tag_field="type"):
    branch: str
    repository: str = ""
    force: bool = False
    """Also where its commits are nowhere else."""


class GitMerge(Request, frozen=True, tag="merge", tag_field="type"):
    branch: str
    repository: str = ""


class GitResolve(Request, frozen=True, tag="resolve", tag_field="type"):
    """Ends a conflict: with one side, both one after the other, or what is in the file."""

    path: str
    side: Literal["ours", "theirs", "both", "file"]
    repository: str = ""


class GitAbort(Request, frozen=True, tag="abort", tag_field="type"):
    """What has stopped half way."""

    doing: GitDoing
    repository: str = ""


class GitContinue(Request, frozen=True, tag="continue", tag_field="type"):
    doing: GitDoing
    repository: str = ""


class GitUndoCommit(Request, frozen=True, tag="undo_commit", tag_field="type"):
    """The last commit; what it changed is staged again."""

    repository: str = ""


class GitStashPush(Request, frozen=True, tag="stash_push", tag_field="type"):
    message: str = ""
    repository: str = ""


class GitStashApply(Request, frozen=True, tag="stash_apply", tag_field="type"):
    index: int = 0
    repository: str = ""
    drop: bool = True


class GitStashDrop(Request, frozen=True, tag="stash_drop", tag_field="type"):
    index: int
    repository: str = ""


class GitAddRemote(Request, frozen=True, tag="add_remote", tag_field="type"):
    name: str
    url: str
    repository: str = ""


GitAction = (
    GitInit
    | GitStage
    | GitUnstage
    | GitDiscard
    | GitStageContent
    | GitCommit
    | GitIdentity
    | GitSwitch
    | GitCheckout
    | GitDeleteBranch
    | GitMerge
    | GitResolve
    | GitAbort
    | GitContinue
    | GitUndoCommit
    | GitStashPush
    | GitStashApply
    | GitStashDrop
    | GitAddRemote
)


class GitClone(Request, frozen=True, tag="clone", tag_field="type"):
    """Into the model's filesystem, beside what is there."""

    url: str
    branch: str = ""
    """'' is the one that the other side has as its own."""


class GitFetch(Request, frozen=True, tag="fetch", tag_field="type"):
    repository: str = ""


class GitPull(Request, frozen=True, tag="pull", tag_field="type"):
    repository: str = ""


class GitPush(Request, frozen=True, tag="push", tag_field="type"):
    repository: str = ""
    remote: str = ""
    """To which a branch without upstream is pushed, which it follows from then on."""
    force: bool = False
    """Also where that undoes commits there, as long as they are known here."""


class GitSync(Request, frozen=True, tag="sync", tag_field="type"):
    """Pulls, then pushes."""

    repository: str = ""


GitTransfer = GitClone | GitFetch | GitPull | GitPush | GitSync


class GitDone(Message, frozen=True, tag="done", tag_field="type"):
    said: str
    """What git said to it."""


class GitProgress(Message, frozen=True, tag="progress", tag_field="type"):
    text: str


class GitTransferFailed(Message, frozen=True, tag="failed", tag_field="type"):
    error: ErrorBody


GitTransferEvent = GitProgress | GitDone | GitTransferFailed
"""The lines of a transfer's reply; the last is no GitProgress."""


# --- what happens to a model, as the page hears it ---


class FileChange(Message, frozen=True):
    kind: Literal["created", "written", "renamed", "removed", "attributes"]
    path: str
    destination: str | None = None
    """The new path, of renamed only."""


class UsageChanged(Message, frozen=True, tag="usage", tag_field="type"):
    usage: Usage


class FilesChanged(Message, frozen=True, tag="files", tag_field="type"):
    changes: list[FileChange]


class FolderRescan(Message, frozen=True, tag="rescan", tag_field="type"):
    """Changes were too many to list: read this folder and all below it again."""

    path: str


class FilesystemChanged(Message, frozen=True, tag="filesystem", tag_field="type"):
    status: Literal["ready", "remounting", "failed"]
    message: str
    remounted_at: float | None = None
    """Seconds since 1970, once it was mounted again after its process had ended; the message of ready says how."""


class ModelChanged(Message, frozen=True, tag="model", tag_field="type"):
    model: Model


class OperationChanged(Message, frozen=True, tag="operation", tag_field="type"):
    operation: Operation


class OperationRemoved(Message, frozen=True, tag="operation_removed", tag_field="type"):
    operation_id: OperationId


class StatesChanged(Message, frozen=True, tag="states", tag_field="type"):
    states: list[State]


class SnapshotsChanged(Message, frozen=True, tag="snapshots", tag_field="type"):
    snapshots: list[Snapshot]


class PortsChanged(Message, frozen=True, tag="ports", tag_field="type"):
    ports: list[int]
    """On which programs in the model's workspace listen."""


class TerminalsChanged(Message, frozen=True, tag="terminals", tag_field="type"):
    terminals: list[Terminal]


class EnvironmentChanged(Message, frozen=True, tag="environment", tag_field="type"):
    """While an environment is built, at most four a second."""

    environment: ModelEnvironment


class VariablesChanged(Message, frozen=True, tag="variables", tag_field="type"):
    variables: list[Variable]


class LaunchChanged(Message, frozen=True, tag="launch", tag_field="type"):
    launch: Launch


class LaunchersChanged(Message, frozen=True, tag="launchers", tag_field="type"):
    """At most four a second."""

    launchers: list[Launcher]


class QueueChanged(Message, frozen=True, tag="queue", tag_field="type"):
    """At most one a second: how many operations wait before each of the model's that wait."""

    before: dict[str, int]
    """By operation."""


class MountedModelsChanged(Message, frozen=True, tag="mounted_models", tag_field="type"):
    mounted_models: list[MountedModel]


class DatasetsChanged(Message, frozen=True, tag="datasets", tag_field="type"):
    """The list of datasets is to be read again. Told at most a few times a second."""

    changed_at: float


ModelEvent = (
    UsageChanged
    | FilesChanged
    | FolderRescan
    | FilesystemChanged
    | ModelChanged
    | OperationChanged
    | OperationRemoved
    | StatesChanged
    | SnapshotsChanged
    | PortsChanged
    | TerminalsChanged
    | EnvironmentChanged
    | VariablesChanged
    | MountedModelsChanged
    | LaunchChanged
    | LaunchersChanged
    | QueueChanged
    | DatasetsChanged
)

T = TypeVar("T")


def decode(data: bytes | str, kind: type[T]) -> T:
    """Raises InvalidRequest, whose message names what was expected, what came and where."""
    try:
        return msgspec.json.decode(data, type=kind)
    # Text that nests too deeply raises RecursionError, text that is not UTF-8 UnicodeDecodeError.
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise InvalidRequest(f"{error}.") from error


def encode(value: Any) -> bytes:
    return msgspec.json.encode(value)
