"""What host and runner say to each other, as types. docs/launchers.md tells the order.

The host asks, one request at a time (Check, Load, a Call); the runner answers with Returned or Failed, and before that
with any number of the other messages. Times and sizes are counted by the host: nothing here is believed.
"""

from typing import Annotated, Any, Literal

import msgspec

from ide_server.host.launchers.frames import CHUNK_BYTES, Header
from ide_server.host.tensors import File, Size
from ide_server.wire import ElementType, FunctionName

MAX_NAME = 200
MAX_DIMENSIONS = 32
MAX_FILES = 1000
MAX_PROBLEMS = 50

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_NAME)]
Counter = Annotated[int, msgspec.Meta(ge=0, lt=1 << 53)]
Shape = Annotated[list[Size], msgspec.Meta(max_length=MAX_DIMENSIONS)]
Key = Annotated[str, msgspec.Meta(max_length=80)]
Files = Annotated[tuple[File, ...], msgspec.Meta(max_length=MAX_FILES)]


# --- from the host ---


class Given(msgspec.Struct, frozen=True):
    """A parameter: `count` values, one after the other in `blob`.

    `ends` is the blob of where each ends, as little-endian u64; None: all are equally long. `single`: it was given as
    one value, not as a list of values that happens to hold one. `cast`: the type that the code shall see numbers as.
    """

    count: int
    byte_size: int
    blob: int
    ends: int | None = None
    single: bool = True
    cast: ElementType | None = None


class Kept(msgspec.Struct, frozen=True):
    """What one key of a state holds, read as `blob`."""

    blob: int
    byte_size: int


class Other(msgspec.Struct, frozen=True):
    """A mounted model: where its files are, and its state."""

    mount_path: str
    state: dict[str, Kept] | None = None


class Check(msgspec.Struct, frozen=True, tag="check", tag_field="type"):
    """Look at the syntax of the code without running it."""

    id: int


class Load(msgspec.Struct, frozen=True, tag="load", tag_field="type"):
    id: int


class Call(msgspec.Struct, frozen=True, tag="call", tag_field="type"):
    """Its parts are the blobs whose numbers are `inline`: they need not be read."""

    id: int
    function: FunctionName
    parameters: dict[str, Given] = {}
    state: dict[str, Kept] | None = None
    other_models: dict[str, Other] = {}
    inline: list[int] = []
    parts: list[int] = []


class Restart(msgspec.Struct, frozen=True, tag="restart", tag_field="type"):
    """Become a runner that has loaded nothing, and say Ready again. Only to one whose Ready said that it can."""


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
    restarts: bool = False


class Read(Header, frozen=True, tag="read", tag_field="type"):
    id: Counter
    blob: Counter
    offset: Counter
    size: Annotated[int, msgspec.Meta(ge=1, le=CHUNK_BYTES)]


class ProgressSaid(Header, frozen=True, tag="progress", tag_field="type"):
    fraction: Annotated[float, msgspec.Meta(ge=0, le=1)]


class MetricsSaid(Header, frozen=True, tag="metrics", tag_field="type"):
    metrics: Annotated[list[tuple[Name, Counter, float | None]], msgspec.Meta(max_length=10_000)]


class MetricTensorSaid(Header, frozen=True, tag="metric_tensor", tag_field="type"):
    """A point of a metric that is more than a number; its part holds the elements."""

    name: Name
    step: Counter
    element_type: ElementType
    shape: Shape


class StateSaid(Header, frozen=True, tag="state", tag_field="type"):
    """One more chunk of what a key holds."""

    key: Key


class CheckpointSaid(Header, frozen=True, tag="checkpoint", tag_field="type"):
    """One more chunk of what a key of a checkpoint holds."""

    key: Key


class CheckpointedSaid(Header, frozen=True, tag="checkpointed", tag_field="type"):
    """The checkpoint is whole."""


class OutputSaid(Header, frozen=True, tag="output", tag_field="type"):
    """The values that follow are of this output."""

    name: Name


class ValueSaid(Header, frozen=True, tag="value", tag_field="type"):
    """A value, with the first of its bytes as part; all of them together are `byte_size`."""

    element_type: ElementType
    shape: Shape
    byte_size: Size
    files: Files = ()


class ElementsSaid(Header, frozen=True, tag="elements", tag_field="type"):
    """More bytes of the value."""


class Problem(msgspec.Struct, frozen=True):
    """Of the code; line and column count from 1, 0 is unknown."""

    path: Annotated[str, msgspec.Meta(max_length=1000)]
    line: Counter
    column: Counter
    message: Annotated[str, msgspec.Meta(max_length=2000)]
    kind: Literal["syntax", "import", "exception"]


Problems = Annotated[tuple[Problem, ...], msgspec.Meta(max_length=MAX_PROBLEMS)]


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
    problems: Problems = ()


Said = (
    Ready
    | Read
    | ProgressSaid
    | MetricsSaid
    | MetricTensorSaid
    | StateSaid
    | CheckpointSaid
    | CheckpointedSaid
    | OutputSaid
    | ValueSaid
    | ElementsSaid
    | Returned
    | Failed
)

said_decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(Said)
