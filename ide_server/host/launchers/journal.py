"""An operation's journal: its events as JSON lines in a file that only grows, readable after any crash.

Writers hand in events without waiting; a task of the journal writes them in batches. Readers read the file from a byte
offset and are woken when it has grown, so a page that comes back misses nothing and the host keeps nothing for it.

An operation that has ended before its first batch is due needs no file: its owner takes the whole journal as it is.
"""

import asyncio
import contextlib
import errno
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from pathlib import Path
from typing import NamedTuple, Self, TypeVar

import msgspec

from ide_server.errors import InvalidRequest
from ide_server.host.masking import Mask, MaskedEvents
from ide_server.wire import (
    CallEnded,
    CallStarted,
    Ended,
    Loaded,
    Log,
    Metric,
    OperationEvent,
    OperationEvents,
    PhaseEnded,
    PhaseStarted,
    Progress,
)

BATCH_SECONDS = 0.03
"""How long events gather before they are written: soon enough to feel live, rare enough to cost little."""
RETRY_SECONDS = 1.0
QUIET_SECONDS = 0.25
"""How long phases alone gather before there is a file for them: a short evaluate that says nothing needs none."""
SHORT_BYTES = 16 << 10
"""What is longer is not held in memory until the batch is due."""
PENDING_BYTES = 1 << 20
READ_BYTES = 256 << 10
MAX_EVENT_BYTES = 1 << 20

OF_PHASES = (PhaseStarted, PhaseEnded, Loaded, Ended)

T = TypeVar("T")

_events = msgspec.json.Decoder(OperationEvent)


class Opened(NamedTuple):
    descriptor: int
    byte_size: int


class Journal:
    """One operation's, while the operation is unfinished.

    It has no file until its first batch is due, or somebody asks for one: `open_file` makes it, and blocks nobody.
    `close` writes what is pending and syncs it to disk. While there is no file `take` gives all of it instead.
    """

    def __init__(self, open_file: Callable[[], Awaitable[Opened]]) -> None:
        self._open_file = open_file
        self._pending: list[OperationEvent] = []
        self._pending_bytes = 0
        self._progress: Progress | None = None
        self._masked = MaskedEvents()
        self._byte_size = 0
        self._wake = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._grown = asyncio.Condition()
        self._due = asyncio.Event()
        self._opened = asyncio.Event()
        self._closing = False
        self._first_due: asyncio.TimerHandle | None = None
        self._writing: asyncio.Task[None] | None = None

    @classmethod
    async def open(cls, path: Path) -> Self:
        """Goes on after the last whole line: a crash may have left part of one."""
        journal = cls(lambda: asyncio.to_thread(open_for_append, path))
        await journal.have_file()
        return journal

    async def have_file(self) -> bool:
        """Until there is one to read; False where there never will be, as it was taken."""
        if self.is_in_memory and not self._closing:
            self._begin_file()
        if self._writing is not None:
            await self._opened.wait()
        return self._writing is not None

    @property
    def is_in_memory(self) -> bool:
        """It has no file, and none on its way."""
        return self._writing is None

    def take(self) -> bytes:
        """All that was appended, while there is no file. Nothing is appended any more."""
        assert self.is_in_memory
        self._end_memory()
        return self._take_lines()

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
        if self._writing is None and not self._closing:
            self._hold(QUIET_SECONDS if isinstance(event, OF_PHASES) else BATCH_SECONDS)
        self._wake.set()

    def _hold(self, seconds: float) -> None:
        """In memory, as long as it is little and was not long ago."""
        loop = asyncio.get_running_loop()
        if self._pending_bytes >= SHORT_BYTES:
            self._begin_file()
        elif self._first_due is None or self._first_due.when() > loop.time() + seconds:
            if self._first_due is not None:
                self._first_due.cancel()
            self._first_due = loop.call_later(seconds, self._begin_file)

    def _begin_file(self) -> None:
        if self._first_due is not None:
            self._first_due.cancel()
            self._due.set()  # the first batch has gathered
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())

    def _end_memory(self) -> None:
        self._closing = True
        if self._first_due is not None:
            self._first_due.cancel()

    @property
    def has_room(self) -> bool:
        return self._room.is_set()

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
        return self._closing if self._writing is None else self._writing.done()

    async def close(self) -> None:
        """One that has no file has had none to sync."""
        if self._writing is None:
            self._end_memory()
            return
        self._closing = True
        self._due.set()
        self._wake.set()
        await asyncio.shield(self._writing)
        async with self._grown:
            self._grown.notify_all()

    async def _write(self) -> None:
        try:
            descriptor, self._byte_size = await self._until_room(self._open_file)
        finally:
            self._opened.set()
            self._room.set()
        try:
            is_last = False
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

    def _take_lines(self) -> bytes:
        events = self._pending + self._take_progress()
        self._pending, self._pending_bytes = [], 0
        return b"".join(msgspec.json.encode(event) + b"\n" for event in events)

    async def _write_pending(self, descriptor: int, *, sync: bool) -> None:
        lines = self._take_lines()
        await self._until_room(lambda: asyncio.to_thread(_append_whole, descriptor, lines, self._byte_size, sync=sync))
        self._byte_size += len(lines)
        self._room.set()
        async with self._grown:
            self._grown.notify_all()

    async def _until_room(self, work: Callable[[], Awaitable[T]]) -> T:
        """On a full disk the operation waits, as its writers do for room, rather than lose its log."""
        while True:
            try:
                return await work()
            except OSError as error:
                if self._closing or error.errno not in (errno.ENOSPC, errno.EDQUOT):
                    raise
                await asyncio.sleep(RETRY_SECONDS)


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
    return _decoded(offset, data[: data.rfind(b"\n") + 1])


def events_of(journal: bytes, offset: int) -> OperationEvents:
    """Of a whole journal, from `offset` on. Raises InvalidRequest."""
    check_starts_line(journal, offset)
    return _decoded(offset, journal[offset:])


def check_starts_line(journal: bytes, offset: int) -> None:
    """Raises InvalidRequest."""
    _check_offset(offset, len(journal), lambda: journal[offset - 1 : offset])


def _decoded(offset: int, lines: bytes) -> OperationEvents:
    return OperationEvents(offset + len(lines), [_events.decode(line) for line in lines.splitlines()])


def last_event(path: Path) -> OperationEvent | None:
    """None where there is none. Blocks."""
    if not path.exists():
        return None
    opened = open_for_append(path)
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
    _check_offset(offset, os.fstat(descriptor).st_size, lambda: os.pread(descriptor, 1, offset - 1))


def _check_offset(offset: int, size: int, before: Callable[[], bytes]) -> None:
    """`before`: the byte before it."""
    if not 0 <= offset <= size or (offset > 0 and before() != b"\n"):
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
