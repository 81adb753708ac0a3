"""Requests of the inference protocol: read whole or refused, whatever comes."""

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ide_server.errors import InvalidRequest
from ide_server.host.inference.inputs import nested, operation_of, read_request
from ide_server.host.inference.messages import DATATYPES, InferRequest
from ide_server.host.parameters import check_arguments
from ide_server.host.tensors import bytes_of, flat_of, numbers_of, shape_of
from ide_server.wire import ElementType, ParameterDefinition, ParameterDefinitions

NUMERIC: list[ElementType] = [kind for kind, datatype in DATATYPES.items() if datatype != "BYTES"]


def described(**changes: Any) -> dict[str, Any]:
    return {"name": "x", "shape": [2], "datatype": "FP32", **changes}


def body_of(*inputs: dict[str, Any], payload: bytes = b"") -> tuple[bytes, int]:
    head = json.dumps({"inputs": inputs}).encode()
    return head + payload, len(head)


def parameter(definition: ParameterDefinition | None, sent: dict[str, Any], payload: bytes = b"") -> Any:
    """What the operation is asked."""
    body, size = body_of(sent, payload=payload)
    request, tensors = read_request(body, size)
    definitions = ParameterDefinitions(evaluate_input=[] if definition is None else [definition])
    new, narrowed = operation_of(request, tensors, definitions)
    check_arguments(narrowed.evaluate_input, new.parameters)
    return new.parameters["x"], narrowed.evaluate_input[0].types


@given(st.sampled_from(NUMERIC), st.lists(st.integers(0, 3), max_size=4))
def test_numbers_come_as_bytes_or_as_json_and_mean_the_same(element_type: ElementType, shape: list[int]) -> None:
    count = math.prod(shape)
    elements = numbers_of(element_type, bytes_of(element_type, [index % 2 for index in range(count)]))
    sent = described(shape=shape, datatype=DATATYPES[element_type])
    flat = parameter(None, sent | {"data": elements})
    assert flat == parameter(None, sent | {"data": nested(elements, shape) if shape else elements})
    payload = bytes_of(element_type, elements)
    assert flat == parameter(None, sent | {"parameters": {"binary_data_size": len(payload)}}, payload)
    assert flat[1] == [element_type]
    if 0 not in shape:
        assert (shape_of(flat[0]), flat_of(flat[0])) == (shape, elements)


@given(st.binary(max_size=200), st.none() | st.integers(0, 250))
def test_garbage_is_refused(body: bytes, json_size: int | None) -> None:
    try:
        request, _ = read_request(body, json_size)
    except InvalidRequest:
        return
    assert isinstance(request, InferRequest)


@given(st.binary(max_size=40), st.integers(0, 4))
def test_bytes_are_read_whole_or_refused(payload: bytes, count: int) -> None:
    sent = described(shape=[count], datatype="BYTES", parameters={"binary_data_size": len(payload)})
    try:
        _, [tensor] = read_request(*body_of(sent, payload=payload))
    except InvalidRequest:
        return
    assert b"".join(len(each).to_bytes(4, "little") + each for each in tensor.elements) == payload


@pytest.mark.parametrize(
    ("sent", "payload", "said"),
    [
        (described(parameters={"binary_data_size": 8}), b"", "expected binary_data_size from 0 to 0, got 8"),
        (described(parameters={"binary_data_size": True}), b"1", "got True"),
        (described(parameters={"binary_data_size": 4}), b"1234", "expected 8 bytes of FP32 [2], got 4"),
        (described(data=[1, 2]), b"1", "1 bytes more"),
        (described(shape=[1_000_000_000, 0], data=[]), b"", "more than 10,000 empty rows"),
        (described(shape=[1] * 33, data=[1]), b"", "$.inputs[0].shape"),
        (described(data=[[1], [[[2]]]]), b"", "expected a single value, got a list of 1"),
        (
            described(datatype="BYTES", shape=[1], parameters={"binary_data_size": 6}),
            b"\5\0\0\0ab",
            "an element of BYTES is cut off at the end of its 6 bytes",
        ),
    ],
)
def test_a_refusal_says_what_came(sent: dict[str, Any], payload: bytes, said: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        parameter(ParameterDefinition("x", ["f32", "string"], [-1]), sent, payload)
    assert said in refused.value.message


def test_the_type_that_is_sent_is_the_one_that_the_code_gets() -> None:
    definition = ParameterDefinition("x", ["i64", "f64", "f32"], [-1])
    assert parameter(definition, described(data=[1.0, 2.0])) == ([1.0, 2.0], ["f32"])


def test_one_element_in_a_list_is_a_scalar_where_one_is_expected() -> None:
    sent = described(shape=[1], data=[0.5])
    assert parameter(ParameterDefinition("x", ["f32"]), sent) == (0.5, ["f32"])
    assert parameter(ParameterDefinition("x", ["f32"], [1]), sent) == ([0.5], ["f32"])


@pytest.mark.parametrize("element_type", ["binary", "image"])
def test_an_encoded_file_comes_as_bytes_or_as_base64(element_type: ElementType) -> None:
    definition = ParameterDefinition("x", [element_type])
    sent = described(shape=[1], datatype="BYTES")
    as_bytes = sent | {"parameters": {"binary_data_size": 8, "format": "png"}}
    expected = ({"format": "png", "base64": "iVBORw=="}, [element_type])
    assert parameter(definition, as_bytes, b"\4\0\0\0\x89PNG") == expected
    assert parameter(definition, sent | {"data": ["iVBORw=="], "parameters": {"format": "png"}}) == expected


@pytest.mark.parametrize(("payload", "kind"), [(b"\2\0\0\0\xc3\xa4", "string"), (b"\1\0\0\0\xff", "binary")])
def test_bytes_without_a_definition_are_text_if_they_can_be(payload: bytes, kind: str) -> None:
    sent = described(shape=[1], datatype="BYTES", parameters={"binary_data_size": len(payload)})
    assert parameter(None, sent, payload)[1] == [kind]
