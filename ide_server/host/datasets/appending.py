"""Entries being appended to the files of a dataset: nothing of them counts until the row says so.

A key has two files: `<file>.values`, its entries one after the other, and `<file>.ends`, where each ends, as
little-endian u64. Both are only appended to. What lies beyond what the row counts is left from an append that failed,
and is cut off before the next.
"""

import array
import itertools
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from ide_server.catalog import KeyRecord, new_id
from ide_server.errors import InvalidRequest
from ide_server.host import disk
from ide_server.host.datasets.entries import MAX_ENTRY_BYTES, Batch, Entries, LargeEntry
from ide_server.host.datasets.summaries import Summary
from ide_server.host.tensors import encode_value
from ide_server.wire import ElementType

MAX_KEYS = 1000
MAX_KEY_CHARACTERS = 200
MAX_BYTES = 64 << 30
"""Of one upload once it is unpacked: a small zip may hold very much."""
HELD_BYTES = 4 << 20


class Appending:
    """Blocks."""

    def __init__(self, folder: Path, keys: Sequence[KeyRecord]) -> None:
        self._folder = folder
        self._keys = {key.key: key for key in keys}
        self._tails: dict[str, _Tail] = {}
        self._held_bytes = 0
        self._byte_size = 0

    def add(self, batch: Batch) -> None:
        """Raises InvalidRequest, FilesystemUnavailable."""
        match batch:
            case Entries():
                self._add_entries(batch)
            case LargeEntry():
                self._add_large(batch)

    def finish(self) -> list[KeyRecord]:
        """On disk for good: what the row may say now. Raises InvalidRequest where nothing was added."""
        if not self._tails:
            raise InvalidRequest("Expected at least one entry, got none.")
        self._flush()
        for tail in self._tails.values():
            tail.sync()
        sync(self._folder)
        return [*(self._keys | {name: tail.record() for name, tail in self._tails.items()}).values()]

    def discard(self) -> None:
        """As if nothing had been added."""
        for tail in self._tails.values():
            tail.cut()

    def _add_entries(self, batch: Entries) -> None:
        if not batch.encoded:
            return
        tail = self._tail(batch.key, batch.type, batch.shape)
        size = sum(map(len, batch.encoded))
        self._count(size)
        tail.hold(batch)
        self._held_bytes += size
        if self._held_bytes > HELD_BYTES:
            self._flush()

    def _add_large(self, batch: LargeEntry) -> None:
        if batch.byte_size > MAX_ENTRY_BYTES:
            raise InvalidRequest(
                f"{batch.key!r}: expected entries of at most {MAX_ENTRY_BYTES:,} bytes, got one of {batch.byte_size:,}."
            )
        tail = self._tail(batch.key, batch.header.type, batch.header.shape)
        self._count(batch.byte_size)
        tail.stream(batch)

    def _tail(self, name: str, element_type: ElementType, shape: Sequence[int]) -> "_Tail":
        tail = self._tails.get(name)
        if tail is None:
            tail = self._tails[name] = self._new_tail(name, element_type, shape)
        if tail.type != element_type:
            raise InvalidRequest(f"{name!r} holds entries of {tail.type}, got {element_type}. Use another key.")
        if len(tail.summary.shape) != len(shape):
            raise InvalidRequest(
                f"{name!r} holds entries of the shape {tail.summary.shape}, got {[*shape]}. Use another key."
            )
        return tail

    def _new_tail(self, name: str, element_type: ElementType, shape: Sequence[int]) -> "_Tail":
        known = self._keys.get(name)
        if known is None:
            check_key(name)
            if len(self._keys.keys() | self._tails.keys()) >= MAX_KEYS:
                raise InvalidRequest(f"Expected at most {MAX_KEYS} keys in a dataset, got more.")
        return _Tail(self._folder, known, name, element_type, shape)

    def _count(self, byte_size: int) -> None:
        self._byte_size += byte_size
        if self._byte_size > MAX_BYTES:
            raise InvalidRequest(
                f"Expected at most {MAX_BYTES >> 30} GiB of entries at once, got more. Append them in several parts."
            )

    def _flush(self) -> None:
        for tail in self._tails.values():
            tail.flush()
        self._held_bytes = 0


class _Tail:
    """What is added to one key. No file stays open: an upload may have a thousand keys."""

    def __init__(
        self, folder: Path, known: KeyRecord | None, key: str, element_type: ElementType, shape: Sequence[int]
    ) -> None:
        self._key = key
        self._known = known
        self.type = element_type if known is None else known.type
        self.summary = Summary(known, shape)
        self._file = new_id() if known is None else known.file
        self._values, self._ends = files_of(folder, self._file)
        self._entries = self._first = 0 if known is None else known.entries
        self._byte_size = 0 if known is None else known.byte_size
        self._held: list[bytes] = []
        self._held_ends = array.array("Q")
        cut(self._values, self._byte_size)
        cut(self._ends, 8 * self._entries)

    def hold(self, batch: Entries) -> None:
        self.summary.add(batch)
        ends = itertools.accumulate(map(len, batch.encoded), initial=self._byte_size)
        next(ends)
        self._held_ends.extend(ends)
        self._held += batch.encoded
        self._entries += len(batch.encoded)
        self._byte_size = self._held_ends[-1]

    def stream(self, batch: LargeEntry) -> None:
        self.flush()
        self.summary.add_shape(batch.header.shape)
        self.summary.add_unseen()
        head = encode_value(batch.header, b"")
        append(self._values, lambda write: self._stream_into(write, head, batch))
        self._entries += 1
        self._byte_size += len(head) + batch.byte_size
        self._held_ends.append(self._byte_size)
        self.flush()

    def _stream_into(self, write: Callable[[bytes], None], head: bytes, batch: LargeEntry) -> None:
        write(head)
        came = 0
        for chunk in batch.chunks:
            came += len(chunk)
            write(chunk)
        if came != batch.byte_size:
            raise InvalidRequest(f"{self._key!r}: expected an entry of {batch.byte_size:,} bytes, got {came:,}.")

    def flush(self) -> None:
        if self._held:
            append(self._values, lambda write: write(b"".join(self._held)))
        if self._held_ends:
            append(self._ends, lambda write: write(little_endian(self._held_ends)))
        self._held = []
        self._held_ends = array.array("Q")

    def sync(self) -> None:
        sync(self._values)
        sync(self._ends)

    def record(self) -> KeyRecord:
        summary = self.summary
        return KeyRecord(
            key=self._key,
            file=self._file,
            type=self.type,
            shape=summary.shape,
            entries=self._entries,
            byte_size=self._byte_size,
            range=summary.range,
            distinct=summary.distinct,
        )

    def cut(self) -> None:
        if self._known is None:
            self._values.unlink(missing_ok=True)
            self._ends.unlink(missing_ok=True)
        else:
            cut(self._values, self._known.byte_size)
            cut(self._ends, 8 * self._known.entries)


def files_of(folder: Path, name: str) -> tuple[Path, Path]:
    """Of the values, and of where they end."""
    return folder / f"{name}.values", folder / f"{name}.ends"


def check_key(name: str) -> None:
    if not name or len(name) > MAX_KEY_CHARACTERS or not name.isprintable():
        raise InvalidRequest(f"Expected a key of 1 to {MAX_KEY_CHARACTERS} printable characters, got {name[:220]!r}.")


def append(path: Path, write_all: Callable[[Callable[[bytes], None]], None]) -> None:
    with path.open("ab") as file:
        write_all(lambda chunk: disk.write(file, chunk))


def cut(path: Path, byte_size: int) -> None:
    with path.open("ab") as file:
        file.truncate(byte_size)


def little_endian(numbers: "array.array[int]") -> bytes:
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers.tobytes()


def sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
