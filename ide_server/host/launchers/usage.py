"""What a launcher uses over time: samples of its last minutes, and of an operation from its beginning to its end."""

import asyncio
import logging
from collections import deque
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import fmean
from typing import TypeVar

import msgspec

from ide_server.host.sandbox import Usage
from ide_server.wire import LauncherUsage, encode

SAMPLE_SECONDS = 1.0
LIVE_SAMPLES = 300
NAME = "usage.json"
WRITTEN_SECONDS = 30.0
"""How much a crash may take."""
KEPT_SAMPLES = 600
"""Of one operation: ten minutes of one a second; after that two become one, and so on each time there are as many."""

N = TypeVar("N", int, float)

logger = logging.getLogger(__name__)


class Meter:
    """Of one process."""

    def __init__(self, started_at: float) -> None:
        self._time = started_at
        self._cpu_seconds: float | None = 0.0
        self._samples: deque[LauncherUsage] = deque(maxlen=LIVE_SAMPLES)

    def add(self, now: float, usage: Usage) -> LauncherUsage | None:
        """What it has used since the last sample; None if that was just now."""
        seconds = now - self._time
        if seconds < SAMPLE_SECONDS / 2:
            return None
        cpus = None
        if self._cpu_seconds is not None and usage.cpu_seconds is not None:
            cpus = max(0.0, usage.cpu_seconds - self._cpu_seconds) / seconds
        self._time, self._cpu_seconds = now, usage.cpu_seconds
        self._samples.append(LauncherUsage(now, cpus, usage.memory_bytes, usage.tmp_bytes))
        return self._samples[-1]

    @property
    def samples(self) -> Sequence[LauncherUsage]:
        """Of the last LIVE_SAMPLES seconds."""
        return list(self._samples)


class Series:
    """Of one operation: evenly spaced, never more than KEPT_SAMPLES, and no peak is lost."""

    def __init__(self) -> None:
        self._samples: list[LauncherUsage] = []
        self._pending: list[LauncherUsage] = []
        self._merged = 1
        """How many readings a sample is made of."""

    def append(self, sample: LauncherUsage) -> None:
        self._pending.append(sample)
        if len(self._pending) < self._merged:
            return
        self._samples.append(merged(self._pending))
        self._pending = []
        if len(self._samples) == KEPT_SAMPLES:
            self._samples = [merged(self._samples[i : i + 2]) for i in range(0, KEPT_SAMPLES, 2)]
            self._merged *= 2

    @property
    def samples(self) -> Sequence[LauncherUsage]:
        return [*self._samples, merged(self._pending)] if self._pending else list(self._samples)


def merged(samples: Sequence[LauncherUsage]) -> LauncherUsage:
    """One for the time of all of them, which are equally long."""
    cpus = _known(sample.cpus for sample in samples)
    memory = _known(sample.memory_bytes for sample in samples)
    tmp = _known(sample.tmp_bytes for sample in samples)
    return LauncherUsage(
        samples[-1].time,
        fmean(cpus) if cpus else None,
        max(memory, default=None),
        max(tmp, default=None),
    )


class UsageLog:
    """Of one operation, in its folder: written down every WRITTEN_SECONDS and at its end."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME
        self._series = Series()
        self._written_at = 0.0
        self._writing = asyncio.Lock()

    @property
    def samples(self) -> Sequence[LauncherUsage]:
        return self._series.samples

    async def append(self, sample: LauncherUsage) -> None:
        self._series.append(sample)
        self._written_at = self._written_at or sample.time
        if sample.time - self._written_at >= WRITTEN_SECONDS:
            self._written_at = sample.time
            await self.write()

    async def write(self) -> None:
        """Charts are worth less than what they are about: where the disk is full they are left out."""
        if not self.samples:
            return
        async with self._writing:
            try:
                await asyncio.to_thread(_write, self._path, self.samples)
            except OSError as error:
                logger.warning("What an operation used could not be written to %s: %s", self._path, error)


def read_samples(folder: Path) -> Sequence[LauncherUsage]:
    """None were kept of an operation that was short. Blocks."""
    try:
        return msgspec.json.decode((folder / NAME).read_bytes(), type=list[LauncherUsage])
    except FileNotFoundError:
        return []


def _write(path: Path, samples: Sequence[LauncherUsage]) -> None:
    """The old ones or the new ones are there after a crash."""
    beside = path.with_suffix(".new")
    beside.write_bytes(encode(samples))
    beside.rename(path)


def _known(values: Iterable[N | None]) -> list[N]:
    return [value for value in values if value is not None]
