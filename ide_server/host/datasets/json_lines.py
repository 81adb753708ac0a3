"""JSON lines: an object on each, of a value for every key."""

from collections.abc import Iterator
from typing import IO, Any

import msgspec

from ide_server.errors import InvalidRequest
from ide_server.host.datasets.appending import MAX_KEYS
from ide_server.host.datasets.entries import Batch, Known
from ide_server.host.datasets.json_values import BATCH_ENTRIES, Shown, definition_of, encoded
from ide_server.host.datasets.lines import Lines

BATCH_BYTES = 1 << 20


def read_json_lines(file: IO[bytes], known: Known) -> Iterator[Batch]:
    """Read twice: what types there are shows only at the end. Raises InvalidRequest."""
    shown: dict[str, Shown] = {}
    for _, row in rows(file):
        for key, value in row.items():
            shown.setdefault(key, Shown(key)).add(value)
        if len(shown) > MAX_KEYS:
            raise InvalidRequest(f"Expected at most {MAX_KEYS} keys, got more.")
    definitions = [definition_of(key, known, shown=each) for key, each in shown.items()]
    for batch in batched(file):
        places = [f"Line {number}" for number, _ in batch]
        for definition in definitions:
            yield from encoded(definition, [row.get(definition.name) for _, row in batch], places)


def rows(file: IO[bytes]) -> Iterator[tuple[int, dict[str, Any]]]:
    """With the numbers of their lines."""
    lines = Lines(file)
    for line in lines:
        lines.begin_record()
        if not line.strip():
            continue
        try:
            yield lines.number, msgspec.json.decode(line, type=dict[str, Any])
        except (msgspec.DecodeError, RecursionError) as error:
            raise InvalidRequest(f"Line {lines.number}: {error}. Expected a JSON object on each line.") from error


def batched(file: IO[bytes]) -> Iterator[list[tuple[int, dict[str, Any]]]]:
    held: list[tuple[int, dict[str, Any]]] = []
    began = 0
    for number, row in rows(file):
        held.append((number, row))
        if len(held) == BATCH_ENTRIES or file.tell() - began > BATCH_BYTES:
            yield held
            held, began = [], file.tell()
    if held:
        yield held
