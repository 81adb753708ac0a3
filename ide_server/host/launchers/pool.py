"""All temporary launchers of this host: those that work, and those that are kept warm for the next operation."""

import asyncio
import itertools
import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Protocol

from ide_server.catalog import new_id
from ide_server.host.equipment import Edition, Equipment
from ide_server.host.launchers.launch import DISPOSE_SECONDS, Resources
from ide_server.host.launchers.launcher import CallFailed, Launcher, LauncherLost, Listener
from ide_server.host.launchers.output import Nobody
from ide_server.host.launchers.spawn import Language, Spawn
from ide_server.host.launchers.usage import Meter
from ide_server.settings import Settings
from ide_server.wire import FunctionName, LauncherId, LauncherLevel, LauncherSpec, ModelId, OperationId, StateId

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Fit:
    """What a launcher is started for. It serves nothing else."""

    model_id: ModelId
    language: Language
    resources: Resources
    edition: Edition
    generation: int
    """Of the mount: what runs in an earlier one has lost its files."""
    mark: str
    """Of the code, as it is before it is loaded."""


@dataclass(frozen=True)
class Need:
    """The launcher that an operation needs."""

    operation_id: OperationId
    fit: Fit
    equipment: Equipment
    spec: LauncherSpec
    state_id: StateId | None
    is_new: bool = False
    """It must be one that has loaded nothing."""


@dataclass
class Warm:
    """A launcher with what it has loaded; of one operation, or waiting for one."""

    id: LauncherId
    name: str
    launcher: Launcher
    fit: Fit
    spec: LauncherSpec
    started_at: float
    functions: list[FunctionName] | None = None
    """That can be called now; None: no code is loaded."""
    state_id: StateId | None = None
    is_instantiated: bool = False
    """With `state_id`, or with none."""
    operation_id: OperationId | None = None
    operations: int = 0
    """How many it has worked on."""

    def __post_init__(self) -> None:
        self.meter = Meter(self.started_at)

    @property
    def level(self) -> LauncherLevel:
        if self.functions is None:
            return "launcher"
        return "state_instantiated" if self.is_instantiated else "code_loaded"

    def holds(self, state_id: StateId | None) -> bool:
        return self.is_instantiated and self.state_id == state_id

    def begin(self, need: Need) -> None:
        self.operation_id, self.spec = need.operation_id, need.spec
        self.operations += 1


class Place(Protocol):
    """Where an operation has its launcher from, and gives it back to by one of the last three."""

    async def take(self, need: Need) -> Warm:
        """One that holds the state or none. Raises SandboxFailed, FilesystemUnavailable."""

    def keep(self, warm: Warm) -> None:
        """For the next operation. Its output is turned off."""

    async def kill(self, warm: Warm) -> None:
        """At once; all that it printed has been read."""

    async def close_one(self, warm: Warm) -> None:
        """It has done its work and may end by itself, for a moment."""

    def release(self) -> None:
        """The operation has ended, whether it ever had a launcher or not."""


class Idle:
    """A warm launcher that waits for its next operation, and ends when its time is over."""

    def __init__(self, warm: Warm, on_expiry: Callable[[], object]) -> None:
        self.warm = warm
        self.until = time.time() + warm.spec.idle_seconds
        self._timer = asyncio.get_running_loop().call_later(warm.spec.idle_seconds, on_expiry)

    def take(self) -> Warm:
        self._timer.cancel()
        return self.warm


class Pool:
    def __init__(self, settings: Settings, spawn: Spawn, *, changed: Callable[[ModelId], None]) -> None:
        self._settings = settings
        self._spawn = spawn
        self._changed = changed
        self._idle: dict[LauncherId, Idle] = {}
        """The one that has waited longest first."""
        self._working: dict[LauncherId, Warm] = {}
        self._numbers = itertools.count(1)
        self._alive = 0
        """Working and idle ones, and those on their way."""
        self._reserved = 0
        self._claims = 0
        self._freed = asyncio.Event()
        self._endings: set[asyncio.Task[None]] = set()

    @property
    def capacity(self) -> int:
        """How many may be alive at once. One at least: what is for no persistent launcher would wait for ever."""
        return max(1, self._settings.max_launchers - self._reserved)

    @property
    def is_free(self) -> bool:
        """Whether one more operation may have a launcher; it claims its place at once."""
        return self._claims < self.capacity

    def claim(self) -> None:
        assert self.is_free
        self._claims += 1

    def release(self) -> None:
        self._claims -= 1

    def reserve(self, count: int) -> None:
        """So many of the server's places are for persistent launchers."""
        self._reserved = count
        self._freed.set()

    @property
    def has_reserved(self) -> bool:
        """Whether those with a reserved place can start."""
        return self._alive <= self.capacity

    async def wait_reserved(self) -> None:
        """Until they can; idle ones give way."""
        while not self.has_reserved:
            if self._idle:
                await self._retire(next(iter(self._idle)))
                continue
            self._freed.clear()
            await self._freed.wait()

    async def take(self, need: Need) -> Warm:
        """An idle one that holds the state or none, or a new one. Raises SandboxFailed, FilesystemUnavailable."""
        fit = need.fit
        self._retire_where(lambda idle: _is_of_same_files(idle.fit, fit) and not _is_present(idle, fit))
        found = None if need.is_new else self._best(fit, need.state_id)
        warm = await self._new(need) if found is None else self._idle.pop(found).take()
        warm.begin(need)
        self._working[warm.id] = warm
        self._changed(fit.model_id)
        return warm

    def keep(self, warm: Warm) -> None:
        """For the next operation, but no longer than its spec says."""
        self._end_work(warm)
        self._idle[warm.id] = Idle(warm, lambda: self._retire(warm.id))

    async def kill(self, warm: Warm) -> None:
        self._end_work(warm)
        try:
            await warm.launcher.kill()
        finally:
            self._let_go()

    async def close_one(self, warm: Warm) -> None:
        self._end_work(warm)
        try:
            await warm.launcher.close()
        finally:
            self._let_go()

    def present(self) -> Iterator[tuple[Warm, float | None]]:
        """Each with the time when it ends if nothing comes, where it is idle."""
        yield from ((warm, None) for warm in self._working.values())
        yield from ((idle.warm, idle.until) for idle in self._idle.values())

    def is_idle(self, launcher_id: LauncherId) -> bool:
        return launcher_id in self._idle

    async def end_idle(self, launcher_id: LauncherId) -> None:
        """It is gone on return."""
        await self._retire(launcher_id)

    def retire(self, model_id: ModelId) -> None:
        """All idle ones of a model begin to end."""
        self._retire_where(lambda idle: idle.fit.model_id == model_id)

    async def retire_all(self, model_id: ModelId) -> None:
        """As retire does; they are gone on return."""
        self.retire(model_id)
        await asyncio.gather(*self._endings)

    async def close(self) -> None:
        self._retire_where(lambda _: True)
        await asyncio.gather(*self._endings)

    async def _new(self, need: Need) -> Warm:
        self._alive += 1
        try:
            await self._make_room()
            name = f"temporary {next(self._numbers)}"
            return await start(self._spawn, LauncherId(new_id()), name, need.fit, need.equipment, need.spec)
        except BaseException:
            self._let_go()
            raise

    def _best(self, fit: Fit, state_id: StateId | None) -> LauncherId | None:
        """The one that holds the state, or one that holds none; the last that was used."""
        fitting = [idle.warm for idle in reversed(self._idle.values()) if idle.warm.fit == fit]
        for is_it in (lambda warm: warm.holds(state_id), lambda warm: not warm.is_instantiated):
            for warm in filter(is_it, fitting):
                return warm.id
        return None

    def _end_work(self, warm: Warm) -> None:
        warm.operation_id = None
        self._working.pop(warm.id, None)
        self._changed(warm.fit.model_id)

    def _let_go(self) -> None:
        self._alive -= 1
        self._freed.set()

    def _retire_where(self, is_meant: Callable[[Warm], bool]) -> None:
        for launcher_id in [launcher_id for launcher_id, idle in self._idle.items() if is_meant(idle.warm)]:
            self._retire(launcher_id)

    async def _make_room(self) -> None:
        """Idle ones give way, the one that has waited longest first."""
        while self._alive > self.capacity and self._idle:
            await self._retire(next(iter(self._idle)))

    def _retire(self, launcher_id: LauncherId) -> "asyncio.Task[None]":
        warm = self._idle.pop(launcher_id).take()
        task = asyncio.create_task(self._end(warm), name=f"end of a launcher of {warm.fit.model_id}")
        self._endings.add(task)
        task.add_done_callback(self._endings.discard)
        return task

    async def _end(self, warm: Warm) -> None:
        await dispose_quietly(warm)
        await self.close_one(warm)


async def start(
    spawn: Spawn, launcher_id: LauncherId, name: str, fit: Fit, equipment: Equipment, spec: LauncherSpec
) -> Warm:
    """Raises SandboxFailed, FilesystemUnavailable."""
    launcher = await Launcher.start(
        spawn,
        f"launcher-{new_id()}",
        equipment=equipment,
        model_id=fit.model_id,
        language=fit.language,
        resources=fit.resources,
    )
    return Warm(launcher_id, name, launcher, fit, spec, time.time())


async def dispose(warm: Warm, listener: Listener | None = None) -> None:
    """Raises CallFailed, LauncherLost, TimeoutError."""
    if warm.is_instantiated and "dispose" in (warm.functions or ()):
        async with asyncio.timeout(DISPOSE_SECONDS):
            await warm.launcher.call("dispose", listener)


async def dispose_quietly(warm: Warm) -> None:
    """Of one that no operation has: nobody hears what it prints, and how it fails is in the server's log."""
    warm.launcher.output.turn_to(Nobody())
    try:
        await dispose(warm)
    except (CallFailed, LauncherLost, TimeoutError) as problem:
        logger.info("A launcher of model %s did not dispose of its state: %r", warm.fit.model_id, problem)


def _is_of_same_files(one: Fit, other: Fit) -> bool:
    """Of the model as it is, or of one snapshot of it."""
    return one.model_id == other.model_id and one.edition.snapshot_id == other.edition.snapshot_id


def _is_present(warm: Warm, fit: Fit) -> bool:
    """Whether it serves, or would serve an operation that asks for its resources."""
    return replace(warm.fit, resources=fit.resources) == fit and not warm.launcher.ended
