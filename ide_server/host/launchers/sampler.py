"""Reads what all launchers use, once a second."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence

from ide_server.host.launchers.pool import Warm
from ide_server.host.launchers.usage import SAMPLE_SECONDS
from ide_server.host.sandbox import Usage
from ide_server.wire import LauncherUsage, OperationId

Sampled = Callable[[OperationId, LauncherUsage], Awaitable[None]]


class Sampler:
    def __init__(self, present: Callable[[], Iterable[Warm]], sampled: Sampled) -> None:
        """`sampled` is told what a launcher has used while it works on an operation."""
        self._present = present
        self._sampled = sampled
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="usage of launchers")

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(SAMPLE_SECONDS)
            present = [warm for warm in self._present() if not warm.launcher.ended]
            if present:
                await self._sample(present)

    async def _sample(self, present: Sequence[Warm]) -> None:
        found = await asyncio.to_thread(read, present)
        now = time.time()
        for warm, usage in zip(present, found, strict=True):
            sample = warm.meter.add(now, usage)
            if sample is not None and warm.operation_id is not None:
                await self._sampled(warm.operation_id, sample)


def read(present: Sequence[Warm]) -> Sequence[Usage]:
    """Blocks."""
    return [warm.launcher.usage() for warm in present]
