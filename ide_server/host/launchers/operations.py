"""All operations of this host: made, queued, run, stopped, removed. `records` has what they leave."""

import asyncio
import contextlib
import logging
import time
import traceback
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from weakref import WeakValueDictionary

import msgspec

from ide_server.catalog import Catalog, ModelRecord, new_id
from ide_server.errors import CallUnderWay, InvalidRequest, OperationEnded, OperationNotFound
from ide_server.host.datasets import Datasets, Reading
from ide_server.host.equipment import Equipment
from ide_server.host.events import ModelEvents
from ide_server.host.launchers import outcomes
from ide_server.host.launchers.admission import Admission, check_resumable, shown, state_ids
from ide_server.host.launchers.calls import keep_state
from ide_server.host.launchers.code import Code, language_of
from ide_server.host.launchers.debug import Session
from ide_server.host.launchers.journal import Journal
from ide_server.host.launchers.launch import Launches
from ide_server.host.launchers.launchers import Launchers
from ide_server.host.launchers.looks import Looks
from ide_server.host.launchers.persistent import Sight
from ide_server.host.launchers.pool import Place
from ide_server.host.launchers.queue import Job, Queue
from ide_server.host.launchers.records import STATUS_OF, Records, has_result, with_end
from ide_server.host.launchers.run import Inputs, Run, Surroundings
from ide_server.host.launchers.spawn import Language, Spawn
from ide_server.host.mounted_models import filesystems_of
from ide_server.host.mounts import Mounts
from ide_server.host.parameters import read_definitions
from ide_server.host.snapshots import Snapshots
from ide_server.host.states import States
from ide_server.settings import Settings
from ide_server.wire import (
    Blob,
    Call,
    CallStateKept,
    Ended,
    FunctionName,
    KeepState,
    Launch,
    LaunchChoice,
    LauncherId,
    LauncherUsage,
    ModelChanged,
    ModelId,
    NewCall,
    NewOperation,
    Operation,
    OperationChanged,
    OperationEvents,
    OperationId,
    OperationRemoved,
    Outcome,
    ParameterDefinitions,
    QueueChanged,
    Result,
    State,
    StateId,
    encode,
)

MAX_QUEUED = 1000
DAY_SECONDS = 86400
EXPIRE_SECONDS = 3600

CRASHED = "The server ended while this operation was not finished. What it had written is kept; run it again."
CLOSING = "The server was stopped while this operation was not finished. What it had written is kept; run it again."

logger = logging.getLogger(__name__)


Ask = Callable[[ParameterDefinitions], tuple[NewOperation, ParameterDefinitions]]
"""What is asked of a model that has these definitions, and as which of them it is to be understood."""


class Operations:
    def __init__(
        self,
        settings: Settings,
        catalog: Catalog,
        mounts: Mounts,
        spawn: Spawn,
        states: States,
        snapshots: Snapshots,
        datasets: Datasets,
        events: ModelEvents,
    ) -> None:
        self._settings = settings
        self._catalog = catalog
        self._mounts = mounts
        self._events = events
        self._jobs: dict[OperationId, Job] = {}
        self._queue = Queue(lambda model_id, before: events.publish(model_id, QueueChanged(before)))
        self._tasks: set[asyncio.Task[None]] = set()
        self._first_states: WeakValueDictionary[ModelId, asyncio.Lock] = WeakValueDictionary()
        self._closing = False
        self._expiring: asyncio.Task[None] | None = None
        self._states = states
        self._datasets = datasets
        self.records = Records(settings.data_dir, catalog)
        self.launches = Launches(settings, catalog, events)
        self.launchers = Launchers(
            settings,
            catalog,
            events,
            spawn=spawn,
            states=states,
            launches=self.launches,
            sight=Sight(self._look_at_code, self._language, self._active_state),
            freed=self._start_waiting,
            sampled=self._sampled,
        )
        self._looks = Looks()
        self._admission = Admission(
            catalog, mounts, snapshots, looks=self._looks, launches=self.launches, launchers=self.launchers
        )
        self._around = Surroundings(
            spawn=spawn,
            states=states,
            active_state=self._active_state,
            save=self._save,
            save_soon=self._save_soon,
            tell=self._tell,
            saw_functions=self._saw_functions,
            made_first_state=self._made_first_state,
            first_state=self._first_state,
            language=self._language,
            look_at_code=self._look_at_code,
            opened=snapshots.opened,
        )

    async def start(self) -> None:
        """Before the first operation: end those that a host which was killed left unfinished."""
        await self._states.remove_stale()
        await self.records.start()
        for operation in await self._catalog.operations.list_unfinished():
            await self._end_left(operation)
        await self.launchers.start()
        if self._settings.operation_days > 0:
            self._expiring = asyncio.create_task(self._expire(), name="retention of operations")

    async def close(self) -> None:
        """Unfinished operations end as interrupted."""
        self._closing = True
        if self._expiring is not None:
            self._expiring.cancel()
            await asyncio.wait([self._expiring])
        self._queue.close()
        async with asyncio.TaskGroup() as group:
            for job in list(self._jobs.values()):
                group.create_task(self._interrupt(job))
        await asyncio.gather(*self._tasks)
        await self.launchers.close()

    def retire_idle(self, model_id: ModelId) -> None:
        """Launchers that wait for the model's next operation end, or are started anew; what works goes on."""
        self.launchers.retire(model_id)

    async def choose_launch(self, model_id: ModelId, choice: LaunchChoice) -> Launch:
        """For operations that are made, and launchers that are started, from here on. Raises as Launches.choose."""
        launch = await self.launches.choose(model_id, choice)
        await self.launchers.launch_changed(model_id)
        return launch

    def active_state_changed(self, model_id: ModelId) -> None:
        """The model has another one now, or its first."""
        self.launchers.active_state_changed(model_id)

    async def remove_launcher(self, model_id: ModelId, launcher_id: LauncherId) -> None:
        """A persistent or an idle one. Operations that wait for it end. Raises as Launchers.remove."""
        await self.launchers.remove(model_id, launcher_id)
        for job in self._queue.waiting_for(launcher_id):
            self._queue.remove(job)
            await self._end(job, outcomes.without_launcher())

    # --- what a person does ---

    async def create(self, model_id: ModelId, new: NewOperation) -> Operation:
        """Queued, with its row, request and journal on disk. Raises InvalidRequest, ModelNotFound, StateNotFound."""
        model = await self._catalog.models.get(model_id)
        return await self._create(model, await self._admission.inputs(model_id, new))

    async def run(self, model_id: ModelId, ask: Ask) -> tuple[Operation, Result | None]:
        """What is asked in view of the model's definitions, to its end, which is on disk then. Raises as create does.

        Its row is written while it runs.
        """
        model = await self._catalog.models.get(model_id)
        definitions, language = await self._admission.look_at(model_id)
        new, definitions = ask(definitions)
        async with self._prepared(model, Inputs(new, definitions, language)) as job:
            await self._enqueue(job)
        await job.ended.wait()
        return job.operation, job.run.result if isinstance(job.run, Run) else None

    async def resume(self, operation_id: OperationId) -> Operation:
        """A training with the parameters of one that ended, from the state that it left.

        Raises OperationNotFound, StateNotFound, InvalidRequest where there is nothing to go on from.
        """
        ended = await self.get(operation_id)
        check_resumable(ended)
        earlier = await self.request(operation_id)
        new = msgspec.structs.replace(earlier, state_id=ended.result_state_id, launcher_id=None)
        model = await self._catalog.models.get(ended.model_id)
        inputs = await self._admission.inputs(model.id, new)
        return await self._create(model, inputs, resumes_id=operation_id)

    async def _create(self, model: ModelRecord, inputs: Inputs, *, resumes_id: OperationId | None = None) -> Operation:
        async with self._prepared(model, inputs, resumes_id=resumes_id) as job:
            await self._catalog.operations.wait_written()
            await self._wait_written(job)
            await self._enqueue(job)
        return self._with_place(job.operation)

    @contextlib.asynccontextmanager
    async def _prepared(
        self, model: ModelRecord, inputs: Inputs, *, resumes_id: OperationId | None = None
    ) -> AsyncIterator[Job]:
        """With its row and request on the way to the disk. To be put in the queue within."""
        reading = await self._datasets.open(inputs.request.parameters)
        request = msgspec.structs.replace(inputs.request, parameters=reading.parameters)
        inputs = msgspec.structs.replace(inputs, request=request, columns=reading.columns)
        try:
            yield await self._job(model, inputs, reading, resumes_id=resumes_id)
        except BaseException:
            reading.close()
            raise

    async def _job(
        self, model: ModelRecord, inputs: Inputs, reading: Reading, *, resumes_id: OperationId | None
    ) -> Job:
        new, model_id = inputs.request, model.id
        await self._admission.check(model, inputs)
        terms = self._admission.terms(model, new)
        operation = Operation(
            id=OperationId(new_id()),
            model_id=model_id,
            kind=new.kind,
            status="queued",
            parameters={name: shown(value) for name, value in new.parameters.items()},
            state_id=new.state_id,
            result_state_id=None,
            created_at=time.time(),
            started_at=None,
            ended_at=None,
            outcome=None,
            spec=terms.spec,
            max_durations=terms.max_durations,
            snapshot_id=new.snapshot_id,
            resumes_id=resumes_id,
        )
        request = await self.records.keep_request(operation.id, encode(inputs))
        job = Job(
            operation,
            terms,
            self.records.new_journal(operation.id),
            folder=self.records.folder(operation.id),
            launcher_id=new.launcher_id,
            state_ids=state_ids(new, model),
            reading=reading,
        )
        job.written = self._catalog.operations.create_soon(operation, request=request)
        job.inputs = None if request is None else inputs
        return job

    async def list(self, model_id: ModelId, *, older_than: OperationId | None = None) -> list[Operation]:
        """The newest first, at most LISTED. Raises ModelNotFound, OperationNotFound."""
        await self._catalog.models.get(model_id)
        before = self._queue.before(model_id)
        oldest_known = None if older_than is None else await self.get(older_than)
        operations = await self._catalog.operations.list(model_id, older_than=oldest_known)
        jobs = {each.id: self._jobs[each.id].operation for each in operations if each.id in self._jobs}
        present = (jobs.get(each.id, each) for each in operations)
        return [msgspec.structs.replace(each, before=before.get(each.id)) for each in present]

    async def get(self, operation_id: OperationId) -> Operation:
        """Raises OperationNotFound."""
        job = self._jobs.get(operation_id)
        if job is None:
            return await self._catalog.operations.get(operation_id)
        return self._with_place(job.operation)

    async def request(self, operation_id: OperationId) -> NewOperation:
        """What it was started with, large values too. Raises OperationNotFound."""
        await self.get(operation_id)
        return (await self.records.inputs(operation_id)).request

    async def wait_ended(self, operation_id: OperationId) -> Operation:
        """Raises OperationNotFound."""
        job = self._jobs.get(operation_id)
        if job is None:
            return await self.get(operation_id)
        await job.ended.wait()
        return job.operation

    async def cancel(self, operation_id: OperationId) -> Operation:
        """Returns at once; the end is told by events. Raises OperationNotFound, OperationEnded."""
        operation = await self.get(operation_id)
        job = self._jobs.get(operation_id)
        if job is None or operation.outcome is not None:
            raise OperationEnded(f"The operation has ended ({operation.status}); there is nothing to stop.")
        if job.run is not None:
            job.run.stop()
        elif job in self._queue:
            self._queue.remove(job)
            await self._end(job, outcomes.cancelled("Stopped before it started."))
        return job.operation

    async def remove_expired(self) -> None:
        """Those that ended longer ago than the server keeps them."""
        before = time.time() - self._settings.operation_days * DAY_SECONDS
        for operation in await self._catalog.operations.list_ended_before(before):
            with contextlib.suppress(OperationNotFound):  # somebody else was faster
                await self.delete(operation.id)

    async def delete(self, operation_id: OperationId) -> None:
        """Raises OperationNotFound, OperationEnded if it has not ended."""
        operation = await self.get(operation_id)
        if operation.outcome is None:
            raise OperationEnded("The operation has not ended. Stop it before deleting it.")
        if operation_id in self._jobs:
            await self._jobs[operation_id].ended.wait()
        await self.records.remove(operation_id)
        self._events.publish(operation.model_id, OperationRemoved(operation_id))

    async def remove_all(self, model_id: ModelId) -> None:
        """Stops and removes all operations of a model."""
        unfinished = [job for job in self._jobs.values() if job.operation.model_id == model_id]
        async with asyncio.TaskGroup() as group:
            for job in unfinished:
                group.create_task(self._interrupt(job))
        for job in unfinished:  # also those whose rows went with the model's
            await self.records.remove(job.operation.id)
        while operations := await self._catalog.operations.list(model_id):
            for operation in operations:
                await self.records.remove(operation.id)
        await self.launchers.remove_all(model_id)
        self._looks.forget(model_id)

    async def parameters(self, model_id: ModelId) -> ParameterDefinitions:
        """Raises ModelNotFound, FilesystemUnavailable, and InvalidRequest where slipway.toml is broken."""
        mount = await self._mounts.get(model_id)
        return await mount.run(read_definitions)

    async def result(self, operation_id: OperationId) -> Result:
        """Raises OperationNotFound, also where there is no result."""
        return await self.records.result(await self.get(operation_id))

    async def blob(self, operation_id: OperationId, index: int) -> tuple[Path, Blob, str]:
        """The encoded file of a result, and the name of its output. Raises OperationNotFound."""
        return await self.records.blob(await self.get(operation_id), index)

    # --- the calls of a debug session ---

    async def call(self, operation_id: OperationId, new: NewCall) -> Call:
        """It has begun on return; its events tell the rest. The parameters are held against slipway.toml as it is now.

        Raises OperationNotFound, OperationEnded, CallUnderWay, InvalidRequest, StateNotFound, FilesystemUnavailable.
        """
        operation = await self.get(operation_id)
        if operation.kind != "debug":
            raise InvalidRequest(f"Expected a debug session, got an operation of kind {operation.kind}.")
        job = self._jobs.get(operation_id)
        if job is None or operation.outcome is not None:
            raise OperationEnded(f"The session has ended ({operation.status}). Start another one.")
        if not isinstance(job.run, Session):
            raise CallUnderWay("The session waits for a launcher. Call it once it runs.")
        reading = await self._datasets.open(new.parameters)
        try:
            return await job.run.call(new, reading, await self.parameters(operation.model_id))
        except BaseException:  # it has not begun
            reading.close()
            raise

    async def keep_state(self, operation_id: OperationId, call: int, keep: KeepState) -> State:
        """The state that a call made becomes one of the model's, also after the session has ended.

        Raises OperationNotFound, StateNotFound, InvalidRequest.
        """
        operation, folder = await self.get(operation_id), self.records.folder(operation_id)
        state = await keep_state(self._states, operation, folder, call=call, keep=keep)
        job = self._jobs.get(operation_id)
        if job is not None and job.operation.outcome is None:
            job.journal.append(CallStateKept(time.time(), call, state.id))
        return state

    async def call_result(self, operation_id: OperationId, call: int) -> Result:
        """Raises OperationNotFound, also where there is none."""
        await self.get(operation_id)
        return await self.records.call_result(operation_id, call)

    async def call_blob(self, operation_id: OperationId, call: int, index: int) -> tuple[Path, Blob, str]:
        """As blob does, of a call's result."""
        await self.get(operation_id)
        return await self.records.call_blob(operation_id, call, index)

    # --- what an operation has left ---

    async def usage(self, operation_id: OperationId) -> Sequence[LauncherUsage]:
        """Of its launcher, while it had it. Raises OperationNotFound."""
        await self.get(operation_id)
        job = self._jobs.get(operation_id)
        return await self.records.usage(operation_id) if job is None else job.usage.samples

    async def printed(self, operation_id: OperationId) -> AsyncIterator[str]:
        """The log until now, some at a time. Raises OperationNotFound."""
        await self.get(operation_id)
        return self.records.printed(operation_id, self._journal_of(operation_id))

    async def events(self, operation_id: OperationId, offset: int) -> AsyncIterator[OperationEvents]:
        """From a byte offset of the journal until the end. Raises OperationNotFound, InvalidRequest."""
        await self.get(operation_id)
        async for batch in self.records.events(operation_id, offset, self._journal_of(operation_id)):
            offset, is_end = batch.offset, isinstance(batch.events[-1], Ended)
            job = self._jobs.get(operation_id)
            if is_end and job is not None:  # who has read it finds the operation in its last state
                await job.ended.wait()
            yield batch
            if is_end:
                return
        # The journal lacks its end, if the host was killed right then: the row has it.
        operation = await self.get(operation_id)
        if operation.outcome is not None:
            yield OperationEvents(offset, [Ended(operation.ended_at or 0.0, operation.outcome)])

    async def bytes_after(self, operation_id: OperationId, offset: int) -> int:
        """How much of the journal there is from `offset` on. Raises InvalidRequest for one that it never gave out."""
        return await self.records.bytes_after(operation_id, offset, self._journal_of(operation_id))

    def _journal_of(self, operation_id: OperationId) -> Journal | None:
        """Of one that has not ended."""
        job = self._jobs.get(operation_id)
        return None if job is None else job.journal

    # --- the queue ---

    def before(self, model_id: ModelId) -> dict[str, int]:
        """How many operations wait before each of the model's that waits."""
        return self._queue.before(model_id)

    async def _enqueue(self, job: Job) -> None:
        self._events.publish(job.operation.model_id, OperationChanged(job.operation))
        self._jobs[job.operation.id] = job
        if self._closing:
            await self._end(job, Outcome("interrupted", CLOSING))
        elif self.launchers.is_gone(job):
            await self._end(job, outcomes.without_launcher())
        elif len(self._queue) >= MAX_QUEUED:
            message = f"{MAX_QUEUED} operations are waiting already. Try again when some have ended."
            await self._end(job, Outcome("server_overloaded", message))
        else:
            self._queue.append(job)
            self._start_waiting()

    def _start_waiting(self) -> None:
        for job, place in self._queue.startable(self._place_for, has_room=self.launchers.has_room):
            # Here and not in the task: a stop that comes before its first step must find it.
            job.run = self._run_of(job, place)
            job.task = asyncio.create_task(self._work(job, job.run, place))
            self._tasks.add(job.task)
            job.task.add_done_callback(self._tasks.discard)

    def _place_for(self, job: Job) -> Place | None:
        if job.operation.kind == "debug" and self._count_sessions() >= self.launchers.most_sessions:
            return None
        return self.launchers.claim(job)

    def _count_sessions(self) -> int:
        return sum(isinstance(job.run, Session) for job in self._jobs.values())

    def _run_of(self, job: Job, place: Place) -> Run | Session:
        running = msgspec.structs.replace(job.operation, status="running", started_at=time.time(), spec=job.terms.spec)
        folder = self.records.folder(running.id)
        if running.kind == "debug":
            return Session(
                running,
                job.terms,
                folder=folder,
                journal=job.journal,
                place=place,
                around=self._around,
                idle_seconds=self._settings.debug_idle_seconds,
            )
        return Run(running, job.terms, folder=folder, journal=job.journal, place=place, around=self._around)

    async def _work(self, job: Job, run: Run | Session, place: Place) -> None:
        try:
            outcome = await self._execute(job, run)
        # A fault of ours in one operation must not end the others: it ends this one and is in the server's log.
        except Exception:
            log_fault(job, "failed in the server")
            outcome = Outcome("launcher_terminated", "The server failed on this operation; its log has the cause.")
        try:
            await self._end(job, outcome)
        except Exception:  # as above; the next start of the host ends it as interrupted
            log_fault(job, "has ended, but how could not be written down")
        finally:
            place.release()
            self._start_waiting()

    async def _execute(self, job: Job, run: Run | Session) -> Outcome:
        self._save_soon(run.operation)
        if isinstance(run, Session):
            await job.journal.have_file()  # beside which its calls leave what they make
        outcome = await run.execute(job.inputs or await self.records.inputs(run.operation.id))
        began = run.operation.started_at or 0.0
        if outcome.kind not in STATUS_OF and self._mounts.lost_since(run.operation.model_id, began):
            return outcomes.without_filesystem(outcome)
        return outcome

    def _with_place(self, operation: Operation) -> Operation:
        if operation.status != "queued":
            return operation
        return msgspec.structs.replace(operation, before=self._queue.before(operation.model_id).get(operation.id))

    async def _end(self, job: Job, outcome: Outcome) -> None:
        """It is on disk then, unless the disk fails."""
        end = Ended(time.time(), job.journal.mask.message(outcome))
        ended = with_end(job.operation, end)
        if job.reading is not None:
            job.reading.close()
        job.journal.append(end)
        try:
            if not job.journal.is_in_memory:
                await job.usage.write()
            result = job.run.result if isinstance(job.run, Run) and has_result(ended) else None
            await self.records.keep_end(ended, job.journal, result)
            await self._wait_written(job)
        finally:
            job.operation = ended
            self._jobs.pop(ended.id, None)
            self._events.publish(ended.model_id, OperationChanged(ended))
            job.ended.set()

    async def _wait_written(self, job: Job) -> None:
        """Until its first row is on disk. Nothing of it stays where that cannot be, as its model was deleted."""
        try:
            if job.written is not None:
                await asyncio.shield(job.written)
        except BaseException:
            await asyncio.shield(self._discard(job))
            raise

    async def _end_left(self, operation: Operation) -> None:
        """Of a host that was killed, which may have been at its end."""
        if (end := await self.records.end_of(operation)) is not None:
            await self._catalog.operations.save(with_end(operation, end))
        else:
            journal, folder = await self.records.left_journal(operation.id), self.records.folder(operation.id)
            await self._end(
                Job(operation, self.launches.default, journal, folder=folder), Outcome("interrupted", CRASHED)
            )

    async def _interrupt(self, job: Job) -> None:
        outcome = Outcome("interrupted", CLOSING)
        if job.task is None:
            if job in self._queue:
                self._queue.remove(job)
            await self._end(job, outcome)
        elif job.run is not None:
            job.run.interrupt(outcome)
        await job.ended.wait()

    async def _expire(self) -> None:
        while True:
            await self.remove_expired()
            await asyncio.sleep(EXPIRE_SECONDS)

    # --- what a run asks and tells ---

    async def _language(self, model_id: ModelId) -> Language | None:
        mount = await self._mounts.get(model_id)
        return await mount.run(language_of)

    async def _active_state(self, model_id: ModelId) -> StateId | None:
        return (await self._catalog.models.get(model_id)).active_state_id

    def _tell(self, operation: Operation) -> None:
        self._jobs[operation.id].operation = operation

    def _save_soon(self, operation: Operation) -> None:
        self._jobs[operation.id].operation = operation
        self._catalog.operations.save_soon(operation)
        self._events.publish(operation.model_id, OperationChanged(operation))

    async def _save(self, operation: Operation) -> None:
        job = self._jobs[operation.id]
        job.operation = operation
        await self._catalog.operations.save(operation)
        self._events.publish(operation.model_id, OperationChanged(operation))

    async def _saw_functions(self, operation: Operation, functions: Sequence[FunctionName]) -> None:
        await self.saw_functions(operation.model_id, functions)

    async def saw_functions(self, model_id: ModelId, functions: Sequence[FunctionName]) -> None:
        """What the model's code defines now. Raises ModelNotFound."""
        model = await self._catalog.models.get(model_id)
        if model.functions != [*functions]:
            await self._catalog.models.set_functions(model_id, functions)
            await self._announce_model(model_id)

    def _first_state(self, model_id: ModelId) -> asyncio.Lock:
        """Held by the one operation that makes the state which all that found none will run on."""
        return self._first_states.setdefault(model_id, asyncio.Lock())

    async def _made_first_state(self, operation: Operation, state_id: StateId) -> None:
        await self._catalog.models.set_active_state(operation.model_id, state_id)
        self.active_state_changed(operation.model_id)
        await self._announce_model(operation.model_id)

    async def _look_at_code(self, model_id: ModelId, equipment: Equipment) -> tuple[Code, int]:
        code, generation = Code("", ""), 0
        if equipment.snapshot is None:  # whose files never change
            mount = await self._mounts.get(model_id)
            code, generation = await self._looks.code(model_id, mount), mount.generation
        for other in (await filesystems_of(equipment.mounted, self._mounts)).values():
            seen = await self._looks.code(other.model_id, other)
            code = code._replace(mark=f"{code.mark} {other.generation} {seen.mark}")
        return code, generation

    async def _announce_model(self, model_id: ModelId) -> None:
        model = (await self._catalog.models.get(model_id)).as_model()
        if (usage := await self._mounts.usage(model_id)) is not None:
            model = msgspec.structs.replace(model, usage=usage)
        self._events.publish(model_id, ModelChanged(model))

    async def _sampled(self, operation_id: OperationId, sample: LauncherUsage) -> None:
        job = self._jobs.get(operation_id)
        if job is not None:  # or it ended just now
            await job.usage.append(sample)

    async def _discard(self, job: Job) -> None:
        await job.journal.close()
        await self.records.remove(job.operation.id)


def log_fault(job: Job, what: str) -> None:
    """The exception being handled. It may follow from one that quotes what the code said."""
    logger.error("Operation %s %s.\n%s", job.operation.id, what, job.journal.mask.text(traceback.format_exc()))
