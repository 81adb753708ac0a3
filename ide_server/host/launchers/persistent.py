"""Persistent launchers: what each is to be, and the task that keeps it so. docs/launchers.md has the rules."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from traceback import format_exception
from typing import Any, TypeVar

from ide_server.catalog import LauncherRecord
from ide_server.errors import SlipwayError, StateNotFound
from ide_server.host.equipment import Equipment
from ide_server.host.launchers import outcomes
from ide_server.host.launchers.code import Code
from ide_server.host.launchers.launch import Launches, Terms
from ide_server.host.launchers.launcher import CallFailed, LauncherLost, Mounted
from ide_server.host.launchers.output import Nobody
from ide_server.host.launchers.pool import Fit, Need, Pool, Warm, dispose_quietly, start
from ide_server.host.launchers.spawn import Language, Spawn
from ide_server.host.masking import Mask
from ide_server.host.mounted_models import PassedMounts
from ide_server.host.states import States
from ide_server.wire import (
    Launcher,
    LauncherChoice,
    LauncherStatus,
    ModelId,
    OperationId,
    Phase,
    StateId,
)

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 300.0
RESTART_SECONDS = 10.0
STEADY_SECONDS = 60.0
"""One that has lived for this long did not die of how it was started: the pauses begin anew."""
TURN_SECONDS = 10.0
NO_PLACE_YET = "It waits for a place: operations that began before it was made have all of them."
NO_CODE = "There is no code: make a main.py (or index.js, index.mjs, index.ts) at the top of the files."

T = TypeVar("T")

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Sight:
    """How a model is now."""

    code: Callable[[ModelId, Equipment], Awaitable[tuple[Code, int]]]
    """With what it finds in mounted models, and the generation of the mount that it is in."""
    language: Callable[[ModelId], Awaitable[Language | None]]
    active_state: Callable[[ModelId], Coroutine[Any, Any, StateId | None]]


@dataclass(frozen=True)
class Upkeep:
    """What all persistent launchers share."""

    spawn: Spawn
    pool: Pool
    states: States
    launches: Launches
    sight: Sight
    changed: Callable[[ModelId], None]
    freed: Callable[[], None]
    """One can be claimed that could not before."""
    turns: asyncio.Semaphore
    """Of starting."""


class Unable(Exception):
    """It cannot be started as things are; trying again would change nothing."""


class Persistent:
    """One launcher. An operation that has claimed it has it to itself; none can while it is being started."""

    def __init__(self, record: LauncherRecord, terms: Terms, around: Upkeep) -> None:
        self.id = record.id
        self.model_id = record.model_id
        self.choice = record.choice
        self.terms = terms
        self.status: LauncherStatus = "failed"
        self.message = ""
        self.operation_id: OperationId | None = None
        self._around = around
        self._warm: Warm | None = None
        self._kept_state: StateId | None = None
        """That it was started to hold."""
        self._outdated = True
        self._failures = 0
        self._restarts = 0
        self._operations = 0
        self._due = 0.0
        """When it may be started again; of time.time()."""
        self._phase: Phase = "codeStartup"
        """It is in, while it is started."""
        self._mask = Mask(())
        self._ending: asyncio.Task[None] | None = None
        """Of the process that it had."""
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    # --- its owner's ---

    def begin(self) -> None:
        """It has a place: it is started, and kept."""
        if self._task is None:
            self._set("starting")
            self._task = asyncio.create_task(self._keep_up(), name=f"persistent launcher {self.id}")

    @property
    def has_begun(self) -> bool:
        return self._task is not None

    def refuse(self, message: str) -> None:
        """It has no place, and so no process."""
        self._set("failed", message)

    def change(self, choice: LauncherChoice, terms: Terms) -> None:
        """To be started anew where it is not what is chosen now."""
        self.choice, self.terms = choice, terms
        self.renew()

    @property
    def follows_active_state(self) -> bool:
        return self.choice.level == "state_instantiated" and self.choice.state_id is None

    def renew(self) -> None:
        """Look whether it is still as it is to be; it is started anew where not, once no operation has it."""
        self._outdated, self._due = True, 0.0
        self._wake.set()

    async def end(self) -> None:
        """No operation has it. Nothing of it is left on return."""
        assert self.operation_id is None
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            self._task = None
        await self._drop()

    @property
    def is_free(self) -> bool:
        return self.operation_id is None and self.status != "starting" and self._task is not None

    def claim(self, operation_id: OperationId) -> None:
        assert self.is_free
        if self.status != "ready":  # the operation starts it, or says why not
            self._outdated = False
        self.operation_id = operation_id
        self._set("working")

    def release(self) -> None:
        """The operation has ended, and left it as it is now."""
        self.operation_id = None
        if self._warm is None or self._warm.launcher.ended:
            self._outdated, self._due = True, 0.0
            self._set("starting")
        else:
            self._failures = self._restarts = 0
            self._set("ready")
        self._wake.set()

    def shown(self) -> Launcher:
        warm = self._warm
        return Launcher(
            id=self.id,
            model_id=self.model_id,
            name=self.choice.name,
            choice=self.choice,
            spec=self.terms.spec,
            status=self.status,
            message=self.message,
            level=None if warm is None else warm.level,
            state_id=None if warm is None else warm.state_id,
            operation_id=self.operation_id,
            started_at=None if warm is None else warm.started_at,
            idle_until=self._due if self.status == "restarting" else None,
            operations=self._operations,
            restarts=self._restarts,
        )

    @property
    def warm(self) -> Warm | None:
        return self._warm

    # --- as the place of an operation ---

    async def take(self, need: Need) -> Warm:
        """Its process where that serves; in which the code is loaded anew where only that has changed; or a new one.

        Raises SandboxFailed, FilesystemUnavailable.
        """
        try:
            if self._warm is not None and not await made_to_serve(self._warm, need):
                await self._drop()
            if self._warm is None:
                self._warm = await self._start(need.fit, need.equipment)
        except BaseException:  # it was stopped in the middle of whatever
            await self._drop()
            raise
        self._warm.begin(need)
        self._operations += 1
        self._around.changed(self.model_id)
        return self._warm

    def keep(self, warm: Warm) -> None:
        warm.operation_id = None
        if self.choice.level == "state_instantiated" and warm.state_id != self._kept_state:
            self._outdated = True

    async def kill(self, warm: Warm) -> None:
        self._warm = None
        await warm.launcher.kill()

    async def close_one(self, warm: Warm) -> None:
        self._warm = None
        await warm.launcher.close()

    # --- its task ---

    async def _keep_up(self) -> None:
        while True:
            await self._wait_due()
            await self._bring_up()
            self._around.freed()

    async def _wait_due(self) -> None:
        """Until it is to be started, no operation has it, and the pause after its last death is over."""
        while True:
            self._wake.clear()
            if self.operation_id is None and self._warm is not None and self._warm.launcher.ended:
                await self._note_death(self._warm)
            if self.operation_id is None and self._outdated and self._due <= time.time():
                return
            await self._wait_change()

    async def _wait_change(self) -> None:
        wake = asyncio.ensure_future(self._wake.wait())
        waited: set[asyncio.Future[Any]] = {wake}
        pause = None
        if self.operation_id is None:
            pause = max(0.0, self._due - time.time()) if self._outdated else None
            waited |= {self._warm.launcher.exited} if self._warm is not None else set()
        try:
            await asyncio.wait(waited, timeout=pause, return_when=asyncio.FIRST_COMPLETED)
        finally:
            wake.cancel()
            await asyncio.wait([wake])

    async def _note_death(self, warm: Warm) -> None:
        """Nothing is awaited before all is as it is then: an operation may claim it meanwhile."""
        self._warm = None
        if time.time() - warm.started_at >= STEADY_SECONDS:
            self._failures = 0
        how = outcomes.way_of(warm.launcher.exited.result(), self.terms)
        self._pause(f"Its process ended while it waited: {how}")
        await warm.launcher.kill()

    async def _bring_up(self) -> None:
        self._outdated = False
        self._set("starting", self.message)
        try:
            await self._wait_place()
            async with turn(self._around.turns, most_seconds=TURN_SECONDS):
                await self._renew()
        # Whatever fails in one launcher, a fault of ours too, must not leave it without a keeper.
        except Exception as problem:
            await self._drop()
            self._give_up(problem)
        else:
            self._set("ready")

    async def _wait_place(self) -> None:
        if not self._around.pool.has_reserved:
            self._set("starting", NO_PLACE_YET)
        await self._around.pool.wait_reserved()

    async def _renew(self) -> None:
        """It is as it is to be on return."""
        self._phase = "codeStartup"
        equipment = await self._around.spawn.prepare(self.model_id)
        self._mask = Mask(equipment.variables.secrets)
        language = await self._around.sight.language(self.model_id)
        if language is None:
            raise Unable(NO_CODE)
        async with asyncio.timeout(self.terms.allowed_seconds("codeStartup")):
            code, generation = await self._around.sight.code(self.model_id, equipment)
            fit = Fit(self.model_id, language, self.terms.resources, equipment.edition, generation, code.mark)
            self._kept_state = await self._chosen_state()
            if self._warm is not None and self._is_as_chosen(self._warm, fit):
                return
            await self._drop()
            self._warm = await self._start(fit, equipment)
            self._warm.launcher.output.turn_to(Nobody())
            if self.choice.level != "launcher":
                self._warm.functions = await self._warm.launcher.load()
        if self.choice.level == "state_instantiated":
            await self._instantiate(self._warm, self._kept_state, equipment.mounted)
        self._warm.launcher.output.turn_off()

    async def _instantiate(self, warm: Warm, state_id: StateId | None, mounted: PassedMounts) -> None:
        functions = warm.functions or []
        if state_id is None and "createModelState" in functions:
            return  # the first operation makes one
        if "instantiateModel" in functions:
            self._phase = "instantiateModel"
            async with asyncio.timeout(self.terms.allowed_seconds("instantiateModel")):
                keys = None if state_id is None else await whole(self._around.states.keys(self.model_id, state_id))
                others: dict[str, Mounted] = {model_id: Mounted(path) for path, model_id in mounted.by_path.items()}
                warm.functions = await warm.launcher.call("instantiateModel", state=keys, other_models=others)
        warm.state_id, warm.is_instantiated = state_id, True

    async def _chosen_state(self) -> StateId | None:
        if self.choice.level != "state_instantiated":
            return None
        return self.choice.state_id or await whole(self._around.sight.active_state(self.model_id))

    def _is_as_chosen(self, warm: Warm, fit: Fit) -> bool:
        if warm.launcher.ended or not fits(warm, fit):
            return False
        match self.choice.level:
            case "launcher":
                return True
            case "code_loaded":
                return warm.functions is not None
            case "state_instantiated":
                return warm.holds(self._kept_state)

    def _give_up(self, problem: Exception) -> None:
        """Until something changes, where trying again would change nothing; else for a while."""
        match problem:
            case CallFailed():
                self._fail(self._mask.text(outcomes.call_failed(problem, self._phase).message))
            case TimeoutError():
                self._fail(outcomes.out_of_time(self.terms, self._phase).message)
            case Unable():
                self._fail(str(problem))
            case StateNotFound():
                self._fail(problem.message)
            case LauncherLost():
                self._pause(outcomes.lost(problem, self._phase, self.terms).message)
            case SlipwayError():
                self._pause(problem.message)
            case _:
                logger.error("Persistent launcher %s: %s", self.id, self._mask.text("".join(format_exception(problem))))
                self._pause("The server failed on this launcher; its log has the cause.")

    def _fail(self, message: str) -> None:
        self._set("failed", message)

    def _pause(self, message: str) -> None:
        pause = min(FIRST_PAUSE_SECONDS * 2**self._failures, LONGEST_PAUSE_SECONDS)
        self._failures = min(self._failures + 1, 20)
        self._restarts += 1
        self._outdated, self._due = True, time.time() + pause
        self._set("restarting", message)

    def _set(self, status: LauncherStatus, message: str = "") -> None:
        self.status, self.message = status, message
        self._around.changed(self.model_id)

    async def _start(self, fit: Fit, equipment: Equipment) -> Warm:
        return await start(self._around.spawn, self.id, self.choice.name, fit, equipment, self.terms.spec)

    async def _drop(self) -> None:
        """Its process, if it has one, ends, even if whoever waits for that is stopped: then the next one waits."""
        if self._warm is not None:
            self._ending = asyncio.create_task(_end(self._warm, self._ending))
            self._warm = None
        if self._ending is not None:
            await asyncio.shield(self._ending)


async def _end(warm: Warm, before: "asyncio.Task[None] | None") -> None:
    if before is not None:
        await asyncio.wait([before])
    try:
        await dispose_quietly(warm)
        await warm.launcher.close()
    # What cannot be removed now is removed when the server starts; nobody is kept waiting for a launcher by it.
    except Exception:
        logger.exception("A process of a persistent launcher of model %s did not end as it should.", warm.fit.model_id)


async def whole(query: Coroutine[Any, Any, T]) -> T:
    """A query that is cancelled costs SQLAlchemy its connection, so it is waited for before that."""
    asking = asyncio.create_task(query)
    try:
        return await asyncio.shield(asking)
    finally:
        await asyncio.wait([asking])


@asynccontextmanager
async def turn(turns: asyncio.Semaphore, *, most_seconds: float) -> AsyncIterator[None]:
    """One after the other, but nobody waits longer for another one."""
    await turns.acquire()
    passed = asyncio.get_running_loop().call_later(most_seconds, turns.release)
    try:
        yield
    finally:
        if passed.when() > asyncio.get_running_loop().time():
            passed.cancel()
            turns.release()


def fits(warm: Warm, fit: Fit) -> bool:
    """What has loaded no code fits any."""
    return warm.fit == fit or (warm.functions is None and replace(warm.fit, mark=fit.mark) == fit)


async def made_to_serve(warm: Warm, need: Need) -> bool:
    """Whether it serves now; where only the code has changed, or the state, it has forgotten it."""
    if warm.launcher.ended or replace(warm.fit, mark=need.fit.mark) != need.fit:
        return False
    if not fits(warm, need.fit) or (warm.is_instantiated and not warm.holds(need.state_id)):
        return warm.launcher.can_restart and await forgotten(warm, need.fit)
    warm.fit = need.fit
    return True


async def forgotten(warm: Warm, fit: Fit) -> bool:
    """Whether it has forgotten its code within RESTART_SECONDS."""
    await dispose_quietly(warm)
    try:
        async with asyncio.timeout(RESTART_SECONDS):
            await warm.launcher.restart()
    except (LauncherLost, TimeoutError):
        return False
    warm.launcher.output.turn_off()
    warm.fit, warm.functions, warm.state_id, warm.is_instantiated = fit, None, None, False
    return True
