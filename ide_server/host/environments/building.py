"""A build on its way: shared by all who want the same environment, watched by whoever wants to see how far it is."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import msgspec

from ide_server import wire
from ide_server.errors import EnvironmentFailed
from ide_server.host.environments.environment import Environment
from ide_server.host.environments.plan import Plan

logger = logging.getLogger(__name__)

Report = Callable[..., None]
"""Takes the fields of wire.Build that have changed."""


class Building:
    """
    Who gets one from `Environments.start_build` wants it, until `abandon`. It is cancelled when nobody wants it.

    A function without await is atomic here: wants, reports and the end come one after the other on the event loop.
    """

    def __init__(self, plan: Plan, build: Callable[[Report], Awaitable[Environment]]) -> None:
        self.plan = plan
        self._wants = 0
        self._state = wire.Build(plan.choice, "running", "waiting", 0, len(plan.wheels), 0, 0, time.time())
        self._changed = asyncio.Event()
        self._task = asyncio.create_task(self._run(build), name=f"build {plan.key}")
        self._task.add_done_callback(self._ended)

    @property
    def state(self) -> wire.Build:
        return self._state

    @property
    def over(self) -> bool:
        """It has ended, or is about to: nobody can want it any more."""
        return self._task.done() or self._task.cancelling() > 0

    def want(self) -> None:
        self._wants += 1

    async def wait(self) -> Environment:
        """Waiting is not wanting: a waiter that is cancelled leaves the build to itself. Raises EnvironmentFailed."""
        await asyncio.wait([self._task])
        if self._task.cancelled():
            raise EnvironmentFailed("The build of the environment was cancelled.")
        return self._task.result()

    async def abandon(self) -> None:
        """Give up one want; with the last the build is cancelled, and all it started is gone on return."""
        self._wants -= 1
        if self._wants == 0:
            await self.cancel()

    async def cancel(self) -> None:
        self._task.cancel()
        await asyncio.wait([self._task])

    async def changes(self) -> AsyncIterator[wire.Build]:
        """The present state, then the newest after each change, until the build has ended; none is repeated."""
        seen: wire.Build | None = None
        while True:
            changed = self._changed
            if self._state is not seen:
                seen = self._state
                yield seen
            elif self._task.done():
                return
            else:
                await changed.wait()

    def _report(self, **fields: Any) -> None:
        self._state = msgspec.structs.replace(self._state, **fields)
        self._wake()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def _run(self, build: Callable[[Report], Awaitable[Environment]]) -> Environment:
        try:
            return await build(self._report)
        except asyncio.CancelledError:
            self._report(status="cancelled")
            raise
        except EnvironmentFailed as error:
            self._report(status="failed", message=error.message)
            raise

    def _ended(self, task: asyncio.Task[Environment]) -> None:
        self._wake()
        if not task.cancelled() and not isinstance(task.exception(), EnvironmentFailed | None):
            logger.error("The build of environment %s failed", self.plan.key, exc_info=task.exception())
