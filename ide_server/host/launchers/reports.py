"""What the runner says during an operation, into its journal, its result and the state it makes."""

import math
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ide_server.errors import FilesystemUnavailable
from ide_server.host import tensors
from ide_server.host.launchers.checkpoints import Checkpoints
from ide_server.host.launchers.frames import FrameError
from ide_server.host.launchers.journal import Journal
from ide_server.host.launchers.protocol import (
    CheckpointSaid,
    MetricsSaid,
    MetricTensorSaid,
    OutputSaid,
    ProgressSaid,
    StateSaid,
    ValueSaid,
)
from ide_server.host.launchers.results import ResultWriter
from ide_server.host.states import StateDraft
from ide_server.wire import Checkpointed, Log, Metric, MetricTensor, Progress

MAX_METRICS = 500_000
MAX_METRIC_ELEMENTS = 10_000


class Reports:
    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._metrics_left = MAX_METRICS
        self._metrics_dropped = False
        self.draft: StateDraft | None = None
        self.result: ResultWriter | None = None
        self.checkpoints: Checkpoints | None = None

    @asynccontextmanager
    async def keeping(self, checkpoints: Checkpoints) -> AsyncIterator[Checkpoints]:
        """What the code checkpoints meanwhile."""
        self.checkpoints = checkpoints
        try:
            yield checkpoints
        finally:
            self.checkpoints = None
            await checkpoints.close()

    async def progress(self, said: ProgressSaid) -> None:
        self._journal.append(Progress(time.time(), said.fraction))

    async def metrics(self, said: MetricsSaid) -> None:
        now = time.time()
        for name, step, value in said.metrics[: self._take(len(said.metrics))]:
            self._journal.append(Metric(now, name, step, value))
        await self._journal.wait_room()

    async def metric_tensor(self, said: MetricTensorSaid, elements: bytes) -> None:
        """Every element counts as a point."""
        count = math.prod(said.shape)
        if said.element_type not in tensors.ARRAY_CODES or not 0 < count <= MAX_METRIC_ELEMENTS:
            raise FrameError(f"Expected 1 to {MAX_METRIC_ELEMENTS} numbers as a metric, got {said.shape}.")
        if len(elements) != count * tensors.element_size(said.element_type):
            raise FrameError(f"Expected the {count} elements of a metric, got {len(elements)} bytes.")
        if self._take(count) == count:
            tensor = MetricTensor(said.shape, tensors.numbers_of(said.element_type, elements))
            self._journal.append(Metric(time.time(), said.name, said.step, None, tensor))
        await self._journal.wait_room()

    async def state(self, said: StateSaid, chunk: bytes) -> None:
        if self.draft is None:
            raise FrameError("Expected a state only from createModelState and getModelState.")
        await self.draft.append(said.key, chunk)

    async def checkpoint(self, said: CheckpointSaid, chunk: bytes) -> None:
        await self._expected_checkpoints().append(said.key, chunk)

    async def checkpointed(self) -> None:
        try:
            state_id = await self._expected_checkpoints().keep()
        except FilesystemUnavailable as full:
            self._note(f"A checkpoint was not kept: {full.message}")
            return
        if state_id is not None:
            self._journal.append(Checkpointed(time.time(), state_id))
        await self._journal.wait_room()

    async def output(self, said: OutputSaid) -> None:
        self._expected_result().output(said)

    async def value(self, said: ValueSaid, chunk: bytes) -> None:
        await self._expected_result().value(said, chunk)

    async def elements(self, chunk: bytes) -> None:
        await self._expected_result().elements(chunk)

    def _take(self, count: int) -> int:
        """How many of so many points the operation may still have; the first time it is fewer, the log says so."""
        taken = min(count, self._metrics_left)
        self._metrics_left -= taken
        if taken < count and not self._metrics_dropped:
            self._metrics_dropped = True
            self._note(f"More than {MAX_METRICS:,} metrics: the rest is dropped.")
        return taken

    def _note(self, text: str) -> None:
        self._journal.append(Log(time.time(), "stderr", f"[{text}]\n"))

    def _expected_result(self) -> ResultWriter:
        if self.result is None:
            raise FrameError("Expected outputs only from evaluate.")
        return self.result

    def _expected_checkpoints(self) -> Checkpoints:
        if self.checkpoints is None:
            raise FrameError("Expected checkpoints only from train.")
        return self.checkpoints
