"""Operations that wait for a launcher, in the order of their creation."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

from ide_server.host.datasets import Reading
from ide_server.host.launchers.announcements import Announcements
from ide_server.host.launchers.debug import Session
from ide_server.host.launchers.journal import Journal
from ide_server.host.launchers.launch import Terms
from ide_server.host.launchers.pool import Place
from ide_server.host.launchers.run import Inputs, Run
from ide_server.host.launchers.usage import UsageLog
from ide_server.wire import LauncherId, ModelId, Operation, OperationId, StateId

TOLD_SECONDS = 1.0


class Job:
    """An unfinished operation."""

    def __init__(
        self,
        operation: Operation,
        terms: Terms,
        journal: Journal,
        *,
        folder: Path,
        launcher_id: LauncherId | None = None,
        state_ids: frozenset[StateId | None] = frozenset(),
        reading: Reading | None = None,
    ) -> None:
        self.operation = operation
        self.terms = terms
        self.journal = journal
        self.launcher_id = launcher_id
        """Of the persistent launcher that it is for; None: any."""
        self.state_ids = state_ids
        """As which a launcher may know the state that it is for; None: the active one."""
        self.usage = UsageLog(folder)
        self.reading = reading
        """The datasets among its parameters."""
        self.written: asyncio.Future[None] | None = None
        """Of its first row; None: it has one from before."""
        self.inputs: Inputs | None = None
        """Unless they are long."""
        self.run: Run | Session | None = None
        self.task: asyncio.Task[None] | None = None
        self.ended = asyncio.Event()


class Queue:
    def __init__(self, tell: Callable[[ModelId, dict[str, int]], None]) -> None:
        self._waiting: dict[OperationId, Job] = {}
        self._told = Announcements(lambda model_id: tell(model_id, self.before(model_id)), seconds=TOLD_SECONDS)

    def __len__(self) -> int:
        return len(self._waiting)

    def __contains__(self, job: Job) -> bool:
        return job.operation.id in self._waiting

    def append(self, job: Job) -> None:
        self._waiting[job.operation.id] = job
        self._told.soon(job.operation.model_id)

    def remove(self, job: Job) -> None:
        del self._waiting[job.operation.id]
        for model_id in {job.operation.model_id, *(each.operation.model_id for each in self._waiting.values())}:
            self._told.soon(model_id)

    def waiting_for(self, launcher_id: LauncherId) -> list[Job]:
        return [job for job in self._waiting.values() if job.launcher_id == launcher_id]

    def startable(
        self, place_for: Callable[[Job], Place | None], *, has_room: Callable[[], bool]
    ) -> Iterator[tuple[Job, Place]]:
        """Takes out, one after the other, those that there is a place for now."""
        for job in list(self._waiting.values()):
            if not has_room():  # as nearly always where many wait
                return
            if (place := place_for(job)) is not None:
                self.remove(job)
                yield job, place

    def before(self, model_id: ModelId | None = None) -> dict[str, int]:
        """How many wait before each that waits, of one model or of all."""
        return {
            operation_id: count
            for count, (operation_id, job) in enumerate(self._waiting.items())
            if model_id in (None, job.operation.model_id)
        }

    def close(self) -> None:
        self._waiting.clear()
        self._told.close()
