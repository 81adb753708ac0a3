"""One operation on one launcher: its phases in order, what is said during them, and the outcome."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from ide_server.host.datasets import DatasetColumn
from ide_server.host.equipment import Equipment
from ide_server.host.launchers import outcomes
from ide_server.host.launchers.checkpoints import Checkpoints
from ide_server.host.launchers.code import Code
from ide_server.host.launchers.journal import Journal
from ide_server.host.launchers.launch import Terms
from ide_server.host.launchers.launcher import CallFailed, Launcher, LauncherLost, to_the_end
from ide_server.host.launchers.logs import LogBudget
from ide_server.host.launchers.phases import (
    GRACE_SECONDS,
    MAX_LOG_BYTES,
    ActiveState,
    Ended,
    Ending,
    bounded,
    entered,
    others_of,
    others_with_states,
    prepared,
)
from ide_server.host.launchers.pool import Fit, Need, Place, Warm, dispose
from ide_server.host.launchers.reports import Reports
from ide_server.host.launchers.results import ResultWriter
from ide_server.host.launchers.spawn import Language, Spawn
from ide_server.host.mounted_models import NOTHING_MOUNTED
from ide_server.host.parameters import check_arguments
from ide_server.host.snapshots import Opened
from ide_server.host.states import Origin, StateDraft, States
from ide_server.wire import (
    FunctionName,
    Loaded,
    Log,
    ModelId,
    NewOperation,
    Operation,
    OperationLauncher,
    Outcome,
    ParameterDefinitions,
    Phase,
    PhaseEnded,
    PhaseStarted,
    Result,
    SnapshotId,
    StateId,
    StateOrigin,
)


class Inputs(msgspec.Struct, frozen=True):
    """An operation's request: all that it was started with, so that it needs no look at what changed since."""

    request: NewOperation
    definitions: ParameterDefinitions
    language: Language | None
    """None: the model had no code."""
    columns: dict[str, DatasetColumn] = {}
    """Parameters that are datasets, by name."""


@dataclass(frozen=True)
class Surroundings:
    """What every run shares, and what it tells its owner."""

    spawn: Spawn
    states: States
    active_state: ActiveState
    save: Callable[[Operation], Awaitable[None]]
    save_soon: Callable[[Operation], None]
    tell: Callable[[Operation], None]
    """As `save`, but the row and those who watch may wait for the next `save`."""
    saw_functions: Callable[[Operation, Sequence[FunctionName]], Awaitable[None]]
    made_first_state: Callable[[Operation, StateId], Awaitable[None]]
    first_state: Callable[[ModelId], asyncio.Lock]
    language: Callable[[ModelId], Awaitable[Language | None]]
    """None: there is no code."""
    look_at_code: Callable[[ModelId, Equipment], Awaitable[tuple[Code, int]]]
    """As it is, with what it finds in mounted models, and the generation of the mount that it is in."""
    opened: Callable[[SnapshotId], AbstractAsyncContextManager[Opened]]


class Run:
    _inputs: Inputs
    """Once it executes; it can be stopped before."""

    def __init__(
        self,
        operation: Operation,
        terms: Terms,
        *,
        folder: Path,
        journal: Journal,
        place: Place,
        around: Surroundings,
    ) -> None:
        self.operation = operation
        self.result: Result | None = None
        """Of an evaluate that went well."""
        self._terms = terms
        self._place = place
        self._folder = folder
        self._journal = journal
        self._around = around
        self._reports = Reports(journal)
        self._warm: Warm | None = None
        self._functions: list[FunctionName] = []
        self._code_digest = ""
        self._mounted = NOTHING_MOUNTED
        self._snapshot: Opened | None = None
        """Whose files and state are in the place of the model's own."""
        self._phase: Phase | None = None
        self._ending = Ending()

    async def execute(self, inputs: Inputs) -> Outcome:
        """To the end, whatever that is; nothing of the launcher is left then."""
        self._inputs = inputs
        try:
            return await self._ending.bound(self._run)
        finally:
            if self._warm is not None:
                await self._place.kill(self._warm)

    def stop(self) -> None:
        """A train is asked first, and ended GRACE_SECONDS later; the second time, and all else, is ended at once."""
        if self._phase == "train" and self._ending.outcome is None and self._warm is not None:
            self._warm.launcher.cancel()
            self._ending.ask(outcomes.cancelled(), in_seconds=GRACE_SECONDS)
        else:
            self._ending.ask(outcomes.cancelled(), in_seconds=0)

    def interrupt(self, outcome: Outcome) -> None:
        self._ending.ask(outcome, in_seconds=0)

    async def _run(self) -> Outcome:
        if self._inputs.language is None:
            return outcomes.no_code(self.operation.kind)
        async with AsyncExitStack() as stack:
            if self.operation.snapshot_id is not None:
                self._snapshot = await entered(stack, self._around.opened(self.operation.snapshot_id))
            return await self._run_phases(self._inputs.language)

    async def _run_phases(self, language: Language) -> Outcome:
        await self._load(language, await self._present_state())
        match self.operation.kind:
            case "createModelState":
                outcome = await self._create_model_state()
            case "evaluate":
                await self._instantiate()
                outcome = await self._evaluate()
            case "train":
                await self._instantiate()
                outcome = await self._train()
        await self._leave()
        return outcome

    # --- phases ---

    async def _load(self, language: Language, state_id: StateId | None) -> None:
        """In a launcher that holds this state, or none yet."""
        equipment = await prepared(self._around.spawn, self.operation.model_id, self._snapshot)
        self._mounted = equipment.mounted
        self._journal.keep_out(equipment.variables.secrets)
        async with self._timed("codeStartup"):
            code, generation = await self._around.look_at_code(self.operation.model_id, equipment)
            self._code_digest = code.digest
            fit = Fit(
                self.operation.model_id, language, self._terms.resources, equipment.edition, generation, code.mark
            )
            need = Need(self.operation.id, fit, equipment, self._terms.spec, state_id)
            self._warm = await self._place.take(need)
            self._tell(launcher=OperationLauncher(self._warm.id, self._warm.name, self._warm.level))
            self._warm.launcher.output.turn_to(LogBudget(self._journal, max_bytes=MAX_LOG_BYTES))
            if self._warm.functions is None:
                self._warm.functions = await self._warm.launcher.load(self._reports)
            await self._saw(self._warm.functions)

    async def _create_model_state(self) -> Outcome:
        state_id = await self._make_state("createState", "createModelState", "created", self._inputs.request.parameters)
        if await self._around.active_state(self.operation.model_id) is None:
            await self._around.made_first_state(self.operation, state_id)
        return outcomes.succeeded("The state was created.")

    async def _instantiate(self) -> None:
        state_id = self.operation.state_id or await self._state_of_files()
        if state_id is not None:
            self._save_soon(state_id=state_id)
        if self._launched.is_instantiated and not self._launched.holds(state_id):
            await self._load_anew(state_id)
        warm = self._launched
        if "instantiateModel" in self._functions and not warm.holds(state_id):
            async with self._passing_state(state_id) as made, self._timed("instantiateModel"):
                keys = await self._keys(state_id) if made is None else made
                warm.functions = await warm.launcher.call(
                    "instantiateModel", self._reports, state=keys, other_models=others_of(self._mounted)
                )
                await self._saw(warm.functions)
        warm.state_id, warm.is_instantiated = state_id, True

    async def _load_anew(self, state_id: StateId | None) -> None:
        """The active state has been changed since a launcher was chosen that holds it."""
        assert self._inputs.language is not None  # or nothing would have been loaded
        warm, self._warm = self._launched, None
        await to_the_end(self._place.kill(warm))
        await self._load(self._inputs.language, state_id)

    async def _present_state(self) -> StateId | None:
        if self.operation.state_id is not None or self._snapshot is not None:
            return self.operation.state_id
        return await self._around.active_state(self.operation.model_id)

    async def _state_of_files(self) -> StateId | None:
        """The model's; None where it has none, and of a snapshot, which brings its own."""
        return await self._active_or_first_state() if self._snapshot is None else None

    async def _keys(self, state_id: StateId | None) -> Mapping[str, Path] | None:
        """The file of each key."""
        if state_id is not None:
            return await self._around.states.keys(self.operation.model_id, state_id)
        return None if self._snapshot is None else self._snapshot.state

    @asynccontextmanager
    async def _passing_state(self, state_id: StateId | None) -> AsyncIterator[Mapping[str, Path] | None]:
        """The files of a state that is made only to be instantiated, where a snapshot needs one and holds none."""
        has_one = state_id is not None or self._snapshot is None or self._snapshot.state is not None
        if has_one or "createModelState" not in self._functions:
            yield None
            return
        async with self._around.states.draft(self.operation.model_id) as draft:
            async with self._timed("createState"):
                await self._fill(draft, "createState", "createModelState", {})
            yield draft.files

    async def _active_or_first_state(self) -> StateId | None:
        """Of operations that find no state one makes it; the others wait for it, as long as that may take."""
        async with self._around.first_state(self.operation.model_id):
            state_id = await self._around.active_state(self.operation.model_id)
            if state_id is None and "createModelState" in self._functions:
                state_id = await self._make_state("createState", "createModelState", "created", {})
                await self._around.made_first_state(self.operation, state_id)
            return state_id

    async def _evaluate(self) -> Outcome:
        inputs, definitions = self._inputs, self._inputs.definitions
        arguments = check_arguments(definitions.evaluate_input, inputs.request.parameters, inputs.columns)
        self._reports.result = ResultWriter(self._folder, definitions.evaluate_output, self._journal.mask)
        async with self._timed("evaluate"):
            await self._running.call("evaluate", self._reports, parameters=arguments)
            self.result = self._reports.result.finish()
        self._reports.result = None
        return outcomes.succeeded("Evaluated.")

    async def _train(self) -> Outcome:
        inputs = self._inputs
        arguments = check_arguments(inputs.definitions.train, inputs.request.parameters, inputs.columns)
        async with self._reports.keeping(self._checkpoints()) as checkpoints:
            async with self._timed("train"):
                await self._running.call("train", self._reports, parameters=arguments)
            # It has returned by itself: what it learned is worth the time to keep it.
            stopped = self._ending.withdraw()
            return await self._keep_learned(checkpoints, stopped)

    async def _keep_learned(self, checkpoints: Checkpoints, stopped: Outcome | None) -> Outcome:
        if "getModelState" not in self._functions:
            return stopped or outcomes.succeeded("Trained. The code has no getModelState, so no state was kept.")
        state_id = await self._make_state("getState", "getModelState", "trained", {})
        await self._save(result_state_id=state_id)
        await checkpoints.remove()
        if stopped is not None:
            return outcomes.cancelled("Stopped. What was learned until then is kept as a new state.")
        return outcomes.succeeded("Trained. What was learned is a new state.")

    def _checkpoints(self) -> Checkpoints:
        """The newest checkpoint is the training's state until it has made one itself."""
        return Checkpoints(
            self._around.states,
            self.operation.model_id,
            origin=lambda: self._origin("checkpoint"),
            kept=self._save_result,
        )

    async def _save_result(self, state_id: StateId) -> None:
        await self._save(result_state_id=state_id)

    async def _make_state(
        self, phase: Phase, function: FunctionName, kind: StateOrigin, parameters: dict[str, object]
    ) -> StateId:
        model_id, states = self.operation.model_id, self._around.states
        async with self._timed(phase), states.draft(model_id) as draft:
            await self._fill(draft, phase, function, parameters)
            named = time.strftime(f"{kind} %Y-%m-%d %H:%M:%S")
            state = await states.keep(draft, model_id=model_id, name=named, origin=self._origin(kind))
        if self.operation.kind == "createModelState":
            await self._save(result_state_id=state.id)
        return state.id

    async def _fill(
        self, draft: StateDraft, phase: Phase, function: FunctionName, parameters: dict[str, object]
    ) -> None:
        """With what the function gives."""
        arguments, others = None, None
        if function == "createModelState":
            columns = {name: column for name, column in self._inputs.columns.items() if name in parameters}
            arguments = check_arguments(self._inputs.definitions.create_state, parameters, columns)
            others = await others_with_states(self._mounted, self._around.active_state, self._around.states)
        self._reports.draft = draft
        await self._running.call(function, self._reports, parameters=arguments, other_models=others)
        self._reports.draft = None
        if draft.is_empty:
            raise Ended(outcomes.invalid_output(f"{function} returned no bytes and no keys.", phase))

    def _origin(self, kind: StateOrigin) -> Origin:
        learned = kind in ("trained", "checkpoint")
        made_by_it = self.operation.kind == "createModelState" or learned
        return Origin(
            kind,
            operation_id=self.operation.id,
            parent_id=self.operation.state_id if learned else None,
            code_digest=self._code_digest,
            parameters=self.operation.parameters if made_by_it else {},
        )

    async def _leave(self) -> None:
        """Keep the launcher for the next operation, or let the code clean up.

        The outcome stands already, so what fails here is only written down.
        """
        warm, seconds = self._launched, self._terms.spec.idle_seconds
        try:
            # What a train has changed is no longer the state that it began with.
            if seconds > 0 and self.operation.kind != "train":
                warm.launcher.output.turn_off()
                self._warm = None
                self._place.keep(warm)
            else:
                await dispose(warm, self._reports)
                self._warm = None
                await to_the_end(self._place.close_one(warm))
        except CallFailed as failed:
            self._note(f"dispose failed: {failed.said.message}")
        except LauncherLost as lost:
            self._note(f"dispose did not return: {lost.reason}")
        except TimeoutError:
            self._note("The code did not clean up in time, so its launcher is ended.")

    # --- around them ---

    @asynccontextmanager
    async def _timed(self, phase: Phase) -> AsyncIterator[None]:
        """A phase: announced, bounded in time, and every way to fail in it turned into its outcome."""
        self._phase, began = phase, time.monotonic()
        self._journal.append(PhaseStarted(time.time(), phase))
        try:
            async with bounded(phase, self._terms):
                yield
        finally:
            self._phase = None
            self._journal.append(PhaseEnded(time.time(), phase, time.monotonic() - began))

    async def _saw(self, functions: list[FunctionName]) -> None:
        if functions != self._functions:
            self._functions = functions
            self._journal.append(Loaded(time.time(), functions))
            if self._snapshot is None:  # else it is not what the model's code defines
                await self._around.saw_functions(self.operation, functions)

    def _save_soon(self, *, state_id: StateId) -> None:
        if state_id != self.operation.state_id:
            self.operation = msgspec.structs.replace(self.operation, state_id=state_id)
            self._around.save_soon(self.operation)

    async def _save(self, **changes: StateId) -> None:
        self.operation = msgspec.structs.replace(self.operation, **changes)
        await self._around.save(self.operation)

    def _tell(self, *, launcher: OperationLauncher) -> None:
        """Written down, and heard of, with what is saved next: the end at the latest."""
        self.operation = msgspec.structs.replace(self.operation, launcher=launcher)
        self._around.tell(self.operation)

    def _note(self, text: str) -> None:
        self._journal.append(Log(time.time(), "stderr", f"[{text}]\n"))

    @property
    def _launched(self) -> Warm:
        assert self._warm is not None  # the first phase took it
        return self._warm

    @property
    def _running(self) -> Launcher:
        return self._launched.launcher
