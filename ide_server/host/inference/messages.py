"""The messages of the Open Inference Protocol v2, as types, and how its datatypes are named here.

https://github.com/kserve/open-inference-protocol and, of tensors as bytes, Triton's binary tensor data extension. What
a message holds beyond these types belongs to extensions that are not spoken here, and is passed over.
"""

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec

from ide_server.wire import ElementType

DATATYPES: Mapping[ElementType, str] = {
    "f32": "FP32", "f64": "FP64", "i8": "INT8", "i16": "INT16", "i32": "INT32", "i64": "INT64",
    "u8": "UINT8", "u16": "UINT16", "u32": "UINT32", "u64": "UINT64", "boolean": "BOOL",
    "string": "BYTES", "binary": "BYTES", "image": "BYTES", "audio": "BYTES", "video": "BYTES",
}  # fmt: skip

MAX_RANK = 32

Parameters = dict[str, Any]
Length = Annotated[int, msgspec.Meta(ge=0, lt=1 << 31)]
Shape = Annotated[list[Length], msgspec.Meta(max_length=MAX_RANK)]


class RequestInput(msgspec.Struct, frozen=True):
    """Its elements are `data`, or follow the JSON as `binary_data_size` bytes."""

    name: str
    shape: Shape
    datatype: str
    parameters: Parameters = {}
    data: list[Any] | None = None


class RequestOutput(msgspec.Struct, frozen=True):
    name: str
    parameters: Parameters = {}


class InferRequest(msgspec.Struct, frozen=True):
    inputs: list[RequestInput] = []
    outputs: list[RequestOutput] = []
    """Empty: all that the model returns."""
    id: str = ""
    parameters: Parameters = {}


class ReplyOutput(msgspec.Struct, frozen=True, omit_defaults=True):
    """Its elements are `data`, or follow the JSON as `binary_data_size` bytes."""

    name: str
    datatype: str
    shape: list[int]
    parameters: Parameters = {}
    data: list[Any] | None = None


class InferReply(msgspec.Struct, frozen=True, omit_defaults=True):
    model_name: str
    outputs: list[ReplyOutput]
    parameters: Parameters
    id: str = ""


class TensorMetadata(msgspec.Struct, frozen=True):
    """shape: -1 is any length, [] a scalar."""

    name: str
    datatype: str
    shape: list[int]


class ModelMetadata(msgspec.Struct, frozen=True):
    name: str
    platform: str
    inputs: list[TensorMetadata]
    outputs: list[TensorMetadata]
    versions: list[str] = []


class ServerMetadata(msgspec.Struct, frozen=True):
    name: str
    version: str
    extensions: list[str]
