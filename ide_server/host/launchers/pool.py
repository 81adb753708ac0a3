"""All launchers of this host: those that work, and those that are kept warm for the next operation on the same code."""

import asyncio
import itertools
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace

from ide_server.host.equipment import Edition, Equipment
from ide_server.host.launchers.launch import Resources
from ide_server.host.launchers.launcher import CallFailed, Launcher, LauncherLost, Listener
from ide_server.host.launchers.output import Nobody
from ide_server.host.launchers.spawn import Language, Spawn
from ide_server.settings import Settings
from ide_server.wire import FunctionName, ModelId, StateId

DISPOSE_SECONDS = 10.0

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


@dataclass
class Warm:
    """A launcher with what it has loaded; of one operation, or idle in the pool."""

    launcher: Launcher
    fit: Fit
    functions: list[FunctionName] | None = None
    """That can be called now; None: no code is loaded."""
    state_id: StateId | None = None
    is_instantiated: bool = False
    """With `state_id`, or with none."""

    def holds(self, state_id: StateId | None) -> bool:
        return self.is_instantiated and self.state_id == state_id


class Idle:
    """A warm launcher that waits for its next operation, and ends when its time is over."""

    def __init__(self, warm: Warm, seconds: float, on_expiry: Callable[[], object]) -> None:
        self.warm = warm
        self._timer = asyncio.get_running_loop().call_later(seconds, on_expiry)

    def take(self) -> Warm:
        self._timer.cancel()
        return self.warm


class Pool:
    def __init__(self, settings: Settings, spawn: Spawn) -> None:
        self._settings = settings
        self._spawn = spawn
        self._idle: dict[int, Idle] = {}
        """By number, the one that has waited longest first."""
        self._numbers = itertools.count(1)
        self._alive = 0
        """Working and idle ones, and those on their way."""
        self._endings: set[asyncio.Task[None]] = set()

    async def take(self, fit: Fit, equipment: Equipment, *, state_id: StateId | None) -> Warm:
        """An idle one that holds this state or none, or a new one. Raises SandboxFailed, FilesystemUnavailable."""
        self._retire_where(lambda idle: idle.fit.model_id == fit.model_id and not _is_present(idle, fit))
        number = self._best(fit, state_id)
        if number is not None:
            return self._idle.pop(number).take()
        self._alive += 1
        try:
            await self._make_room()
            return Warm(await self._start(fit, equipment), fit)
        except BaseException:
            self._alive -= 1
            raise

    def keep(self, warm: Warm, *, seconds: float) -> None:
        """For the next operation, but no longer than `seconds`. Its output is turned off."""
        number = next(self._numbers)
        self._idle[number] = Idle(warm, seconds, lambda: self._retire(number))

    async def kill(self, warm: Warm) -> None:
        """One that works, at once; all that it printed has been read."""
        try:
            await warm.launcher.kill()
        finally:
            self._alive -= 1

    async def close_one(self, warm: Warm) -> None:
        """One that has done its work: it may end by itself, for a moment."""
        try:
            await warm.launcher.close()
        finally:
            self._alive -= 1

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

    async def _start(self, fit: Fit, equipment: Equipment) -> Launcher:
        name = f"launcher-{next(self._numbers)}-{fit.model_id}"
        return await Launcher.start(
            self._spawn,
            name,
            equipment=equipment,
            model_id=fit.model_id,
            language=fit.language,
            resources=fit.resources,
        )

    def _best(self, fit: Fit, state_id: StateId | None) -> int | None:
        fitting = [
            number
            for number, idle in self._idle.items()
            if idle.warm.fit == fit and (idle.warm.holds(state_id) or not idle.warm.is_instantiated)
        ]
        return max(fitting, key=lambda number: (self._idle[number].warm.holds(state_id), number), default=None)

    def _retire_where(self, is_meant: Callable[[Warm], bool]) -> None:
        for number in [number for number, idle in self._idle.items() if is_meant(idle.warm)]:
            self._retire(number)

    async def _make_room(self) -> None:
        """Idle ones give way, the one that has waited longest first."""
        while self._alive > self._settings.max_launchers and self._idle:
            await self._retire(next(iter(self._idle)))

    def _retire(self, number: int) -> "asyncio.Task[None]":
        warm = self._idle.pop(number).take()
        task = asyncio.create_task(self._end(warm), name=f"end of a launcher of {warm.fit.model_id}")
        self._endings.add(task)
        task.add_done_callback(self._endings.discard)
        return task

    async def _end(self, warm: Warm) -> None:
        warm.launcher.output.turn_to(Nobody())
        try:
            await dispose(warm)
        except (CallFailed, LauncherLost, TimeoutError) as problem:
            logger.info("A launcher of model %s did not dispose of its state: %r", warm.fit.model_id, problem)
        await self.close_one(warm)


async def dispose(warm: Warm, listener: Listener | None = None) -> None:
    """Raises CallFailed, LauncherLost, TimeoutError."""
    if warm.is_instantiated and "dispose" in (warm.functions or ()):
        async with asyncio.timeout(DISPOSE_SECONDS):
            await warm.launcher.call("dispose", listener)


def _is_present(warm: Warm, fit: Fit) -> bool:
    """Whether it serves, or would serve an operation that asks for its resources."""
    return replace(warm.fit, resources=fit.resources) == fit and not warm.launcher.ended
