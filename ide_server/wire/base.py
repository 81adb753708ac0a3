"""What all messages are made of: ids, words that several use, how they are read and written, errors."""

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


class ErrorBody(Message, frozen=True):
    code: str
    message: str
    details: dict[str, Any]


class ErrorReply(Message, frozen=True):
    error: ErrorBody


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
