"""Arrays in numpy's .npy format, whose first axis are the entries; read without numpy."""

import array
import ast
import math
import struct
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO

from ide_server.errors import InvalidRequest
from ide_server.host.datasets.entries import Batch, Entries, LargeEntry, rows_of, singles_of
from ide_server.host.tensors import ARRAY_CODES, DTYPES, Header, encode_nested
from ide_server.wire import ElementType

MAGIC = b"\x93NUMPY"
MAX_HEADER_BYTES = 64 << 10
MAX_DIMENSIONS = 32
CHUNK_BYTES = 1 << 20
MAX_TEXT_BYTES = 16 << 20
"""Of the texts of one entry."""
TYPES: dict[str, ElementType] = {dtype[1:]: element_type for element_type, dtype in DTYPES.items()}  # type: ignore[misc]
"""By dtype without its byte order."""
AS_BOOLEAN = bytes([0, *[1] * 255])


@dataclass(frozen=True)
class Layout:
    """What a header says: how an element lies in the file, and what it becomes."""

    type: ElementType
    shape: list[int]
    item_bytes: int
    decode: Callable[[bytes], bytes]
    """From the file's elements to ours."""


def read_npy(file: IO[bytes], key: str) -> Iterator[Batch]:
    """Raises InvalidRequest."""
    layout = read_layout(file)
    count, shape = layout.shape[0], layout.shape[1:]
    entry_bytes = math.prod(shape) * layout.item_bytes
    if layout.type == "string":
        yield from _texts(file, key, layout, entry_bytes)
    elif entry_bytes > CHUNK_BYTES:
        for _ in range(count):
            yield _large(file, key, layout, entry_bytes)
    else:
        at_once = max(1, CHUNK_BYTES // max(1, entry_bytes))
        for start in range(0, count, at_once):
            some = min(at_once, count - start)
            data = layout.decode(_read(file, some * entry_bytes))
            yield rows_of(key, Header(layout.type, shape), data, some)


def read_layout(file: IO[bytes]) -> Layout:
    """What precedes the elements. Raises InvalidRequest."""
    start = file.read(8)
    if start[:6] != MAGIC or len(start) < 8:
        raise InvalidRequest("Expected a file that numpy.save has written (.npy), got another.")
    size_bytes, encoding = (2, "latin-1") if start[6] == 1 else (4, "utf-8")
    (size,) = struct.unpack("<H" if size_bytes == 2 else "<I", _read(file, size_bytes))
    if size > MAX_HEADER_BYTES:
        raise InvalidRequest(f"Expected a header of at most {MAX_HEADER_BYTES:,} bytes in the .npy file, got {size:,}.")
    try:
        header = ast.literal_eval(_read(file, size).decode(encoding).strip())
        described, is_fortran, shape = header["descr"], header["fortran_order"], header["shape"]
    # literal_eval raises these for text that is no literal, or nests too deeply.
    except (ValueError, SyntaxError, KeyError, TypeError, MemoryError, RecursionError) as error:
        raise InvalidRequest(f"The header of the .npy file cannot be read: {error}.") from error
    return _layout(described, is_fortran, shape)


def _layout(described: object, is_fortran: object, shape: object) -> Layout:
    if not isinstance(shape, tuple) or not all(isinstance(length, int) and length >= 0 for length in shape):
        raise InvalidRequest(f"Expected a shape in the .npy file, got {shape!r:.100}.")
    if not 1 <= len(shape) <= MAX_DIMENSIONS or 0 in shape:
        raise InvalidRequest(f"Expected an array whose first axis are the entries, got one of the shape {shape}.")
    if is_fortran and len(shape) > 1:
        raise InvalidRequest("The array lies column by column. Save numpy.ascontiguousarray(it).")
    if not isinstance(described, str) or len(described) < 3:
        raise InvalidRequest(f"Expected an array of numbers, booleans or texts, got {described!r:.100}.")
    order, code = described[0], described[1:]
    is_swapped = order == ">"
    if code[0] == "U" and code[1:].isdecimal() and 0 < int(code[1:]) <= MAX_TEXT_BYTES // 4:
        return Layout("string", [*shape], 4 * int(code[1:]), _utf_32(is_swapped))
    if code == "f2":
        return Layout("f32", [*shape], 2, lambda data: _widened(data, ">" if is_swapped else "<"))
    if code not in TYPES:
        raise InvalidRequest(f"Expected an array of numbers, booleans or texts, got the dtype {described!r:.40}.")
    element_type = TYPES[code]
    decode = _swapped(element_type) if is_swapped else _booleans if element_type == "boolean" else _same
    return Layout(element_type, [*shape], array.array(ARRAY_CODES[element_type]).itemsize, decode)


def _texts(file: IO[bytes], key: str, layout: Layout, entry_bytes: int) -> Iterator[Batch]:
    if entry_bytes > MAX_TEXT_BYTES:
        raise InvalidRequest(f"Expected at most {MAX_TEXT_BYTES >> 20} MiB of texts in an entry, got more.")
    count, shape = layout.shape[0], layout.shape[1:]
    for index in range(count):
        data = layout.decode(_read(file, entry_bytes))
        texts = [_text(data[start : start + layout.item_bytes]) for start in range(0, entry_bytes, layout.item_bytes)]
        if shape:
            yield Entries(key, "string", shape, [encode_nested("string", shape, texts)], None)
        else:
            yield singles_of(key, "string", texts, [f"Entry {index}"])


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-32-le").rstrip("\0")
    except UnicodeDecodeError as error:
        raise InvalidRequest(f"A text of the .npy file is no Unicode: {error.reason}.") from error


def _large(file: IO[bytes], key: str, layout: Layout, entry_bytes: int) -> LargeEntry:
    width = array.array(ARRAY_CODES[layout.type]).itemsize
    byte_size = entry_bytes // layout.item_bytes * width
    sizes = (min(CHUNK_BYTES, entry_bytes - start) for start in range(0, entry_bytes, CHUNK_BYTES))
    chunks = (layout.decode(_read(file, size)) for size in sizes)
    return LargeEntry(key, Header(layout.type, layout.shape[1:]), byte_size, chunks)


def _read(file: IO[bytes], size: int) -> bytes:
    data = file.read(size)
    if len(data) != size:
        raise InvalidRequest("The .npy file ends before all that its header tells of.")
    return data


def _same(data: bytes) -> bytes:
    return data


def _booleans(data: bytes) -> bytes:
    return data.translate(AS_BOOLEAN)


def _swapped(element_type: ElementType) -> Callable[[bytes], bytes]:
    def swapped(data: bytes) -> bytes:
        numbers = array.array(ARRAY_CODES[element_type], data)
        numbers.byteswap()
        return numbers.tobytes()

    return swapped


def _widened(data: bytes, order: str) -> bytes:
    """Numbers of 16 bits, which are none of our types."""
    numbers = array.array("f", struct.unpack(f"{order}{len(data) // 2}e", data))
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers.tobytes()


def _utf_32(is_swapped: bool) -> Callable[[bytes], bytes]:
    def swapped(data: bytes) -> bytes:
        numbers = array.array("I", data)
        numbers.byteswap()
        return numbers.tobytes()

    return swapped if is_swapped else _same
