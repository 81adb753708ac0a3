"""Entries on their way into a dataset: several alike at once, or one that is too large to be held."""

import array
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from ide_server.catalog import KeyRecord
from ide_server.errors import InvalidRequest
from ide_server.host.parameters import problem_of
from ide_server.host.tensors import ARRAY_CODES, Header, bytes_of, encode_value
from ide_server.wire import ElementType, ParameterDefinition

MAX_ENTRY_BYTES = 1 << 30
MAX_LOOKED_INTO = 64
"""Elements of an entry. What larger tensors hold is not looked into: that would take minutes."""


@dataclass(frozen=True)
class Entries:
    """Of one key, in the encoding of host/tensors.py; all have this type and shape.

    `elements`: of all of them, row-major; None where they are not to be looked into.
    """

    key: str
    type: ElementType
    shape: Sequence[int]
    encoded: Sequence[bytes]
    elements: Sequence[Any] | None = None


@dataclass(frozen=True)
class LargeEntry:
    """One, whose payload of `byte_size` comes in chunks."""

    key: str
    header: Header
    byte_size: int
    chunks: Iterator[bytes]


Batch = Entries | LargeEntry
Known = Mapping[str, KeyRecord]
"""The keys that a dataset has already, by name: what is appended to one has its type."""


def rows_of(key: str, header: Header, payload: bytes, count: int) -> Entries:
    """`payload`: of `count` entries of numbers or booleans, all of the header's shape."""
    head, size = encode_value(header, b""), len(payload) // count
    encoded = [head + payload[index * size : (index + 1) * size] for index in range(count)]
    width = size // array.array(ARRAY_CODES[header.type]).itemsize
    elements = numbers_of(header.type, payload) if width <= MAX_LOOKED_INTO else None
    return Entries(key, header.type, header.shape, encoded, elements)


def numbers_of(element_type: ElementType, payload: bytes) -> Sequence[Any]:
    numbers = array.array(ARRAY_CODES[element_type])
    numbers.frombytes(payload)
    if sys.byteorder == "big":
        numbers.byteswap()
    return [each != 0 for each in numbers] if element_type == "boolean" else numbers


def singles_of(key: str, element_type: ElementType, values: Sequence[Any], places: Sequence[str]) -> Entries:
    """Single numbers, booleans or texts. Raises InvalidRequest, saying at which of the places one does not fit."""
    header = Header(element_type, [])
    if element_type == "string":
        head = encode_value(header, b"")
        encoded = [head + msgspec.json.encode([value]) for value in values]
        return Entries(key, element_type, [], encoded, values)
    try:
        payload = bytes_of(element_type, values)
    except (TypeError, ValueError, OverflowError):
        check_each(ParameterDefinition(key, [element_type]), values, places)
        raise
    return rows_of(key, header, payload, len(values))


def check_each(definition: ParameterDefinition, values: Sequence[Any], places: Sequence[str]) -> None:
    """Raises InvalidRequest."""
    for value, place in zip(values, places, strict=True):
        if (problem := problem_of(value, definition)) is not None:
            raise InvalidRequest(f"{place}, {definition.name!r}: {problem}.")
