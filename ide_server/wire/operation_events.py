"""What happens in an operation."""

from typing import Any, Literal

from ide_server.wire.base import FunctionName, Message, Phase, StateId
from ide_server.wire.operations import CallName, Outcome
from ide_server.wire.states import StateKey


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
