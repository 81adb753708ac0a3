"""Rows of operations, and their records: what short ones leave.

What is written while another write is on its way to the disk goes there together, after it.
"""

import asyncio
import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, Engine, bindparam, delete, insert, literal, select, tuple_, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from ide_server.catalog import schema
from ide_server.errors import OperationNotFound
from ide_server.wire import ModelId, Operation, OperationId

_insert = insert(schema.operations)
_update = update(schema.operations).where(schema.operations.c.id == bindparam("row"))
_insert_record = insert(schema.operation_records)
_update_record = update(schema.operation_records).where(schema.operation_records.c.operation_id == bindparam("row"))

SOON_SECONDS = 0.25
"""What can wait so long is often overtaken by the operation's end, which makes one write of the two."""
GATHER_SECONDS = 0.001
"""How long a write that is waited for waits itself for what ends beside it: a commit costs as much as four rows."""
LISTED = 200
"""More are asked for by the oldest of those that are known."""
NEWEST_FIRST = (schema.operations.c.created_at.desc(), schema.operations.c.id.desc())

logger = logging.getLogger(__name__)


class OperationRecord(NamedTuple):
    """What schema.operation_records has of an operation."""

    request: bytes | None = None
    events: bytes | None = None
    result: bytes | None = None


NOTHING = OperationRecord()


class Operations:
    def __init__(self, engine: AsyncEngine, blocking: Engine) -> None:
        """`blocking` leads to the same database."""
        self._engine = engine
        self._writes = Writes(blocking)

    async def close(self) -> None:
        await self._writes.close()

    def create_soon(self, operation: Operation, *, request: bytes | None = None) -> "asyncio.Future[None]":
        """Done once the row is on disk, within SOON_SECONDS or at its next save. Shield it: others are on its way."""
        return self._writes.put(operation, OperationRecord(request), is_new=True, soon=True)

    async def create(self, operation: Operation) -> None:
        await asyncio.shield(self._writes.put(operation, NOTHING, is_new=True))

    async def save(self, operation: Operation, record: OperationRecord = NOTHING) -> None:
        """Write the row anew: an operation has one owner, who holds it whole. Of the record what is given."""
        await asyncio.shield(self._writes.put(operation, record))

    def save_soon(self, operation: Operation) -> None:
        """As save does, behind the caller's back: for what a crash may lose, and a later save writes again."""
        self._writes.put(operation, NOTHING, soon=True).add_done_callback(_log_failure)

    async def wait_written(self) -> None:
        """Until all that was to be written until now is on disk, or could not be."""
        await self._writes.wait_written()

    async def list(
        self, model_id: ModelId, *, limit: int = LISTED, older_than: Operation | None = None
    ) -> Sequence[Operation]:
        """The newest first."""
        columns = schema.operations.c
        condition = columns.model_id == model_id
        if older_than is not None:
            age = tuple_(columns.created_at, columns.id)
            condition &= age < tuple_(literal(older_than.created_at), literal(older_than.id))
        return await self._select(condition, limit=limit)

    async def list_unfinished(self) -> Sequence[Operation]:
        return await self._select(schema.operations.c.status.in_(["queued", "running"]))

    async def list_ended_before(self, time: float) -> Sequence[Operation]:
        """`time`: in seconds since the epoch."""
        return await self._select(schema.operations.c.ended_at < time)

    async def get(self, operation_id: OperationId) -> Operation:
        """Raises OperationNotFound."""
        found = await self._select(schema.operations.c.id == operation_id)
        if not found:
            raise OperationNotFound(f"There is no operation {operation_id!r}; it may have been deleted.")
        return found[0]

    async def record(self, operation_id: OperationId) -> OperationRecord:
        """NOTHING of one that is not there."""
        await self._writes.wait_written()
        columns = schema.operation_records.c
        query = select(columns.request, columns.events, columns.result).where(columns.operation_id == operation_id)
        async with self._engine.connect() as connection:
            row = (await connection.execute(query)).first()
        return NOTHING if row is None else OperationRecord(*row)

    async def delete(self, operation_id: OperationId) -> None:
        await self._writes.wait_written()
        async with self._engine.begin() as connection:
            await connection.execute(delete(schema.operations).where(schema.operations.c.id == operation_id))

    async def _select(self, condition: Any, *, limit: int | None = None) -> Sequence[Operation]:
        await self._writes.wait_written()
        query = select(schema.operations).where(condition).order_by(*NEWEST_FIRST).limit(limit)
        async with self._engine.connect() as connection:
            rows = await connection.execute(query)
            return [msgspec.convert(row, Operation, from_attributes=True) for row in rows]


@dataclass
class Write:
    operation: Operation
    record: OperationRecord
    is_new: bool
    due: float
    """In the time of the event loop; 0: it is waited for."""
    done: "asyncio.Future[None]"


class Writes:
    """Group commit: a transaction costs a sync of the disk, whether it holds one row or a hundred.

    A thread and a connection of its own, as an async driver changes threads several times for each statement.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="operations")
        self._coming: dict[OperationId, Write] = {}
        """The newest version of each row that is not on its way yet."""
        self._on_way: Sequence[Write] = ()
        self._writing: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    def put(
        self, operation: Operation, record: OperationRecord, *, is_new: bool = False, soon: bool = False
    ) -> "asyncio.Future[None]":
        """Done once this version, or one that came after it, is on disk. `soon`: it may wait for SOON_SECONDS."""
        loop = asyncio.get_running_loop()
        due = loop.time() + SOON_SECONDS if soon else 0.0
        write = self._coming.get(operation.id)
        if write is None:
            write = self._coming[operation.id] = Write(operation, record, is_new, due, loop.create_future())
        else:
            write.operation, write.record = operation, merged(write.record, record)
            write.due = min(write.due, due)
        if not soon:
            self._begin()
        elif self._timer is None:
            self._timer = loop.call_later(SOON_SECONDS, self._begin)
        return write.done

    async def wait_written(self) -> None:
        """All that was put until now."""
        if waited_for := [write.done for write in (*self._on_way, *self._coming.values())]:
            for write in self._coming.values():
                write.due = 0.0
            self._begin()
            await asyncio.wait(waited_for)

    async def close(self) -> None:
        await self.wait_written()
        if self._writing is not None:
            await self._writing
        if self._timer is not None:
            self._timer.cancel()
        self._thread.shutdown()
        await asyncio.to_thread(self._engine.dispose)

    def _begin(self) -> None:
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write(), name="rows of operations")

    async def _write(self) -> None:
        loop = asyncio.get_running_loop()
        while due := self._take_due(loop.time()):
            self._on_way = due
            if self._coming:
                await asyncio.sleep(GATHER_SECONDS)
                due += self._take_due(loop.time())
            errors = await loop.run_in_executor(self._thread, self._commit, due)
            for write, error in zip(due, errors, strict=True):
                if error is None:
                    write.done.set_result(None)
                else:
                    write.done.set_exception(error)
            self._on_way = ()
        if self._timer is not None:
            self._timer.cancel()
        self._timer = loop.call_later(SOON_SECONDS, self._begin) if self._coming else None

    def _take_due(self, now: float) -> list[Write]:
        due = [write for write in self._coming.values() if write.due <= now]
        for write in due:
            del self._coming[write.operation.id]
        return due

    def _commit(self, writes: Sequence[Write]) -> list[Exception | None]:
        """What became of each. A row that cannot be, as its model was deleted meanwhile, takes no other with it."""
        try:
            with self._engine.begin() as connection:
                _execute(connection, writes)
        except IntegrityError as error:
            return [error] if len(writes) == 1 else [each for write in writes for each in self._commit([write])]
        except Exception as error:  # whatever it is, it is raised where they are waited for
            return [error] * len(writes)
        return [None] * len(writes)


def _execute(connection: Connection, writes: Sequence[Write]) -> None:
    if new := [write for write in writes if write.is_new]:
        connection.execute(_insert, [_row(write.operation) for write in new])
        connection.execute(
            _insert_record, [{"operation_id": write.operation.id, **write.record._asdict()} for write in new]
        )
    if known := [write for write in writes if not write.is_new]:
        connection.execute(_update, [_changes(write.operation) for write in known])
    for write in known:
        if given := {name: value for name, value in write.record._asdict().items() if value is not None}:
            connection.execute(_update_record, {"row": write.operation.id, **given})


def merged(older: OperationRecord, newer: OperationRecord) -> OperationRecord:
    """What the newer one has, and else what the older one has."""
    return OperationRecord(*(old if new is None else new for old, new in zip(older, newer, strict=True)))


def _changes(operation: Operation) -> dict[str, Any]:
    values = _row(operation)
    return {"row": values.pop("id"), **values}


def _row(operation: Operation) -> dict[str, Any]:
    """Its place in the queue is its owner's to know."""
    values: dict[str, Any] = msgspec.to_builtins(operation)
    del values["before"]
    return values


def _log_failure(written: "asyncio.Future[None]") -> None:
    if not written.cancelled() and (error := written.exception()) is not None:
        logger.error("A row of an operation could not be written yet: %s", error)
