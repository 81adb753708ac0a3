"""Entries as a page shows them: the first elements of each, and which files it has."""

import itertools
import json
import os
import struct
from contextlib import suppress
from pathlib import Path
from typing import IO

import msgspec

from ide_server.catalog import KeyRecord
from ide_server.host.datasets.appending import files_of
from ide_server.host.tensors import MEDIA, File, Header, element_size, numbers_of
from ide_server.wire import Blob, OutputValue

MAX_ENTRIES = 1000
MAX_BYTES = 1 << 20
"""Of all payloads that are read for one answer."""
MAX_ELEMENTS = 10_000
MAX_TEXT_BYTES = 64 << 10
"""Of the texts of one entry."""


class Payload(msgspec.Struct, frozen=True):
    """Where an entry's bytes lie in the file of its key."""

    header: Header
    start: int
    byte_size: int


class Reader:
    """Of one key. Blocks."""

    def __init__(self, folder: Path, record: KeyRecord) -> None:
        self._values, self._ends = files_of(folder, record.file)

    def show(self, start: int, count: int) -> list[OutputValue]:
        """Fewer elements of each, the more there is to show."""
        with self._values.open("rb") as values:
            left, shown = MAX_BYTES, []
            for place in self.places(start, count):
                payload = payload_at(values, *place)
                shown.append(shown_value(values, payload, left))
                left = max(0, left - payload.byte_size)
            return shown

    def payload(self, index: int) -> Payload:
        with self._values.open("rb") as values:
            return payload_at(values, *self.places(index, 1)[0])

    def places(self, start: int, count: int) -> list[tuple[int, int]]:
        """Where entries start and end."""
        first = max(0, start - 1)
        with self._ends.open("rb") as file:
            data = os.pread(file.fileno(), 8 * (start - first + count), 8 * first)
        ends = list(struct.unpack(f"<{len(data) // 8}Q", data))
        starts = [0, *ends] if start == 0 else ends
        return list(itertools.pairwise(starts))

    def end_of(self, count: int) -> int:
        """How many bytes the first so many entries take."""
        return self.places(count - 1, 1)[0][1] if count else 0

    @property
    def path(self) -> Path:
        return self._values

    @property
    def ends_path(self) -> Path:
        return self._ends


def payload_at(values: IO[bytes], start: int, end: int) -> Payload:
    (size,) = struct.unpack(">I", os.pread(values.fileno(), 4, start))
    header = msgspec.json.decode(os.pread(values.fileno(), size, start + 4), type=Header)
    return Payload(header, start + 4 + size, end - start - 4 - size)


def shown_value(values: IO[bytes], payload: Payload, most_bytes: int) -> OutputValue:
    header = payload.header
    if header.type in MEDIA:
        return OutputValue(header.type, header.shape, [], blobs_of(header.files))
    if header.type == "string":
        shown_bytes = min(payload.byte_size, most_bytes, MAX_TEXT_BYTES)
    else:
        width = element_size(header.type)
        shown_bytes = min(payload.byte_size, most_bytes, MAX_ELEMENTS * width) // width * width
    data = os.pread(values.fileno(), shown_bytes, payload.start)
    is_cut = shown_bytes < payload.byte_size
    if header.type != "string":
        elements = numbers_of(header.type, data)
    else:
        elements = first_texts(data) if is_cut else json.loads(data)
    return OutputValue(header.type, header.shape, elements, [], truncated=is_cut)


def blobs_of(files: list[File]) -> list[Blob]:
    return [Blob(index, file.format, file.byte_size) for index, file in enumerate(files)]


def first_texts(cut_off: bytes) -> list[str]:
    """Of a JSON list of texts that is cut off anywhere; the last text as far as it goes."""
    text = cut_off.decode(errors="ignore")
    for end in range(len(text), max(0, len(text) - 12), -1):  # longer than any escape, with its quote and comma
        for closing in ('"]', "]"):
            with suppress(ValueError):
                found: list[str] = json.loads(text[:end] + closing)
                return found
    return []
