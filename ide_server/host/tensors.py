"""Values as host and runner exchange them: a header (type, shape, files) and a payload of bytes.

Numbers and booleans are little-endian, one after the other; texts are a JSON list; encoded files follow each other,
each with its format and size in the header. Where a value stands alone, as a parameter does, four bytes of header
length and the header, as JSON padded with spaces, come first. docs/launchers.md has the whole of it.
"""

import array
import json
import math
import struct
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import msgspec

from ide_server.wire import ElementType

Source = bytes | Path
"""What a runner may read: bytes in memory, or a file."""

MEDIA: tuple[ElementType, ...] = ("image", "audio", "video", "binary")

ARRAY_CODES: Mapping[str, str] = {
    "f32": "f", "f64": "d", "i8": "b", "i16": "h", "i32": "i", "i64": "q",
    "u8": "B", "u16": "H", "u32": "I", "u64": "Q", "boolean": "B",
}  # fmt: skip
DTYPES: Mapping[str, str] = {
    "f32": "<f4", "f64": "<f8", "i8": "|i1", "i16": "<i2", "i32": "<i4", "i64": "<i8",
    "u8": "|u1", "u16": "<u2", "u32": "<u4", "u64": "<u8", "boolean": "|b1",
}  # fmt: skip
"""As numpy writes them into an .npy file."""

ALIGNMENT = 64
"""Of a payload within its value, so that it can be used where it lies."""

Size = Annotated[int, msgspec.Meta(ge=0, lt=1 << 53)]
Format = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9.+-]{0,16}\Z")]


class File(msgspec.Struct, frozen=True):
    """An encoded file: "png", "wav", ... or "" for plain bytes."""

    format: Format
    byte_size: Size


class Header(msgspec.Struct, frozen=True):
    type: ElementType
    shape: list[Size]
    files: list[File] = []


def element_size(element_type: ElementType) -> int:
    """Of numbers and booleans."""
    return array.array(ARRAY_CODES[element_type]).itemsize


# --- to the runner ---


def encode_value(header: Header, payload: bytes) -> bytes:
    text = msgspec.json.encode(header)
    padding = -(4 + len(text)) % ALIGNMENT
    return b"".join([struct.pack(">I", len(text) + padding), text, b" " * padding, payload])


def encode_nested(element_type: ElementType, shape: list[int], value: Any) -> bytes:
    """Of JSON: a number, text or boolean, or equally long lists of such; NaN and infinities as words."""
    flat = flat_of(value)
    if element_type == "string":
        return encode_value(Header(element_type, shape), json.dumps(flat, ensure_ascii=False).encode())
    return encode_value(Header(element_type, shape), bytes_of(element_type, flat))


def bytes_of(element_type: ElementType, flat: Sequence[Any]) -> bytes:
    """Of numbers and booleans, as JSON has them."""
    if element_type in ("f32", "f64"):
        flat = [float(element) for element in flat]
    return _swapped(array.array(ARRAY_CODES[element_type], flat)).tobytes()


def encode_files(element_type: ElementType, shape: list[int], files: Sequence[tuple[str, bytes]]) -> bytes:
    """`files` are (format, bytes)."""
    header = Header(element_type, shape, [File(name, len(data)) for name, data in files])
    return encode_value(header, b"".join(data for _, data in files))


def shape_of(value: Any) -> list[int]:
    """Of lists in lists, by the first of each."""
    shape = []
    while isinstance(value, list):
        shape.append(len(value))
        if not value:
            break
        value = value[0]
    return shape


def flat_of(value: Any) -> list[Any]:
    """The elements, row-major."""
    if not isinstance(value, list):
        return [value]
    if value and isinstance(value[0], list):
        return [element for row in value for element in flat_of(row)]
    return value


# --- from the runner ---


def numbers_of(element_type: ElementType, payload: bytes) -> list[Any]:
    """The elements, as JSON has them."""
    numbers = array.array(ARRAY_CODES[element_type])
    numbers.frombytes(payload)
    flat = _swapped(numbers).tolist()
    if element_type == "boolean":
        return [element != 0 for element in flat]
    return [json_number(element) for element in flat] if element_type in ("f32", "f64") else flat


def npy_header(element_type: ElementType, shape: Sequence[int]) -> bytes:
    """What precedes the elements in numpy's file format, version 1.0."""
    lengths = "".join(f"{length}, " for length in shape)
    text = f"{{'descr': '{DTYPES[element_type]}', 'fortran_order': False, 'shape': ({lengths}), }}"
    padding = -(10 + len(text) + 1) % ALIGNMENT
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text) + padding + 1) + (text + " " * padding + "\n").encode()


def json_number(element: float) -> float | str:
    """JSON has no NaN and no infinities, so they are words."""
    if math.isfinite(element):
        return element
    return "nan" if math.isnan(element) else "inf" if element > 0 else "-inf"


def _swapped(numbers: "array.array[Any]") -> "array.array[Any]":
    """Little-endian, or from there, on machines that are not."""
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers
