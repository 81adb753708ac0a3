"""Whether what is asked of a model can be done, before there is an operation: its inputs, and its launch."""

from dataclasses import replace
from typing import Any

from ide_server.catalog import Catalog, ModelRecord
from ide_server.errors import InvalidRequest
from ide_server.host.launchers.code import CODE_FILES
from ide_server.host.launchers.launch import Launches, Terms
from ide_server.host.launchers.launchers import Launchers
from ide_server.host.launchers.looks import Looks
from ide_server.host.launchers.run import Inputs
from ide_server.host.launchers.spawn import Language
from ide_server.host.mounts import Mounts
from ide_server.host.parameters import check_arguments
from ide_server.host.snapshots import Snapshots
from ide_server.wire import (
    ModelId,
    NewOperation,
    Operation,
    ParameterDefinitions,
    SnapshotId,
    SpecChoice,
    StateId,
    encode,
)

MAX_SHOWN_BYTES = 64 << 10
"""A larger parameter value is only in the request, not in the row that every list of operations carries."""


class Admission:
    def __init__(
        self,
        catalog: Catalog,
        mounts: Mounts,
        snapshots: Snapshots,
        *,
        looks: Looks,
        launches: Launches,
        launchers: Launchers,
    ) -> None:
        self._catalog = catalog
        self._mounts = mounts
        self._snapshots = snapshots
        self._looks = looks
        self._launches = launches
        self._launchers = launchers

    async def inputs(self, model_id: ModelId, new: NewOperation) -> Inputs:
        """Of the model as it is now, or of a snapshot. Raises SnapshotNotFound, InvalidRequest."""
        if new.snapshot_id is None:
            return Inputs(new, *await self.look_at(model_id))
        return await self._inputs_of_snapshot(model_id, new, new.snapshot_id)

    async def look_at(self, model_id: ModelId) -> tuple[ParameterDefinitions, Language | None]:
        return await self._looks.definitions(model_id, await self._mounts.get(model_id))

    async def _inputs_of_snapshot(self, model_id: ModelId, new: NewOperation, snapshot_id: SnapshotId) -> Inputs:
        """Raises SnapshotNotFound, and InvalidRequest for what no snapshot does."""
        if new.kind != "evaluate":
            raise InvalidRequest(
                f"Expected kind 'evaluate' with a snapshot_id, got {new.kind!r}: what is frozen makes no new states. "
                "Make a model of the snapshot for that."
            )
        if new.launcher_id is not None:
            raise InvalidRequest("Expected a snapshot_id or a launcher_id, got both: launchers have the model's code.")
        frozen = await self._snapshots.look_at(model_id, snapshot_id)
        if new.state_id is None and not frozen.has_state:
            _check_can_create_state(frozen.definitions)
        language = next((CODE_FILES[name] for name in CODE_FILES if name in frozen.names), None)
        return Inputs(new, frozen.definitions, language)

    async def check(self, model: ModelRecord, inputs: Inputs) -> None:
        """Raises InvalidRequest where the parameters do not fit, StateNotFound where the state is not there."""
        new, definitions = inputs.request, inputs.definitions
        match new.kind:
            case "createModelState":
                check_arguments(definitions.create_state, new.parameters, inputs.columns)
                return
            case "evaluate":
                check_arguments(definitions.evaluate_input, new.parameters, inputs.columns)
            case "train":
                check_arguments(definitions.train, new.parameters, inputs.columns)
            case "debug":
                _check_session(new)
                return
        if new.state_id is not None:
            await self._catalog.states.get(model.id, new.state_id)
        elif new.snapshot_id is None and model.active_state_id is None:
            _check_can_create_state(definitions)

    def terms(self, model: ModelRecord, new: NewOperation) -> Terms:
        """Raises InvalidRequest, LauncherNotFound."""
        self._launches.check(new.spec, new.max_durations)
        terms = self._launches.terms(model.launch, new.kind, new.spec, new.max_durations)
        if new.launcher_id is None:
            return terms
        if new.spec != SpecChoice():
            raise InvalidRequest(
                "Expected a launcher_id or a spec, got both: a persistent launcher has a spec of its own."
            )
        return replace(terms, spec=self._launchers.named(model.id, new.launcher_id).terms.spec)


def check_resumable(operation: Operation) -> None:
    """Raises InvalidRequest."""
    if operation.kind != "train" or operation.status not in ("failed", "cancelled", "interrupted"):
        raise InvalidRequest(
            f"Expected a train that failed, was stopped or interrupted, got a {operation.kind} that is "
            f"{operation.status}."
        )
    if operation.result_state_id is None:
        raise InvalidRequest("The training has left no checkpoint to go on from. Train again.")


def state_ids(new: NewOperation, model: ModelRecord) -> frozenset[StateId | None]:
    """By which names a launcher may know the state: None is the active one."""
    if new.kind in ("createModelState", "debug"):
        return frozenset()
    if new.state_id is None or new.state_id == model.active_state_id:
        return frozenset({None, model.active_state_id})
    return frozenset({new.state_id})


def shown(value: Any) -> Any:
    """A parameter as the row of its operation has it: large values are left out."""
    if len(encode(value)) <= MAX_SHOWN_BYTES:
        return value
    return value | {"base64": ""} if isinstance(value, dict) and "base64" in value else None


def _check_session(new: NewOperation) -> None:
    given = (new.state_id, new.launcher_id, new.snapshot_id)
    if new.parameters or given != (None, None, None):
        raise InvalidRequest(
            "Expected neither parameters, state_id, launcher_id nor snapshot_id: the calls of a debug session have the "
            "first two, it has a launcher of its own, and runs the code as it is now."
        )


def _check_can_create_state(definitions: ParameterDefinitions) -> None:
    try:
        check_arguments(definitions.create_state, {})
    except InvalidRequest as error:
        raise InvalidRequest(
            "There is no state yet, and createModelState needs parameters without a default. Create a state first."
        ) from error
