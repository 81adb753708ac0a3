"""An infer request as what an evaluate is asked: its tensors as parameters, of just the types that they came in."""

import base64
import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec

from ide_server.errors import InvalidRequest
from ide_server.host import tensors
from ide_server.host.inference.messages import DATATYPES, InferRequest, RequestInput
from ide_server.wire import ElementType, NewOperation, ParameterDefinition, ParameterDefinitions, StateId, decode

MAX_EMPTY_ROWS = 10_000
"""A shape like [1000000000, 0] holds no element, yet would be as many lists."""

E = TypeVar("E")


@dataclass(frozen=True)
class Tensor:
    """`elements`: flat, row-major; of BYTES, bytes where they came as such, and what JSON had where they did not."""

    name: str
    datatype: str
    shape: list[int]
    elements: list[Any]
    format: str = ""
    """Of encoded files: "png", "wav"."""


# --- from the bytes of a request ---


def read_request(body: bytes, json_size: int | None) -> tuple[InferRequest, list[Tensor]]:
    """`json_size`: of the JSON that the tensors' bytes follow; None: all is JSON. Raises InvalidRequest."""
    if json_size is not None and json_size > len(body):
        raise InvalidRequest(f"Expected {json_size} bytes of JSON at the start of the body, which has {len(body)}.")
    request = decode(body[:json_size], InferRequest)
    left = memoryview(body)[len(body) if json_size is None else json_size :]
    found = []
    for described in request.inputs:
        payload, left = _payload(described, left)
        found.append(_from_json(described) if payload is None else _from_bytes(described, bytes(payload)))
    if left:
        raise InvalidRequest(f"The body has {len(left)} bytes more than its inputs' binary_data_size say.")
    return request, found


def _payload(described: RequestInput, left: memoryview) -> tuple[memoryview | None, memoryview]:
    size = described.parameters.get("binary_data_size")
    if size is None:
        return None, left
    if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size <= len(left):
        raise InvalidRequest(f"{described.name}: expected binary_data_size from 0 to {len(left)}, got {size!r}.")
    return left[:size], left[size:]


def _from_json(described: RequestInput) -> Tensor:
    if described.data is None:
        raise InvalidRequest(f"{described.name}: expected data, or binary_data_size and as many bytes after the JSON.")
    elements = _flat(described.data, len(described.shape))
    _check_count(described, len(elements))
    return _tensor(described, elements)


def _flat(data: list[Any], rank: int) -> list[Any]:
    """The protocol allows lists nested as the shape is, and flat ones."""
    for _ in range(rank - 1):
        if not data or not isinstance(data[0], list):
            break
        data = [element for row in data for element in (row if isinstance(row, list) else [row])]
    return data


def _from_bytes(described: RequestInput, payload: bytes) -> Tensor:
    if described.datatype == "BYTES":
        elements: list[Any] = [*_sized(described.name, payload)]
        _check_count(described, len(elements))
        return _tensor(described, elements)
    element_type = _numeric_type(described)
    expected = math.prod(described.shape) * tensors.element_size(element_type)
    if len(payload) != expected:
        raise InvalidRequest(
            f"{described.name}: expected {expected} bytes of {described.datatype} {described.shape}, "
            f"got {len(payload)}."
        )
    return _tensor(described, tensors.numbers_of(element_type, payload))


def _sized(name: str, payload: bytes) -> Iterator[bytes]:
    """Elements of BYTES, each after its length in four bytes, little-endian."""
    position = 0
    while position < len(payload):
        start = position + 4
        position = start + (struct.unpack_from("<I", payload, position)[0] if start <= len(payload) else 0)
        if position > len(payload) or start > len(payload):
            raise InvalidRequest(f"{name}: an element of BYTES is cut off at the end of its {len(payload)} bytes.")
        yield payload[start:position]


def _numeric_type(described: RequestInput) -> ElementType:
    for element_type, datatype in DATATYPES.items():
        if datatype == described.datatype:
            return element_type
    known = ", ".join(dict.fromkeys(DATATYPES.values()))
    raise InvalidRequest(f"{described.name}: expected one of {known}, got the datatype {described.datatype[:40]!r}.")


def _check_count(described: RequestInput, count: int) -> None:
    expected = math.prod(described.shape)
    if count != expected:
        raise InvalidRequest(f"{described.name}: expected {expected} elements of {described.shape}, got {count}.")


def _tensor(described: RequestInput, elements: list[Any]) -> Tensor:
    _numeric_type(described)  # the datatype is one that is known
    shape = described.shape
    if 0 in shape and math.prod(shape[: shape.index(0)]) > MAX_EMPTY_ROWS:
        raise InvalidRequest(f"{described.name}: the shape {shape} has more than {MAX_EMPTY_ROWS:,} empty rows.")
    return Tensor(described.name, described.datatype, shape, elements, str(described.parameters.get("format", "")))


# --- to an operation ---


def operation_of(
    request: InferRequest, given: list[Tensor], definitions: ParameterDefinitions
) -> tuple[NewOperation, ParameterDefinitions]:
    """With definitions of just the types that were sent, which are then what the code sees. Raises InvalidRequest."""
    known = {definition.name: definition for definition in definitions.evaluate_input}
    parameters: dict[str, Any] = {}
    for tensor in given:
        if tensor.name in parameters:
            raise InvalidRequest(f"{tensor.name}: expected once, got twice.")
        # One that nobody defined beside others is refused with the rest of what does not fit.
        if not definitions.evaluate_input or tensor.name in known:
            known[tensor.name] = narrowed(known.get(tensor.name) or _guessed(tensor), tensor)
            parameters[tensor.name] = _value(tensor, known[tensor.name])
        else:
            parameters[tensor.name] = None
    new = NewOperation("evaluate", parameters, _state_id(request))
    return new, msgspec.structs.replace(definitions, evaluate_input=[*known.values()])


def narrowed(definition: ParameterDefinition, tensor: Tensor) -> ParameterDefinition:
    """To the type that is sent. Raises InvalidRequest where that is none of the definition's."""
    fitting = [kind for kind in definition.types if DATATYPES[kind] == tensor.datatype]
    if not fitting:
        expected = " or ".join(dict.fromkeys(DATATYPES[kind] for kind in definition.types))
        raise InvalidRequest(f"{tensor.name}: expected the datatype {expected}, got {tensor.datatype}.")
    return msgspec.structs.replace(definition, types=fitting[:1])


def _guessed(tensor: Tensor) -> ParameterDefinition:
    """Of a tensor that no definition describes; BYTES are text if they can be."""
    kinds = [kind for kind, datatype in DATATYPES.items() if datatype == tensor.datatype]
    if tensor.datatype == "BYTES":
        kinds = ["string"] if all(map(_is_text, tensor.elements)) else ["binary"]
    return ParameterDefinition(tensor.name, kinds, [-1] * len(tensor.shape))


def _is_text(element: Any) -> bool:
    if not isinstance(element, bytes):
        return True
    try:
        element.decode()
    except UnicodeDecodeError:
        return False
    return True


def _value(tensor: Tensor, definition: ParameterDefinition) -> Any:
    """As JSON has it. Many clients know no scalars: one element in one list is one where a scalar is expected."""
    elements = tensor.elements
    if tensor.datatype == "BYTES":
        elements = [_bytes_element(tensor, element, definition.types[0]) for element in elements]
    shape = [] if not definition.shape and tensor.shape == [1] else tensor.shape
    return nested(elements, shape)


def _bytes_element(tensor: Tensor, element: Any, element_type: ElementType) -> Any:
    if element_type == "string":
        return _text(tensor.name, element) if isinstance(element, bytes) else element
    if isinstance(element, bytes):
        return {"format": tensor.format, "base64": base64.b64encode(element).decode()}
    return {"format": tensor.format, "base64": element}


def _text(name: str, element: bytes) -> str:
    try:
        return element.decode()
    except UnicodeDecodeError as error:
        raise InvalidRequest(f"{name}: expected UTF-8 text, got the byte 0x{element[error.start]:02x}.") from error


def nested(elements: list[E], shape: list[int]) -> Any:
    """Lists in lists as the shape says; the element itself of a scalar."""
    if not shape:
        return elements[0]
    if 0 in shape:
        return _empty(shape)
    rows: list[Any] = elements
    for length in reversed(shape[1:]):
        rows = [rows[start : start + length] for start in range(0, len(rows), length)]
    return rows


def _empty(shape: list[int]) -> list[Any]:
    return [_empty(shape[1:]) for _ in range(shape[0])]


def _state_id(request: InferRequest) -> StateId | None:
    asked = request.parameters.get("state_id")
    if asked is not None and not isinstance(asked, str):
        raise InvalidRequest(f"Expected the parameter state_id as text, got {asked!r}.")
    return None if asked is None else StateId(asked)
