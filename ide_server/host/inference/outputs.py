"""What an evaluate returned, as an infer reply: JSON, and after it the tensors that go as bytes.

What the result holds in blobs is read from there, and what goes as bytes only while it is sent.
"""

import base64
import json
import math
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from ide_server.errors import InvalidRequest
from ide_server.host import tensors
from ide_server.host.inference.messages import DATATYPES, InferReply, InferRequest, ReplyOutput, RequestOutput
from ide_server.host.tensors import MEDIA
from ide_server.wire import Output, OutputValue, Result

MAX_LOADED_BYTES = 16 << 20
"""Of one output that must be in memory as a whole: as JSON, and texts."""


@dataclass(frozen=True)
class Span:
    """Bytes of a file, not read yet."""

    path: Path
    offset: int
    byte_size: int

    def read(self) -> bytes:
        with self.path.open("rb") as file:
            file.seek(self.offset)
            return file.read(self.byte_size)


Payload = bytes | Span


@dataclass(frozen=True)
class Reply:
    """The JSON, and the bytes after it; none if all is JSON."""

    json: bytes
    payloads: list[Payload]

    @property
    def byte_size(self) -> int:
        return len(self.json) + sum(map(_size, self.payloads))


def check_outputs(request: InferRequest) -> None:
    """Before anything runs. Raises InvalidRequest."""
    for asked in request.outputs:
        if asked.parameters.get("classification"):
            raise InvalidRequest(f"{asked.name}: the classification extension is not spoken here; ask for the tensor.")


def reply_of(request: InferRequest, result: Result, *, model_name: str, operation_id: str, blobs: Path) -> Reply:
    """Blocks. Raises InvalidRequest where it is not what the protocol, or this request, can have."""
    outputs: list[ReplyOutput] = []
    payloads: list[Payload] = []
    for output, asked in _asked(request, result):
        if _goes_as_bytes(request, asked):
            described, own = _as_bytes(output, blobs)
            payloads += own
        else:
            described = _as_json(output, blobs)
        outputs.append(described)
    message = InferReply(model_name, outputs, {"operation_id": operation_id}, request.id)
    return Reply(msgspec.json.encode(message), payloads)


def _asked(request: InferRequest, result: Result) -> Iterator[tuple[Output, RequestOutput]]:
    by_name = {output.name: output for output in result.outputs}
    for asked in request.outputs or [RequestOutput(name) for name in by_name]:
        if asked.name not in by_name:
            came = ", ".join(by_name) or "none"
            raise InvalidRequest(f"The model returned no output {asked.name!r}; it returned {came}.")
        yield by_name[asked.name], asked


def _goes_as_bytes(request: InferRequest, asked: RequestOutput) -> bool:
    """What is said of one output comes before what is said of all."""
    return bool(asked.parameters.get("binary_data", request.parameters.get("binary_data_output", False)))


def _as_bytes(output: Output, blobs: Path) -> tuple[ReplyOutput, list[Payload]]:
    datatype, shape = _kind(output)
    payloads = [payload for value in output.values for payload in _payloads(output.name, value, blobs)]
    size = sum(map(_size, payloads))
    return ReplyOutput(output.name, datatype, shape, {"binary_data_size": size}), payloads


def _as_json(output: Output, blobs: Path) -> ReplyOutput:
    datatype, shape = _kind(output)
    elements = [element for value in output.values for element in _elements(output.name, value, blobs)]
    return ReplyOutput(output.name, datatype, shape, data=elements)


def _kind(output: Output) -> tuple[str, list[int]]:
    """Datatype and shape; of many values that of their stack, as here an output is one tensor."""
    kinds = {(DATATYPES[value.type], *value.shape) for value in output.values}
    if len(kinds) != 1:
        raise InvalidRequest(
            f"The output {output.name!r} has {len(output.values)} values, which are no one tensor. "
            "The operation's result has them: GET /api/v1/operations/{operation}/result."
        )
    value, *others = output.values
    return DATATYPES[value.type], ([len(output.values), *value.shape] if others else value.shape)


# --- as bytes ---


def _payloads(name: str, value: OutputValue, blobs: Path) -> Iterator[Payload]:
    if value.type in MEDIA:
        for blob in value.blobs:
            yield struct.pack("<I", blob.byte_size)
            yield Span(blobs / str(blob.index), 0, blob.byte_size)
    elif value.type == "string":
        texts = (text.encode() for text in _texts(name, value, blobs))
        yield b"".join(struct.pack("<I", len(text)) + text for text in texts)
    elif value.truncated:
        yield _numbers_in_blob(value, blobs)
    else:
        yield tensors.bytes_of(value.type, value.elements)


def _numbers_in_blob(value: OutputValue, blobs: Path) -> Span:
    offset = len(tensors.npy_header(value.type, value.shape))
    byte_size = math.prod(value.shape) * tensors.element_size(value.type)
    return Span(blobs / str(value.blobs[0].index), offset, byte_size)


# --- as JSON ---


def _elements(name: str, value: OutputValue, blobs: Path) -> Sequence[Any]:
    if value.type in MEDIA:
        _check_loaded(name, sum(blob.byte_size for blob in value.blobs))
        return [base64.b64encode((blobs / str(blob.index)).read_bytes()).decode() for blob in value.blobs]
    if value.type == "string":
        return _texts(name, value, blobs)
    if value.truncated:
        span = _numbers_in_blob(value, blobs)
        _check_loaded(name, span.byte_size)
        return tensors.numbers_of(value.type, span.read())
    return value.elements


def _texts(name: str, value: OutputValue, blobs: Path) -> list[str]:
    if not value.truncated:
        return value.elements
    [blob] = value.blobs
    _check_loaded(name, blob.byte_size)
    texts: list[str] = json.loads((blobs / str(blob.index)).read_bytes())
    return texts


def _check_loaded(name: str, byte_size: int) -> None:
    if byte_size > MAX_LOADED_BYTES:
        raise InvalidRequest(
            f"The output {name!r} has {byte_size:,} bytes; expected at most {MAX_LOADED_BYTES:,} as JSON or text. "
            "Ask for numbers and files with binary_data; texts are at GET /api/v1/operations/{operation}/result."
        )


def _size(payload: Payload) -> int:
    return len(payload) if isinstance(payload, bytes) else payload.byte_size
