"""Operations and the calls of a debug session."""

from typing import Any, Literal

from ide_server.wire.base import (
    LauncherId,
    Message,
    ModelId,
    OperationId,
    OperationKind,
    OperationStatus,
    OutcomeKind,
    Phase,
    Request,
    SnapshotId,
    StateId,
)
from ide_server.wire.launchers import DurationsChoice, LauncherLevel, LauncherSpec, MaxDurations, SpecChoice


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
