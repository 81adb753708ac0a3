"""How operations are launched: what the server allows, what a model chose, what an operation asks for."""

import os
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

import msgspec

from ide_server.catalog import Catalog
from ide_server.errors import InvalidRequest
from ide_server.host.events import ModelEvents
from ide_server.settings import MEBIBYTE, Settings
from ide_server.wire import (
    DurationsChoice,
    Launch,
    LaunchBounds,
    LaunchChanged,
    LaunchChoice,
    LauncherSpec,
    MaxDurations,
    ModelId,
    OperationKind,
    Phase,
    SpecChoice,
)

LEAST_CPUS = 0.125
LEAST_MEMORY_BYTES = 128 * MEBIBYTE
SHORTEST_SECONDS = 1.0
DISPOSE_SECONDS = 10.0

AS_THE_MODEL = SpecChoice()
AS_LONG_AS_THE_MODEL = DurationsChoice()

W = TypeVar("W", LauncherSpec, MaxDurations)


class Resources(NamedTuple):
    """What makes two specs different launchers; how long one is kept does not."""

    cpus: float
    memory_bytes: int
    gpus: int


@dataclass(frozen=True)
class Terms:
    """What one operation is launched with."""

    spec: LauncherSpec
    max_durations: MaxDurations

    @property
    def resources(self) -> Resources:
        return Resources(self.spec.cpus, self.spec.memory_bytes, self.spec.gpus)

    def allowed_seconds(self, phase: Phase) -> float:
        durations = self.max_durations
        return {
            "codeStartup": durations.code_startup_seconds,
            "createState": durations.create_state_seconds,
            "instantiateModel": durations.instantiate_model_seconds,
            "evaluate": durations.evaluate_seconds,
            "train": durations.train_seconds,
            "getState": durations.get_state_seconds,
            "dispose": DISPOSE_SECONDS,
        }[phase]


class Launches:
    """The launch choices of models, within the bounds of the server."""

    def __init__(self, settings: Settings, catalog: Catalog, events: ModelEvents) -> None:
        self._catalog = catalog
        self._events = events
        self.default = default_terms(settings)
        self.bounds = bounds_of(settings)

    async def get(self, model_id: ModelId) -> Launch:
        """Raises ModelNotFound."""
        return self._launch(await self.choice(model_id))

    async def choice(self, model_id: ModelId) -> LaunchChoice:
        """Raises ModelNotFound."""
        return (await self._catalog.models.get(model_id)).launch or LaunchChoice()

    async def choose(self, model_id: ModelId, choice: LaunchChoice) -> Launch:
        """For operations and launchers that start from here on. Raises ModelNotFound, InvalidRequest."""
        await self._catalog.models.get(model_id)
        for spec in (choice.create_model_state, choice.evaluate, choice.train):
            self.check(spec, choice.max_durations)
        await self._catalog.models.set_launch(model_id, choice)
        launch = self._launch(choice)
        self._events.publish(model_id, LaunchChanged(launch))
        return launch

    def check(self, spec: SpecChoice, max_durations: DurationsChoice = AS_LONG_AS_THE_MODEL) -> None:
        """Raises InvalidRequest for what this server does not allow."""
        check_spec(spec, self.bounds)
        check_durations(max_durations, self.bounds)

    def terms(
        self,
        choice: LaunchChoice | None,
        kind: OperationKind,
        spec: SpecChoice = AS_THE_MODEL,
        max_durations: DurationsChoice = AS_LONG_AS_THE_MODEL,
    ) -> Terms:
        """Of an operation that asks for this beside what its model chose.

        What was chosen when the server allowed more is held to what it allows now.
        """
        of_model = choice or LaunchChoice()
        wanted = chosen(chosen(self.default.spec, spec_of(of_model, kind)), spec)
        longest = chosen(chosen(self.default.max_durations, of_model.max_durations), max_durations)
        return Terms(held(wanted, self.bounds.highest), held(longest, self.bounds.longest))

    def _launch(self, choice: LaunchChoice) -> Launch:
        return Launch(choice, self.default.spec, self.default.max_durations, self.bounds)


def default_terms(settings: Settings) -> Terms:
    """getModelState has the time of createModelState: it writes as much."""
    return Terms(
        LauncherSpec(
            cpus=settings.launcher_cpus,
            memory_bytes=settings.launcher_memory_mebibytes * MEBIBYTE,
            gpus=0,
            idle_seconds=settings.launcher_idle_seconds,
        ),
        MaxDurations(
            code_startup_seconds=settings.code_startup_seconds,
            create_state_seconds=settings.create_state_seconds,
            instantiate_model_seconds=settings.instantiate_seconds,
            evaluate_seconds=settings.evaluate_seconds,
            train_seconds=settings.train_seconds,
            get_state_seconds=settings.create_state_seconds,
        ),
    )


def bounds_of(settings: Settings) -> LaunchBounds:
    """What the server gives to who chooses nothing may always be chosen."""
    default = default_terms(settings)
    most_memory = settings.max_launcher_memory_mebibytes * MEBIBYTE or machine_memory_bytes()
    highest = LauncherSpec(
        cpus=max(default.spec.cpus, settings.max_launcher_cpus or float(os.cpu_count() or 1)),
        memory_bytes=max(default.spec.memory_bytes, most_memory),
        gpus=0,
        idle_seconds=max(default.spec.idle_seconds, settings.max_launcher_idle_seconds),
    )
    lowest = LauncherSpec(cpus=LEAST_CPUS, memory_bytes=LEAST_MEMORY_BYTES, gpus=0, idle_seconds=0.0)
    longest = {
        name: max(seconds, settings.max_phase_seconds)
        for name, seconds in msgspec.structs.asdict(default.max_durations).items()
    }
    return LaunchBounds(lowest, highest, SHORTEST_SECONDS, MaxDurations(**longest))


def machine_memory_bytes() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def check_spec(choice: SpecChoice, bounds: LaunchBounds) -> None:
    """Raises InvalidRequest."""
    if choice.gpus not in (None, 0):
        raise InvalidRequest(f"Expected gpus to be 0, got {choice.gpus}: this server has no GPUs. Leave it out.")
    for name, value in _values(choice):
        _check_within(name, value, getattr(bounds.lowest, name), getattr(bounds.highest, name))


def check_durations(choice: DurationsChoice, bounds: LaunchBounds) -> None:
    """Raises InvalidRequest."""
    for name, value in _values(choice):
        _check_within(name, value, bounds.shortest_seconds, getattr(bounds.longest, name))


def chosen(default: W, choice: SpecChoice | DurationsChoice) -> W:
    return msgspec.structs.replace(default, **dict(_values(choice)))


def held(wanted: W, highest: W) -> W:
    values = {name: min(value, getattr(highest, name)) for name, value in msgspec.structs.asdict(wanted).items()}
    return msgspec.structs.replace(wanted, **values)


def spec_of(choice: LaunchChoice, kind: OperationKind) -> SpecChoice:
    match kind:
        case "createModelState":
            return choice.create_model_state
        case "evaluate" | "debug":
            return choice.evaluate
        case "train":
            return choice.train


def _values(choice: SpecChoice | DurationsChoice) -> list[tuple[str, Any]]:
    """Of what was not left out."""
    return [(name, value) for name, value in msgspec.structs.asdict(choice).items() if value is not None]


def _check_within(name: str, value: float, lowest: float, highest: float) -> None:
    if not lowest <= value <= highest:
        raise InvalidRequest(f"Expected {name} from {lowest:.12g} to {highest:.12g}, got {value:.12g}.")
