"""What operations leave: request, journal, result, usage, and the calls of a debug session.

Of one that was short and has ended the first three are in the catalog, beside its row, and it has no folder: that would
cost more than the operation. All else is in `operations/<id>/`.
"""

import asyncio
import logging
import shutil
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import msgspec

from ide_server.catalog import Catalog, OperationRecord
from ide_server.errors import OperationNotFound
from ide_server.host.launchers.calls import call_folder
from ide_server.host.launchers.journal import (
    Journal,
    Opened,
    bytes_after,
    check_starts_line,
    events_of,
    follow,
    last_event,
    open_for_append,
    printed,
)
from ide_server.host.launchers.results import read_result, sync_result, write_result
from ide_server.host.launchers.run import Inputs
from ide_server.host.launchers.usage import read_samples
from ide_server.wire import (
    Blob,
    Ended,
    LauncherUsage,
    Log,
    Operation,
    OperationEvents,
    OperationId,
    OperationStatus,
    Result,
    encode,
)

JOURNAL = "events.jsonl"
REQUEST = "request.json"
SHORT_BYTES = 16 << 10
"""What of a request or a result is longer is in a file."""

STATUS_OF: dict[str, OperationStatus] = {
    "succeeded": "succeeded",
    "cancelled": "cancelled",
    "interrupted": "interrupted",
}


logger = logging.getLogger(__name__)


class Records:
    def __init__(self, data_dir: Path, catalog: Catalog) -> None:
        self._folder = data_dir / "operations"
        self._operations = catalog.operations

    async def start(self) -> None:
        await asyncio.to_thread(self._folder.mkdir, parents=True, exist_ok=True)

    def folder(self, operation_id: OperationId) -> Path:
        """Which there may not be."""
        return self._folder / operation_id

    # --- kept ---

    async def keep_request(self, operation_id: OperationId, request: bytes) -> bytes | None:
        """What is to be kept beside its row: the request, or None as it is in a file."""
        if len(request) <= SHORT_BYTES:
            return request
        await asyncio.to_thread(_write_request, self.folder(operation_id), request)
        return None

    def new_journal(self, operation_id: OperationId) -> Journal:
        """Whose file is made once there is a row: a folder without one would stay for ever."""

        async def open_file() -> Opened:
            await self._operations.wait_written()
            return await asyncio.to_thread(_open_journal, self.folder(operation_id))

        return Journal(open_file)

    async def left_journal(self, operation_id: OperationId) -> Journal:
        """Of a host that was killed: with what it has written."""
        if not await asyncio.to_thread((self.folder(operation_id) / JOURNAL).exists):
            return self.new_journal(operation_id)
        return await Journal.open(self.folder(operation_id) / JOURNAL)

    async def keep_end(self, ended: Operation, journal: Journal, result: Result | None) -> None:
        """With all that was said until it, on disk, unless the disk fails."""
        encoded = None if result is None else encode(result)
        if journal.is_in_memory and is_short(result, encoded):
            await self._operations.save(ended, OperationRecord(events=journal.take(), result=encoded))
            return
        folder = self.folder(ended.id)
        await journal.have_file()
        async with asyncio.TaskGroup() as group:
            group.create_task(_close(journal, ended.id))
            if result is not None:
                group.create_task(asyncio.to_thread(_keep_result, folder, result))
        # The row follows: where the host is killed before, its next start finds the end in the journal.
        self._operations.save_soon(ended)

    async def remove(self, operation_id: OperationId) -> None:
        await self._operations.delete(operation_id)
        await asyncio.to_thread(shutil.rmtree, self.folder(operation_id), ignore_errors=True)

    # --- read ---

    async def inputs(self, operation_id: OperationId) -> Inputs:
        """Raises OperationNotFound."""
        record = await self._operations.record(operation_id)
        if (request := record.request) is None:
            try:
                request = await asyncio.to_thread((self.folder(operation_id) / REQUEST).read_bytes)
            except FileNotFoundError as error:
                raise OperationNotFound("What this operation was started with is no longer kept.") from error
        return msgspec.json.decode(request, type=Inputs)

    async def result(self, operation: Operation) -> Result:
        """Raises OperationNotFound where there is none."""
        record = await self._operations.record(operation.id)
        if record.result is not None:
            return msgspec.json.decode(record.result, type=Result)
        result = await asyncio.to_thread(read_result, self.folder(operation.id))
        if result is None:
            raise OperationNotFound(f"The operation has no result: it is a {operation.kind}, {operation.status}.")
        return result

    def blobs(self, operation_id: OperationId) -> Path:
        """The folder of its result's blobs, each named by its index."""
        return self.folder(operation_id) / "blobs"

    async def blob(self, operation: Operation, index: int) -> tuple[Path, Blob, str]:
        """The encoded file of a result, and the name of its output. Raises OperationNotFound."""
        return self.blobs(operation.id) / str(index), *blob_of(await self.result(operation), index)

    async def call_result(self, operation_id: OperationId, call: int) -> Result:
        """Raises OperationNotFound where there is none."""
        result = await asyncio.to_thread(read_result, call_folder(self.folder(operation_id), call))
        if result is None:
            raise OperationNotFound(f"Call {call} of this session has no result.")
        return result

    async def call_blob(self, operation_id: OperationId, call: int, index: int) -> tuple[Path, Blob, str]:
        """As blob does, of a call's result."""
        folder = call_folder(self.folder(operation_id), call)
        return folder / "blobs" / str(index), *blob_of(await self.call_result(operation_id, call), index)

    async def usage(self, operation_id: OperationId) -> Sequence[LauncherUsage]:
        return await asyncio.to_thread(read_samples, self.folder(operation_id))

    async def printed(self, operation_id: OperationId, journal: Journal | None) -> AsyncIterator[str]:
        """The log until now, some at a time. `journal`: of an operation that has not ended."""
        if (whole := await self._short_journal(operation_id, journal)) is None:
            async for text in printed(self._journal_of(operation_id)):
                yield text
        else:
            yield "".join(event.text for event in events_of(whole, 0).events if isinstance(event, Log))

    async def events(
        self, operation_id: OperationId, offset: int, journal: Journal | None
    ) -> AsyncIterator[OperationEvents]:
        """From a byte offset of the journal until the end. `journal` as for `printed`. Raises InvalidRequest."""
        if (whole := await self._short_journal(operation_id, journal)) is None:
            async for batch in follow(self._journal_of(operation_id), offset, journal):
                yield batch
        elif (batch := events_of(whole, offset)).events:
            yield batch

    async def bytes_after(self, operation_id: OperationId, offset: int, journal: Journal | None) -> int:
        """How much of the journal there is from `offset` on. Raises InvalidRequest for one that it never gave out."""
        if (whole := await self._short_journal(operation_id, journal)) is None:
            return await asyncio.to_thread(bytes_after, self._journal_of(operation_id), offset)
        check_starts_line(whole, offset)
        return len(whole) - offset

    async def end_of(self, operation: Operation) -> Ended | None:
        """Of one that the row has as unfinished. None: it was not at its end, or power failed before all of that was
        on disk."""
        return await asyncio.to_thread(_end_of, operation, self.folder(operation.id))

    async def _short_journal(self, operation_id: OperationId, journal: Journal | None) -> bytes | None:
        """None: there is a file."""
        if journal is not None and await journal.have_file():
            return None
        events = (await self._operations.record(operation_id)).events
        has_file = await asyncio.to_thread(self._journal_of(operation_id).exists) if events is None else False
        return None if has_file else events or b""

    def _journal_of(self, operation_id: OperationId) -> Path:
        return self.folder(operation_id) / JOURNAL


def is_short(result: Result | None, encoded: bytes | None) -> bool:
    """And has no files beside it."""
    if result is None or encoded is None:
        return True
    has_blobs = any(value.blobs for output in result.outputs for value in output.values)
    return len(encoded) <= SHORT_BYTES and not has_blobs


def blob_of(result: Result, index: int) -> tuple[Blob, str]:
    """With the name of its output. Raises OperationNotFound."""
    for output in result.outputs:
        for blob in (blob for value in output.values for blob in value.blobs):
            if blob.index == index:
                return blob, output.name
    raise OperationNotFound(f"The result of this operation has no file {index}.")


def with_end(operation: Operation, end: Ended) -> Operation:
    status = STATUS_OF.get(end.outcome.kind, "failed")
    return msgspec.structs.replace(operation, status=status, ended_at=end.time, outcome=end.outcome)


def has_result(operation: Operation) -> bool:
    return operation.kind == "evaluate" and operation.status == "succeeded"


async def _close(journal: Journal, operation_id: OperationId) -> None:
    try:
        await journal.close()
    except OSError:
        logger.exception("The journal of operation %s could not be written to its end.", operation_id)


def _write_request(folder: Path, request: bytes) -> None:
    folder.mkdir(mode=0o700, parents=True)
    (folder / REQUEST).write_bytes(request)


def _open_journal(folder: Path) -> Opened:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return open_for_append(folder / JOURNAL)


def _keep_result(folder: Path, result: Result) -> None:
    write_result(folder, result)
    sync_result(folder)


def _end_of(operation: Operation, folder: Path) -> Ended | None:
    end = last_event(folder / JOURNAL)
    if not isinstance(end, Ended):
        return None
    try:
        is_whole = not has_result(with_end(operation, end)) or read_result(folder) is not None
    except msgspec.DecodeError:
        is_whole = False
    return end if is_whole else None
