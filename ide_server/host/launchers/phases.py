"""What the phases of all operations have in common: a longest time, an outcome for every way to fail, and somebody who
may stop them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager

from ide_server.errors import SlipwayError
from ide_server.host.equipment import Equipment
from ide_server.host.launchers import outcomes
from ide_server.host.launchers.launch import Terms
from ide_server.host.launchers.launcher import CallFailed, LauncherLost, Mounted
from ide_server.host.launchers.results import InvalidResult
from ide_server.host.launchers.spawn import Spawn
from ide_server.host.mounted_models import PassedMounts
from ide_server.host.snapshots import Opened
from ide_server.host.states import States, StateTooLarge
from ide_server.wire import ModelId, Outcome, Phase, StateId

GRACE_SECONDS = 3.0
"""How long a train that was asked to stop may take to return."""
MAX_LOG_BYTES = 64 << 20

ActiveState = Callable[[ModelId], Awaitable[StateId | None]]


class Ended(Exception):
    """It has its outcome before its end."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.message)
        self.outcome = outcome


class Ending:
    """Stops an operation from outside, at any time: also before it has begun."""

    def __init__(self) -> None:
        self.outcome: Outcome | None = None
        """Once it was asked to stop."""
        self._deadline: asyncio.Timeout | None = None

    async def bound(self, work: Callable[[], Awaitable[Outcome]]) -> Outcome:
        """The outcome of the work, or of its stop."""
        try:
            async with asyncio.timeout(None) as self._deadline:
                return self.outcome or await work()
        except Ended as ended:
            return self.outcome or ended.outcome
        except TimeoutError:
            assert self.outcome is not None  # only `ask` sets this deadline
            return self.outcome
        finally:
            self._deadline = None

    def ask(self, outcome: Outcome, *, in_seconds: float) -> None:
        self.outcome = outcome
        if self._deadline is not None and not self._deadline.expired():
            self._deadline.reschedule(asyncio.get_running_loop().time() + in_seconds)

    def withdraw(self) -> Outcome | None:
        """What a person asked for: the work goes on. Not if it is to end for another reason."""
        if self.outcome is None or self.outcome.kind != "cancelled" or self._deadline is None:
            return None
        self._deadline.reschedule(None)
        withdrawn, self.outcome = self.outcome, None
        return withdrawn


@asynccontextmanager
async def bounded(phase: Phase, terms: Terms) -> AsyncIterator[None]:
    """Ends in time; every way to fail is raised as Ended."""
    try:
        async with asyncio.timeout(terms.allowed_seconds(phase)) as limit:
            yield
    except CallFailed as failed:
        raise Ended(outcomes.call_failed(failed, phase)) from failed
    except LauncherLost as lost:
        raise Ended(outcomes.lost(lost, phase, terms)) from lost
    except (InvalidResult, StateTooLarge) as invalid:
        raise Ended(outcomes.invalid_output(str(invalid), phase)) from invalid
    except SlipwayError as error:
        raise Ended(Outcome("launcher_terminated", error.message, phase)) from error
    except TimeoutError as late:
        if not limit.expired():
            raise
        raise Ended(outcomes.out_of_time(terms, phase)) from late


async def prepared(spawn: Spawn, model_id: ModelId, snapshot: Opened | None = None) -> Equipment:
    """Raises Ended."""
    try:
        return await spawn.prepare(model_id, snapshot)
    except SlipwayError as error:
        raise Ended(Outcome("launcher_terminated", error.message, "codeStartup")) from error


async def entered(stack: AsyncExitStack, opening: AbstractAsyncContextManager[Opened]) -> Opened:
    """The snapshot, held until the stack is left. Raises Ended."""
    try:
        return await stack.enter_async_context(opening)
    except SlipwayError as error:
        raise Ended(Outcome("launcher_terminated", error.message, "codeStartup")) from error


def others_of(mounted: PassedMounts) -> dict[str, Mounted]:
    """The mounted models, as instantiateModel is given them."""
    return {model_id: Mounted(path) for path, model_id in mounted.by_path.items()}


async def others_with_states(mounted: PassedMounts, active_state: ActiveState, states: States) -> dict[str, Mounted]:
    """The mounted models, with the state that is active of each now, as createModelState is given them."""
    others: dict[str, Mounted] = {}
    for path, model_id in mounted.by_path.items():
        state_id = await active_state(model_id)
        keys = None if state_id is None else await states.keys(model_id, state_id)
        others[model_id] = Mounted(path, keys)
    return others
