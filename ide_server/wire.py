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

ElementType = Literal[
    "f32", "f64", "i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64",
    "string", "binary", "boolean", "image", "audio", "video",
]  # fmt: skip
FunctionName = Literal[
    "createModelState", "instantiateModel", "evaluate", "train", "getModelState", "dispose"
]  # fmt: skip
OperationKind = Literal["createModelState", "evaluate", "train"]
OperationStatus = Literal["queued", "running", "succeeded", "failed", "cancelled", "interrupted"]
Phase = Literal["codeStartup", "createState", "instantiateModel", "train", "getState", "evaluate"]
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
    name: str
    template: str


class ModelChange(Request, frozen=True):
    """Fields left out stay as they are."""

    name: str | None = None
    limit_bytes: int | None = None
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


# --- terminals ---


class Terminal(Message, frozen=True):
    id: TerminalId
    title: str
    created_at: float


class NewTerminal(Request, frozen=True):
    rows: int
    columns: int


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


class Blob(Message, frozen=True):
    """An encoded file of a result, fetched by index."""

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


class NewOperation(Request, frozen=True):
    kind: OperationKind
    parameters: dict[str, Any] = {}
    state_id: StateId | None = None
    """None: the active state, made by createModelState if there is none."""


class State(Message, frozen=True):
    id: StateId
    model_id: ModelId
    name: str
    created_at: float
    byte_size: int
    operation_id: OperationId | None


class StateChange(Request, frozen=True):
    name: str


class Log(Message, frozen=True, tag="log", tag_field="type"):
    time: float
    stream: Literal["stdout", "stderr"]
    text: str


class Progress(Message, frozen=True, tag="progress", tag_field="type"):
    time: float
    fraction: float


class Metric(Message, frozen=True, tag="metric", tag_field="type"):
    time: float
    name: str
    step: int
    value: float | None
    """None: it was not a number, or infinite."""


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


class Ended(Message, frozen=True, tag="ended", tag_field="type"):
    time: float
    outcome: Outcome


OperationEvent = Log | Progress | Metric | PhaseStarted | PhaseEnded | Loaded | Ended


class OperationEvents(Message, frozen=True):
    """Events of an operation's journal; `offset` is the byte offset after the last of them, to resume from."""

    offset: int
    events: list[OperationEvent]


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


class ModelChanged(Message, frozen=True, tag="model", tag_field="type"):
    model: Model


class OperationChanged(Message, frozen=True, tag="operation", tag_field="type"):
    operation: Operation


class StatesChanged(Message, frozen=True, tag="states", tag_field="type"):
    states: list[State]


class TerminalsChanged(Message, frozen=True, tag="terminals", tag_field="type"):
    terminals: list[Terminal]


ModelEvent = (
    UsageChanged
    | FilesChanged
    | FolderRescan
    | FilesystemChanged
    | ModelChanged
    | OperationChanged
    | StatesChanged
    | TerminalsChanged
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
