"""An operation's journal: its events as JSON lines in a file that only grows, readable after any crash.

Writers hand in events without waiting; a task of the journal writes them in batches. Readers read the file from a byte
offset and are woken when it has grown, so a page that comes back misses nothing and the host keeps nothing for it.
"""

import asyncio
import contextlib
import errno
import os
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import NamedTuple, Self

import msgspec

from ide_server.errors import InvalidRequest
from ide_server.host.masking import Mask, MaskedEvents
from ide_server.wire import CallEnded, CallStarted, Ended, Log, Metric, OperationEvent, OperationEvents, Progress

BATCH_SECONDS = 0.03
"""How long events gather before they are written: soon enough to feel live, rare enough to cost little."""
RETRY_SECONDS = 1.0
PENDING_BYTES = 1 << 20
READ_BYTES = 256 << 10
MAX_EVENT_BYTES = 1 << 20

_events = msgspec.json.Decoder(OperationEvent)


class Opened(NamedTuple):
    descriptor: int
    byte_size: int


class Journal:
    """One operation's, while the operation is unfinished. `close` writes what is pending and syncs it to disk."""

    def __init__(self, path: Path, opened: Opened) -> None:
        self._path = path
        self._pending: list[OperationEvent] = []
        self._pending_bytes = 0
        self._progress: Progress | None = None
        self._masked = MaskedEvents()
        self._byte_size = opened.byte_size
        self._wake = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._grown = asyncio.Condition()
        self._due = asyncio.Event()
        self._closing = False
        self._writing = asyncio.create_task(self._write(opened.descriptor))

    @classmethod
    async def open(cls, path: Path) -> Self:
        """Goes on after the last whole line: a crash may have left part of one."""
        return cls(path, await asyncio.to_thread(open_for_append, path))

    def keep_out(self, secrets: Iterable[str]) -> None:
        """Of all that is appended from here on."""
        self._masked = MaskedEvents(secrets)

    @property
    def mask(self) -> Mask:
        """For what is written down elsewhere."""
        return self._masked.mask

    def append(self, event: OperationEvent) -> None:
        """Never waits. Of the Progress of one batch only the last is written, or of each call in it the last."""
        for masked in self._masked.of(event):
            self._add(masked)

    def _add(self, event: OperationEvent) -> None:
        if isinstance(event, Progress):
            self._progress = event
        else:
            if isinstance(event, CallStarted | CallEnded | Ended):
                self._pending += self._take_progress()
            self._pending.append(event)
            self._pending_bytes += event_size(event)
        if self._pending_bytes >= PENDING_BYTES:
            self._room.clear()
            self._due.set()
        self._wake.set()

    async def wait_room(self) -> None:
        """Until the disk has caught up: whoever appends much waits here, and so what it reads from fills up."""
        await self._room.wait()

    async def wait_grown(self, offset: int) -> None:
        """Until there is something at `offset`, or there never will be."""
        async with self._grown:
            await self._grown.wait_for(lambda: self._byte_size > offset or self.closed)

    @property
    def byte_size(self) -> int:
        """Of what is written, and at the end synced: an end that is read is there after any crash."""
        return self._byte_size

    @property
    def closed(self) -> bool:
        return self._writing.done()

    async def close(self) -> None:
        self._closing = True
        self._due.set()
        self._wake.set()
        await asyncio.shield(self._writing)
        async with self._grown:
            self._grown.notify_all()

    async def _write(self, descriptor: int) -> None:
        is_last = False
        try:
            while not is_last:
                await self._wake.wait()
                await self._gather()
                self._wake.clear()
                is_last = self._closing
                await self._write_pending(descriptor, sync=is_last)
        finally:
            os.close(descriptor)
            self._room.set()

    async def _gather(self) -> None:
        """What is appended last is not kept waiting: who ends an operation waits for it."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(BATCH_SECONDS):
                await self._due.wait()
        if not self._closing:
            self._due.clear()

    def _take_progress(self) -> list[OperationEvent]:
        taken: list[OperationEvent] = [] if self._progress is None else [self._progress]
        self._progress = None
        return taken

    async def _write_pending(self, descriptor: int, *, sync: bool) -> None:
        events = self._pending + self._take_progress()
        self._pending, self._pending_bytes = [], 0
        lines = b"".join(msgspec.json.encode(event) + b"\n" for event in events)
        while True:
            try:
                await asyncio.to_thread(_append_whole, descriptor, lines, self._byte_size, sync=sync)
                break
            except OSError as error:
                # On a full disk the operation waits, as its writers do for room, rather than lose its log.
                if self._closing or error.errno not in (errno.ENOSPC, errno.EDQUOT):
                    raise
                await asyncio.sleep(RETRY_SECONDS)
        self._byte_size += len(lines)
        self._room.set()
        async with self._grown:
            self._grown.notify_all()


def event_size(event: OperationEvent) -> int:
    """About how many bytes it will take."""
    tensor = event.tensor if isinstance(event, Metric) else None
    return 100 + len(getattr(event, "text", "")) + (0 if tensor is None else 20 * len(tensor.elements))


def read_events(path: Path, offset: int, *, end: int | None = None) -> OperationEvents:
    """Whole lines from `offset` on, about READ_BYTES of them; none at `end`, or where the file ends.

    Raises InvalidRequest.
    """
    with path.open("rb") as file:
        _check_starts_line(file.fileno(), offset)
        left = os.fstat(file.fileno()).st_size - offset if end is None else end - offset
        data = os.pread(file.fileno(), min(READ_BYTES, left), offset)
        if data and b"\n" not in data:
            data = os.pread(file.fileno(), min(MAX_EVENT_BYTES, left), offset)
    whole = data[: data.rfind(b"\n") + 1]
    return OperationEvents(offset + len(whole), [_events.decode(line) for line in whole.splitlines()])


def last_event(path: Path) -> OperationEvent | None:
    """None where there is none. Blocks."""
    try:
        opened = open_for_append(path)
    except FileNotFoundError:
        return None
    try:
        tail = os.pread(opened.descriptor, MAX_EVENT_BYTES, max(0, opened.byte_size - MAX_EVENT_BYTES))
    finally:
        os.close(opened.descriptor)
    lines = tail.splitlines()
    return _events.decode(lines[-1]) if lines else None


def bytes_after(path: Path, offset: int) -> int:
    """How much the file holds from `offset` on. Raises InvalidRequest."""
    with path.open("rb") as file:
        _check_starts_line(file.fileno(), offset)
        return os.fstat(file.fileno()).st_size - offset


async def follow(path: Path, offset: int, journal: Journal | None) -> AsyncIterator[OperationEvents]:
    """Events from `offset` until Ended; where no journal is open, what the file holds. Raises InvalidRequest."""
    while True:
        closed = journal is None or journal.closed
        end = None if journal is None or journal.closed else max(offset, journal.byte_size)
        batch = await asyncio.to_thread(read_events, path, offset, end=end)
        if batch.events:
            yield batch
            offset = batch.offset
            if isinstance(batch.events[-1], Ended):
                return
        elif closed:
            return
        elif journal is not None:
            await journal.wait_grown(offset)


async def printed(path: Path) -> AsyncIterator[str]:
    """What was printed until now, of both streams as it came, some at a time."""
    offset = 0
    while (batch := await asyncio.to_thread(read_events, path, offset)).events:
        offset = batch.offset
        if text := "".join(event.text for event in batch.events if isinstance(event, Log)):
            yield text


def _check_starts_line(descriptor: int, offset: int) -> None:
    size = os.fstat(descriptor).st_size
    if not 0 <= offset <= size or (offset > 0 and os.pread(descriptor, 1, offset - 1) != b"\n"):
        raise InvalidRequest(
            f"Expected 0 or an offset that this journal of {size} bytes gave out, got {offset}. Start again from 0."
        )


def open_for_append(path: Path) -> Opened:
    """Blocks."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    size = os.fstat(descriptor).st_size
    if size == 0:
        return Opened(descriptor, 0)
    tail = os.pread(descriptor, MAX_EVENT_BYTES, max(0, size - MAX_EVENT_BYTES))
    whole = size - (len(tail) - (tail.rfind(b"\n") + 1))
    os.ftruncate(descriptor, whole)
    return Opened(descriptor, whole)


def _append_whole(descriptor: int, data: bytes, offset: int, *, sync: bool) -> None:
    """All of it or, if that fails, nothing of it."""
    written = 0
    try:
        while written < len(data):
            written += os.pwrite(descriptor, memoryview(data)[written:], offset + written)
    except OSError:
        os.ftruncate(descriptor, offset)
        raise
    if sync:
        os.fsync(descriptor)
