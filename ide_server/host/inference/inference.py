"""Models behind the Open Inference Protocol: named, described, and evaluated by ordinary operations."""

import asyncio
from functools import partial

from ide_server import __version__
from ide_server.catalog import Catalog, ModelRecord
from ide_server.errors import InvalidRequest, ModelNotFound
from ide_server.host.inference.inputs import operation_of, read_request
from ide_server.host.inference.messages import DATATYPES, ModelMetadata, ServerMetadata, TensorMetadata
from ide_server.host.inference.outputs import Reply, check_outputs, reply_of
from ide_server.host.launchers import Operations
from ide_server.wire import Operation, Outcome, ParameterDefinition, Result

SERVER = ServerMetadata("slipway", __version__, ["binary_tensor_data"])
PLATFORM = "slipway"
SHORT_BYTES = 16 << 10
SHORT_ELEMENTS = 1000
"""What is longer is read and written in a thread, which costs as much as some thousand numbers."""


class EvaluationFailed(Exception):
    """The operation ended, but not well. Its message is what the client hears."""

    def __init__(self, operation: Operation, outcome: Outcome) -> None:
        last = outcome.details.strip().splitlines()[-1:]
        said = [outcome.message, *(line for line in last if line.strip() not in outcome.message)]
        super().__init__(f"{' '.join(said)} (operation {operation.id}, {outcome.kind})")
        self.kind = outcome.kind


class Inference:
    def __init__(self, catalog: Catalog, operations: Operations) -> None:
        self._catalog = catalog
        self._operations = operations

    async def metadata(self, name: str) -> ModelMetadata:
        """Raises ModelNotFound, FilesystemUnavailable, and InvalidRequest where slipway.toml is broken."""
        model = await self._model(name)
        definitions = await self._operations.parameters(model.id)
        return ModelMetadata(
            name, PLATFORM, _described(definitions.evaluate_input), _described(definitions.evaluate_output)
        )

    async def is_ready(self, name: str) -> bool:
        """As far as is known before it runs. Raises as metadata does."""
        model = await self._model(name)
        await self._operations.parameters(model.id)
        return model.functions is None or "evaluate" in model.functions

    async def infer(self, name: str, body: bytes, *, json_size: int | None) -> Reply:
        """Raises EvaluationFailed, and what creating an operation raises."""
        model = await self._model(name)
        if len(body) <= SHORT_BYTES:
            request, given = read_request(body, json_size)
        else:
            request, given = await asyncio.to_thread(read_request, body, json_size)
        check_outputs(request)
        operation, result = await self._operations.run(
            model.id, lambda definitions: operation_of(request, given, definitions)
        )
        assert operation.outcome is not None  # it has ended
        if operation.outcome.kind != "succeeded":
            raise EvaluationFailed(operation, operation.outcome)
        assert result is not None  # of an evaluate that succeeded
        blobs = self._operations.records.blobs(operation.id)
        reply = partial(reply_of, request, result, model_name=name, operation_id=operation.id, blobs=blobs)
        return reply() if _is_short(result) else await asyncio.to_thread(reply)

    async def _model(self, name: str) -> ModelRecord:
        """By its id, or by a name that no other has. Raises ModelNotFound, InvalidRequest."""
        found = await self._catalog.models.find(name)
        if not found:
            raise ModelNotFound(f"There is no model with the id or name {name!r}.")
        if len(found) > 1 and found[0].id != name:
            raise InvalidRequest(f"{len(found)} models are named {name!r}. Give the id of the one that is meant.")
        return found[0]


def _is_short(result: Result) -> bool:
    values = [value for output in result.outputs for value in output.values]
    return not any(value.blobs for value in values) and sum(len(value.elements) for value in values) <= SHORT_ELEMENTS


def _described(definitions: list[ParameterDefinition]) -> list[TensorMetadata]:
    """By the first of its types, where it may have several."""
    return [TensorMetadata(each.name, DATATYPES[each.types[0]], each.shape) for each in definitions]
