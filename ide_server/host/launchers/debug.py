"""A debug session: an operation that loads the code and then calls its functions as a person asks, one after the other.

docs/launchers.md has its rules. All that it tells is in the operation's journal; what its calls leave is in
`calls/<number>/` of the operation's folder.
"""

import asyncio
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from ide_server.errors import CallUnderWay, InvalidRequest, OperationEnded, SlipwayError, StateNotFound
from ide_server.host.datasets import Reading
from ide_server.host.launchers import outcomes
from ide_server.host.launchers.calls import (
    MAX_STATES,
    Asked,
    CallReports,
    Chosen,
    Made,
    arguments_of,
    call_folder,
    no_state,
    state_folder,
    told,
    write_made,
)
from ide_server.host.launchers.checkpoints import Checkpoints
from ide_server.host.launchers.journal import Journal
from ide_server.host.launchers.launch import Terms
from ide_server.host.launchers.launcher import CallFailed, LauncherLost, to_the_end
from ide_server.host.launchers.logs import LogBudget
from ide_server.host.launchers.phases import (
    GRACE_SECONDS,
    MAX_LOG_BYTES,
    Ended,
    Ending,
    bounded,
    others_of,
    others_with_states,
    prepared,
)
from ide_server.host.launchers.pool import Fit, Need, Place, Warm, dispose
from ide_server.host.launchers.results import ResultWriter, write_result
from ide_server.host.launchers.run import Inputs, Surroundings
from ide_server.host.mounted_models import NOTHING_MOUNTED
from ide_server.host.states import Origin, StateDraft, key_of
from ide_server.wire import (
    Call,
    CallEnded,
    CallName,
    CallStarted,
    CallState,
    FunctionName,
    Loaded,
    Log,
    NewCall,
    Operation,
    OperationLauncher,
    Outcome,
    OutcomeKind,
    ParameterDefinitions,
    Phase,
    StateId,
    StateKey,
    WaitingForCall,
)

MAX_CALLS = 1000

PHASES: Mapping[CallName, Phase] = {
    "load": "codeStartup",
    "createModelState": "createState",
    "instantiateModel": "instantiateModel",
    "evaluate": "evaluate",
    "train": "train",
    "getModelState": "getState",
    "dispose": "dispose",
}
FINAL: frozenset[OutcomeKind] = frozenset(("code_terminated", "launcher_terminated", "max_duration_exceeded"))
"""Of a call after which there is no launcher for another one."""
FAULT = Outcome("launcher_terminated", "The server failed on this call; its log has the cause.")


class Session:
    """In an operation's run's place."""

    def __init__(
        self,
        operation: Operation,
        terms: Terms,
        *,
        folder: Path,
        journal: Journal,
        place: Place,
        around: Surroundings,
        idle_seconds: float,
    ) -> None:
        self.operation = operation
        self._terms = terms
        self._folder = folder
        self._journal = journal
        self._place = place
        self._around = around
        self._idle_seconds = idle_seconds
        self._ending = Ending()
        self._reports = CallReports(journal)
        self._log = LogBudget(journal, max_bytes=MAX_LOG_BYTES)
        self._warm: Warm | None = None
        self._mounted = NOTHING_MOUNTED
        self._code_digest = ""
        self._functions: list[FunctionName] | None = None
        """That were told of, since the code was loaded."""
        self._number = 0
        self._current: Asked | None = None
        self._began = 0.0
        self._has_result = False
        self._states: dict[int, list[StateKey]] = {}
        """By the calls that made them; the oldest first."""
        self._waiting: asyncio.Future[Asked | None] | None = None
        """For a call; None: for the end of the session."""

    async def execute(self, _: Inputs) -> Outcome:
        """To the end, whatever that is; nothing of the launcher is left then."""
        try:
            return await self._ending.bound(self._serve)
        finally:
            if self._current is not None:
                self._end(self._ending.outcome or FAULT)
            if self._warm is not None:
                await self._place.kill(self._warm)

    def stop(self) -> None:
        """While it waits for a call the code may clean up, and a train may return, for GRACE_SECONDS; the second time,
        and during all other calls, it ends at once."""
        is_training = self._current is not None and self._current.function == "train"
        is_patient = self._ending.outcome is None and (is_training or self._current is None)
        self._ending.ask(outcomes.cancelled("The session was ended."), in_seconds=GRACE_SECONDS if is_patient else 0)
        if is_training and self._warm is not None:
            self._warm.launcher.cancel()
        if self._is_free and self._waiting is not None:
            self._waiting.set_result(None)

    def interrupt(self, outcome: Outcome) -> None:
        self._ending.ask(outcome, in_seconds=0)

    async def call(self, new: NewCall, reading: Reading, definitions: ParameterDefinitions) -> Call:
        """It has begun on return, and closes what it reads at its end.

        Raises CallUnderWay, OperationEnded, InvalidRequest, StateNotFound.
        """
        self._check_free()
        asked = await self._asked(new, reading, definitions)
        self._check_free()  # another call may have come meanwhile
        assert self._waiting is not None  # or it would not be free
        self._waiting.set_result(asked)
        return self._begin(asked)

    # --- between calls ---

    async def _serve(self) -> Outcome:
        load = Asked("load")
        self._begin(load)
        await self._answer(load)
        while (asked := await self._next()) is not None:
            await self._answer(asked)
        await self._leave()
        idle = f"No call came for {self._idle_seconds:g} seconds, so the session has ended."
        return self._ending.outcome or outcomes.cancelled(idle)

    async def _next(self) -> Asked | None:
        """None: the session ends. Raises Ended where its process has."""
        if self._ending.outcome is not None:
            return None
        now = time.time()
        self._journal.append(WaitingForCall(now, now + self._idle_seconds))
        waiting: asyncio.Future[Asked | None] = asyncio.get_running_loop().create_future()
        self._waiting = waiting
        exited = None if self._warm is None else self._warm.launcher.exited
        waited: set[asyncio.Future[Any]] = {waiting} if exited is None else {waiting, exited}
        await asyncio.wait(waited, timeout=self._idle_seconds, return_when=asyncio.FIRST_COMPLETED)
        self._waiting = None
        if waiting.done():
            return waiting.result()
        if exited is not None and exited.done():
            raise Ended(outcomes.ended_while_waiting(exited.result(), self._terms))
        return None

    @property
    def _is_free(self) -> bool:
        return self._waiting is not None and not self._waiting.done()

    def _check_free(self) -> None:
        if self._ending.outcome is not None:
            raise OperationEnded("The session is ending. Start another one.")
        if not self._is_free:
            if self._current is None:
                raise CallUnderWay("The session is starting or ending. Wait until it says that it waits for a call.")
            raise CallUnderWay(f"Call {self._number}, {self._current.function}, has not ended. Wait until it has.")
        if self._number >= MAX_CALLS:
            raise InvalidRequest(f"The session has made {MAX_CALLS:,} calls, which is the most. Start another one.")

    async def _asked(self, new: NewCall, reading: Reading, definitions: ParameterDefinitions) -> Asked:
        if new.state is not None and new.function != "instantiateModel":
            raise InvalidRequest(f"Expected a state for instantiateModel alone, got one for {new.function}.")
        if new.function != "load" and (self._warm is None or self._warm.functions is None):
            raise InvalidRequest("The code could not be loaded, so there is nothing to call. Mend it, then reload it.")
        return Asked(
            new.function,
            reading.parameters,
            arguments_of(new.function, reading, definitions),
            definitions.evaluate_output,
            await self._chosen(new.state) if new.function == "instantiateModel" else None,
            reading.close,
        )

    async def _chosen(self, state: CallState | None) -> Chosen:
        """Raises StateNotFound, InvalidRequest."""
        model_id, states = self.operation.model_id, self._around.states
        if state is None:
            active_id = await self._around.active_state(model_id)
            if active_id is None:
                return Chosen("no state, as the model has none")
            return Chosen("the active state", active_id, await states.keys(model_id, active_id))
        if state.id is not None and state.call is not None:
            raise InvalidRequest("Expected the id of a state or the call that made it, got both.")
        if state.id is not None:
            return Chosen("a state of the model", state.id, await states.keys(model_id, state.id))
        if state.call is not None:
            return Chosen(f"the state of call {state.call}", None, await self._keys_of(state.call))
        return Chosen("no state")

    async def _keys_of(self, call: int) -> dict[str, Path]:
        if call not in self._states:
            raise StateNotFound(no_state(call))
        folder = state_folder(self._folder, call)
        return {key_of(path.name): path for path in await asyncio.to_thread(lambda: sorted(folder.iterdir()))}

    async def _leave(self) -> None:
        """The code cleans up, then its launcher ends. What fails here is only written down."""
        if self._warm is None:
            return
        try:
            await dispose(self._warm, self._reports)
        except CallFailed as failed:
            self._note(f"dispose failed: {failed.said.message}")
        except LauncherLost as lost:
            self._note(f"dispose did not return: {lost.reason}")
        except TimeoutError:
            self._note("The code did not clean up in time.")
        warm, self._warm = self._warm, None
        await to_the_end(self._place.close_one(warm))

    # --- a call ---

    def _begin(self, asked: Asked) -> Call:
        self._number += 1
        self._current, self._began, self._has_result = asked, time.monotonic(), False
        words = "" if asked.state is None else asked.state.words
        parameters = told(asked.parameters)
        self._journal.append(CallStarted(time.time(), self._number, asked.function, parameters, words))
        return Call(self._number, asked.function)

    async def _answer(self, asked: Asked) -> None:
        """Whatever the code does with it. Raises Ended where no other call can follow."""
        try:
            await self._perform(asked)
            outcome = self._ending.outcome or outcomes.succeeded("")
        except Ended as ended:
            outcome = ended.outcome
            if outcome.kind in FINAL:
                self._end(outcome)
                raise
        except SlipwayError as error:  # of the server's own, before the code was called
            outcome = Outcome("launcher_terminated", error.message, PHASES[asked.function])
        self._end(outcome)

    def _end(self, outcome: Outcome) -> None:
        assert self._current is not None  # it has begun
        self._current.close()
        self._current = None
        self._journal.append(
            CallEnded(
                time.time(),
                self._number,
                time.monotonic() - self._began,
                outcome,
                has_result=self._has_result,
                state_keys=self._states.get(self._number, []),
                states=[*self._states],
            )
        )

    async def _perform(self, asked: Asked) -> None:
        try:
            match asked.function:
                case "load":
                    await self._load()
                case "createModelState" | "getModelState":
                    await self._make_state(asked.function, asked)
                case "instantiateModel":
                    await self._instantiate(asked)
                case "evaluate":
                    await self._evaluate(asked)
                case "train":
                    await self._train(asked)
                case "dispose":
                    await self._dispose()
        finally:
            if self._warm is not None:  # what the call has printed is told before its end
                self._warm.launcher.output.flush()

    async def _load(self) -> None:
        """In a launcher that has loaded nothing, of what the model is now."""
        await self._leave()
        self._functions = None
        language = await self._around.language(self.operation.model_id)
        if language is None:
            raise Ended(outcomes.no_code("debug"))
        equipment = await prepared(self._around.spawn, self.operation.model_id)
        self._mounted = equipment.mounted
        self._journal.keep_out(equipment.variables.secrets)
        async with bounded("codeStartup", self._terms):
            code, generation = await self._around.look_at_code(self.operation.model_id, equipment)
            self._code_digest = code.digest
            fit = Fit(
                self.operation.model_id, language, self._terms.resources, equipment.edition, generation, code.mark
            )
            need = Need(self.operation.id, fit, equipment, self._terms.spec, None, is_new=True)
            self._warm = warm = await self._place.take(need)
            self._tell(OperationLauncher(warm.id, warm.name, warm.level))
            warm.launcher.output.turn_to(self._log)
            warm.functions = await warm.launcher.load(self._reports)
        await self._saw(warm.functions)

    async def _make_state(self, function: FunctionName, asked: Asked) -> None:
        phase, others = PHASES[function], None
        if function == "createModelState":
            others = await others_with_states(self._mounted, self._around.active_state, self._around.states)
        destination = state_folder(self._folder, self._number)
        async with StateDraft(destination.with_suffix(".draft")) as draft:
            self._reports.draft = draft
            try:
                await self._call(function, parameters=asked.arguments, other_models=others)
            finally:
                self._reports.draft = None
            if draft.is_empty:
                raise Ended(outcomes.invalid_output(f"{function} returned no bytes and no keys.", phase))
            await asyncio.to_thread(write_made, destination.parent, self._made_by(function, asked))
            await asyncio.to_thread(draft.move, destination)
        self._states[self._number] = draft.keys
        while len(self._states) > MAX_STATES:
            oldest = next(iter(self._states))
            del self._states[oldest]
            await asyncio.to_thread(shutil.rmtree, state_folder(self._folder, oldest), ignore_errors=True)

    def _made_by(self, function: FunctionName, asked: Asked) -> Made:
        if function == "createModelState":
            return Made("created", None, self._code_digest, told(asked.parameters))
        return Made("trained", self._launched.state_id, self._code_digest, {})

    async def _instantiate(self, asked: Asked) -> None:
        assert asked.state is not None  # it was chosen when the call was asked for
        await self._call("instantiateModel", state=asked.state.keys, other_models=others_of(self._mounted))
        self._launched.state_id, self._launched.is_instantiated = asked.state.id, True

    async def _evaluate(self, asked: Asked) -> None:
        folder = call_folder(self._folder, self._number)
        await asyncio.to_thread(folder.mkdir, mode=0o700, parents=True)
        self._reports.result = result = ResultWriter(folder, [*asked.outputs], self._journal.mask)
        try:
            await self._call("evaluate", parameters=asked.arguments)
        finally:
            self._reports.result = None
        async with bounded("evaluate", self._terms):
            await asyncio.to_thread(write_result, folder, result.finish())
        self._has_result = True

    async def _train(self, asked: Asked) -> None:
        """The newest checkpoint stays where the training fails or is ended; otherwise the model has learned it."""
        checkpoints = Checkpoints(
            self._around.states, self.operation.model_id, origin=self._origin_of_checkpoint, kept=self._save_result
        )
        async with self._reports.keeping(checkpoints):
            await self._call("train", parameters=asked.arguments)
            if checkpoints.newest is not None:
                await checkpoints.remove()
                await self._save_result(None)

    async def _dispose(self) -> None:
        await self._call("dispose")
        self._launched.is_instantiated, self._launched.state_id = False, None

    async def _call(self, function: FunctionName, **given: Any) -> None:
        """Raises Ended."""
        warm, self._reports.refused = self._launched, None
        async with bounded(PHASES[function], self._terms):
            warm.functions = await warm.launcher.call(function, self._reports, **given)
        await self._saw(warm.functions)
        if self._reports.refused is not None:
            raise Ended(outcomes.invalid_output(self._reports.refused, PHASES[function]))

    # --- around them ---

    async def _saw(self, functions: list[FunctionName]) -> None:
        if functions != self._functions:
            self._functions = functions
            self._journal.append(Loaded(time.time(), functions))
            await self._around.saw_functions(self.operation, functions)

    def _tell(self, launcher: OperationLauncher) -> None:
        self.operation = msgspec.structs.replace(self.operation, launcher=launcher)
        self._around.tell(self.operation)

    async def _save_result(self, state_id: StateId | None) -> None:
        self.operation = msgspec.structs.replace(self.operation, result_state_id=state_id)
        await self._around.save(self.operation)

    def _origin_of_checkpoint(self) -> Origin:
        return Origin(
            "checkpoint",
            operation_id=self.operation.id,
            parent_id=self._launched.state_id,
            code_digest=self._code_digest,
        )

    def _note(self, text: str) -> None:
        self._journal.append(Log(time.time(), "stderr", f"[{text}]\n"))

    @property
    def _launched(self) -> Warm:
        assert self._warm is not None  # only `load` is called without one
        return self._warm
