"""States and snapshots."""

from typing import Any, Literal

from ide_server.wire.base import Message, ModelId, OperationId, Request, SnapshotId, StateId

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
