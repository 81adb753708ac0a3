"""The calls of a debug session: what is asked for, what is told meanwhile, and what each leaves in `calls/<number>/` of
the operation's folder."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from ide_server.errors import InvalidRequest, SlipwayError, StateNotFound
from ide_server.host.datasets import Reading
from ide_server.host.launchers.journal import Journal
from ide_server.host.launchers.protocol import CheckpointSaid, OutputSaid, StateSaid, ValueSaid
from ide_server.host.launchers.reports import Reports
from ide_server.host.launchers.results import InvalidResult
from ide_server.host.parameters import Argument, check_arguments
from ide_server.host.states import Origin, States, StateTooLarge
from ide_server.names import checked_name
from ide_server.wire import (
    CallName,
    KeepState,
    Operation,
    ParameterDefinition,
    ParameterDefinitions,
    State,
    StateId,
    StateOrigin,
    encode,
)

MAX_STATES = 3
"""Of the states that its calls make, so many of the newest stay until the operation is deleted."""
MAX_TOLD_BYTES = 64 << 10
"""Of a call's parameters, in the journal."""


@dataclass(frozen=True)
class Asked:
    """A call that can be made."""

    function: CallName
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """As they came."""
    arguments: Mapping[str, Argument] = field(default_factory=dict)
    outputs: Sequence[ParameterDefinition] = ()
    state: "Chosen | None" = None
    close: Callable[[], None] = lambda: None
    """To be called at its end."""


@dataclass(frozen=True)
class Chosen:
    """The state to instantiate the model with."""

    words: str
    id: StateId | None = None
    """None: it is no state of the model's."""
    keys: Mapping[str, Path] | None = None


class Made(msgspec.Struct, frozen=True):
    """How a call made its state; kept beside it."""

    origin: StateOrigin
    parent_id: StateId | None
    code_digest: str
    parameters: dict[str, Any]


class CallReports(Reports):
    """Of what cannot be kept the reason is remembered, and the rest is not looked at: the launcher, which goes on
    telling it, can be called again."""

    def __init__(self, journal: Journal) -> None:
        super().__init__(journal)
        self.refused: str | None = None

    async def state(self, said: StateSaid, chunk: bytes) -> None:
        if self.refused is None:
            with self._remembering():
                await super().state(said, chunk)

    async def checkpoint(self, said: CheckpointSaid, chunk: bytes) -> None:
        if self.refused is None:
            with self._remembering():
                await super().checkpoint(said, chunk)

    async def output(self, said: OutputSaid) -> None:
        if self.refused is None:
            with self._remembering():
                await super().output(said)

    async def value(self, said: ValueSaid, chunk: bytes) -> None:
        if self.refused is None:
            with self._remembering():
                await super().value(said, chunk)

    async def elements(self, chunk: bytes) -> None:
        if self.refused is None:
            with self._remembering():
                await super().elements(chunk)

    @contextlib.contextmanager
    def _remembering(self) -> Iterator[None]:
        try:
            yield
        except (InvalidResult, StateTooLarge, SlipwayError) as problem:
            self.refused = str(problem)


def arguments_of(function: CallName, reading: Reading, definitions: ParameterDefinitions) -> dict[str, Argument]:
    """Raises InvalidRequest."""
    match function:
        case "createModelState":
            return check_arguments(definitions.create_state, reading.parameters, reading.columns)
        case "evaluate":
            return check_arguments(definitions.evaluate_input, reading.parameters, reading.columns)
        case "train":
            return check_arguments(definitions.train, reading.parameters, reading.columns)
    if reading.parameters:
        raise InvalidRequest(f"Expected no parameters, as {function} takes none, got {', '.join(reading.parameters)}.")
    return {}


def told(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """As the journal and a state's lineage have them: what is too large is None; of too many the last are left out."""
    left, found = MAX_TOLD_BYTES, {}
    for name, value in parameters.items():
        for shown in (value, None):
            byte_size = len(encode(name)) + len(encode(shown))
            if byte_size <= left:
                found[name] = shown
                left -= byte_size
                break
    return found


# --- what calls leave ---


def call_folder(folder: Path, call: int) -> Path:
    """`folder`: the operation's."""
    return folder / "calls" / str(call)


def state_folder(folder: Path, call: int) -> Path:
    return call_folder(folder, call) / "state"


def write_made(folder: Path, made: Made) -> None:
    (folder / "made.json").write_bytes(encode(made))


async def keep_state(states: States, operation: Operation, folder: Path, *, call: int, keep: KeepState) -> State:
    """As one of the model's. Raises StateNotFound, InvalidRequest."""
    try:
        data = await asyncio.to_thread((call_folder(folder, call) / "made.json").read_bytes)
        made = msgspec.json.decode(data, type=Made)
        name = checked_name(keep.name or time.strftime(f"{made.origin} %Y-%m-%d %H:%M:%S"))
        async with states.draft(operation.model_id) as draft:
            await asyncio.to_thread(draft.copy, state_folder(folder, call))
            return await states.keep(draft, model_id=operation.model_id, name=name, origin=origin_of(made, operation))
    except FileNotFoundError as error:
        raise StateNotFound(no_state(call)) from error


def no_state(call: int) -> str:
    return f"Call {call} made no state, or it is gone: a session keeps its newest {MAX_STATES}."


def origin_of(made: Made, operation: Operation) -> Origin:
    return Origin(
        made.origin,
        operation_id=operation.id,
        parent_id=made.parent_id,
        code_digest=made.code_digest,
        parameters=made.parameters,
    )
