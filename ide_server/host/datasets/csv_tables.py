"""CSV: a key for each column, whose type is what its cells show."""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import IO, Any

from ide_server.errors import InvalidRequest
from ide_server.host.datasets.appending import MAX_KEYS
from ide_server.host.datasets.entries import Batch, Known, singles_of
from ide_server.host.datasets.lines import Lines
from ide_server.host.parameters import FLOATS, INTEGERS
from ide_server.host.tensors import MEDIA, json_number
from ide_server.wire import ElementType

DELIMITERS = ",;\t|"
BATCH_CELLS = 20_000
INTEGER = re.compile(r"\s*[+-]?(0|[1-9][0-9]{0,18})\s*", re.ASCII)
"""One with a leading zero is no number but a code."""
NUMBER = re.compile(r"\s*[+-]?(((0|[1-9][0-9]*)(\.[0-9]*)?|\.[0-9]+)(e[+-]?[0-9]{1,3})?|nan|inf)\s*", re.ASCII | re.I)
BOOLEANS: Mapping[str, bool] = {"true": True, "false": False}

Row = tuple[int, list[str]]
"""The number of the line that it ends on, and its cells."""


def read_csv(file: IO[bytes], known: Known) -> Iterator[Batch]:
    """Read twice: what types there are shows only at the end. Raises InvalidRequest."""
    names = read_header(file)
    types = types_of(names, rows(file, len(names)), known)
    for batch in batched(rows(file, len(names)), max(1, BATCH_CELLS // len(names))):
        places = [f"Line {number}" for number, _ in batch]
        for column, (name, element_type) in enumerate(zip(names, types, strict=True)):
            values = [value_of(row[column], element_type) for _, row in batch]
            yield singles_of(name, element_type, values, places)


def read_header(file: IO[bytes]) -> list[str]:
    """The names of the columns; one without gets that of its place, as an index has often none."""
    header = next(records(file), None)
    if header is None:
        raise InvalidRequest("Expected a line of names, then a line for each entry; got an empty file.")
    names = [name.strip() or f"column {place}" for place, name in enumerate(header[1], 1)]
    if len(names) > MAX_KEYS:
        raise InvalidRequest(f"Expected at most {MAX_KEYS} columns, got {len(names):,}.")
    twice = next((name for place, name in enumerate(names) if name in names[:place]), None)
    if twice is not None:
        raise InvalidRequest(f"Expected names of columns that differ, got {twice[:100]!r} twice.")
    return names


def rows(file: IO[bytes], width: int) -> Iterator[Row]:
    """Below the header; empty lines are left out."""
    found = records(file)
    next(found)
    for number, row in found:
        if len(row) != width:
            raise InvalidRequest(f"Line {number}: expected {width} cells, as the header has, got {len(row)}.")
        yield number, row


def records(file: IO[bytes]) -> Iterator[Row]:
    lines = Lines(file)
    first = next(lines, "")
    delimiter = max(DELIMITERS, key=first.count)
    lines = Lines(file)
    try:
        for row in csv.reader(lines, delimiter=delimiter, strict=True):
            lines.begin_record()
            if row:
                yield lines.number, row
    except csv.Error as error:
        raise InvalidRequest(f"Line {lines.number}: {error}. Expected comma-separated values (RFC 4180).") from error


def batched(found: Iterator[Row], size: int) -> Iterator[list[Row]]:
    held: list[Row] = []
    for row in found:
        held.append(row)
        if len(held) == size:
            yield held
            held = []
    if held:
        yield held


# --- types ---


def types_of(names: Sequence[str], found: Iterator[Row], known: Known) -> list[ElementType]:
    """Of the columns. Raises InvalidRequest."""
    kinds: list[set[str]] = [set() for _ in names]
    for _, row in found:
        for seen, cell in zip(kinds, row, strict=True):
            if "text" not in seen:
                seen.add(kind_of(cell))
    return [
        known_type(name, known) if name in known else type_of(seen) for name, seen in zip(names, kinds, strict=True)
    ]


def kind_of(cell: str) -> str:
    if INTEGER.fullmatch(cell):
        return "integer" if INTEGERS["i64"][0] <= int(cell) <= INTEGERS["i64"][1] else "text"
    if NUMBER.fullmatch(cell):
        return "text" if _is_long_integer(cell) else "number"
    word = cell.strip().lower()
    return "empty" if not word else "boolean" if word in BOOLEANS else "text"


def _is_long_integer(cell: str) -> bool:
    """More digits than a number keeps: the name of something."""
    return cell.strip().lstrip("+-").isdecimal()


def type_of(kinds: set[str]) -> ElementType:
    if kinds == {"boolean"}:
        return "boolean"
    if kinds == {"integer"}:
        return "i64"
    if kinds <= {"integer", "number", "empty"} and kinds != {"empty"}:
        return "f64"
    return "string"


def known_type(name: str, known: Known) -> ElementType:
    record = known[name]
    if record.shape or record.type in MEDIA:
        raise InvalidRequest(
            f"{name!r} holds {record.type} of the shape {record.shape}; a cell of CSV is no such entry."
        )
    return record.type


def value_of(cell: str, element_type: ElementType) -> Any:
    """The cell itself where it is no such value: that is refused with the rest that does not fit."""
    if element_type == "string":
        return cell
    if element_type == "boolean":
        return BOOLEANS.get(cell.strip().lower(), cell)
    if element_type in INTEGERS:
        return int(cell) if INTEGER.fullmatch(cell) else cell
    assert element_type in FLOATS
    if not cell.strip():
        return "nan"
    return json_number(float(cell)) if NUMBER.fullmatch(cell) else cell
