"""What host and runner say to each other, as types. docs/launchers.md tells the order.

The host asks, one request at a time (Load, a Call); the runner answers with Returned or Failed, and before that with
any number of the other messages. Times and sizes are counted by the host: nothing here is believed.
"""

from typing import Annotated, Any, Literal

import msgspec

from ide_server.host.launchers.frames import CHUNK_BYTES, Header
from ide_server.wire import ElementType, FunctionName

MAX_NAME = 200
MAX_DIMENSIONS = 32

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_NAME)]
Counter = Annotated[int, msgspec.Meta(ge=0, lt=1 << 53)]
Format = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9.+-]{0,16}\Z")]


# --- from the host ---


class Given(msgspec.Struct, frozen=True):
    """A parameter; its bytes are read as `blob`: an encoded file, or the value as JSON."""

    type: ElementType
    blob: int
    byte_size: int
    format: str = ""


class Kept(msgspec.Struct, frozen=True):
    """What one key of a state holds, read as `blob`."""

    blob: int
    byte_size: int


class Load(msgspec.Struct, frozen=True, tag="load", tag_field="type"):
    id: int


class Call(msgspec.Struct, frozen=True, tag="call", tag_field="type"):
    id: int
    function: FunctionName
    parameters: dict[str, Given] = {}
    state: dict[str, Kept] | None = None


class Cancel(msgspec.Struct, frozen=True, tag="cancel", tag_field="type"):
    id: int


class Data(msgspec.Struct, frozen=True, tag="data", tag_field="type"):
    """Answers Read."""

    id: int
    parts: list[int]


# --- from the runner ---


class Ready(Header, frozen=True, tag="ready", tag_field="type"):
    language: Literal["python", "node"]
    version: Annotated[str, msgspec.Meta(max_length=100)]


class Read(Header, frozen=True, tag="read", tag_field="type"):
    id: Counter
    blob: Counter
    offset: Counter
    size: Annotated[int, msgspec.Meta(ge=1, le=CHUNK_BYTES)]


class ProgressSaid(Header, frozen=True, tag="progress", tag_field="type"):
    fraction: Annotated[float, msgspec.Meta(ge=0, le=1)]


class MetricsSaid(Header, frozen=True, tag="metrics", tag_field="type"):
    metrics: Annotated[list[tuple[Name, Counter, float | None]], msgspec.Meta(max_length=10_000)]


class StateSaid(Header, frozen=True, tag="state", tag_field="type"):
    """One more chunk of what a key holds."""

    key: Annotated[str, msgspec.Meta(max_length=80)]


class OutputSaid(Header, frozen=True, tag="output", tag_field="type"):
    """The values that follow are of this output."""

    name: Name


class BlobSaid(Header, frozen=True, tag="blob", tag_field="type"):
    """One more chunk of the encoded file of the value to come."""


class ValueSaid(Header, frozen=True, tag="value", tag_field="type"):
    """Its part holds the elements as a JSON list; `format` is of an encoded file, whose bytes came before."""

    element_type: ElementType
    shape: Annotated[list[Counter], msgspec.Meta(max_length=MAX_DIMENSIONS)]
    truncated: bool
    format: Format | None


class Returned(Header, frozen=True, tag="returned", tag_field="type"):
    id: Counter
    functions: Annotated[list[FunctionName], msgspec.Meta(max_length=16)]


class Failed(Header, frozen=True, tag="failed", tag_field="type"):
    id: Counter
    kind: Literal[
        "exception", "missing_function", "invalid_executable_file", "read_executable_file_failed", "invalid_output"
    ]
    message: str
    details: str = ""


Said = Ready | Read | ProgressSaid | MetricsSaid | StateSaid | OutputSaid | BlobSaid | ValueSaid | Returned | Failed

said_decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(Said)
