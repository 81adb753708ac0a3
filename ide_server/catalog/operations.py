"""Rows of operations. What is written while another write is on its way to the disk goes there together, after it."""

import asyncio
import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Connection, Engine, bindparam, delete, insert, literal, select, tuple_, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from ide_server.catalog import schema
from ide_server.errors import OperationNotFound
from ide_server.wire import ModelId, Operation, OperationId

_insert = insert(schema.operations)
_update = update(schema.operations).where(schema.operations.c.id == bindparam("row"))

LISTED = 200
"""More are asked for by the oldest of those that are known."""
NEWEST_FIRST = (schema.operations.c.created_at.desc(), schema.operations.c.id.desc())

logger = logging.getLogger(__name__)


class Operations:
    def __init__(self, engine: AsyncEngine, blocking: Engine) -> None:
        """`blocking` leads to the same database."""
        self._engine = engine
        self._writes = Writes(blocking)

    async def close(self) -> None:
        await self._writes.close()

    def create_soon(self, operation: Operation) -> "asyncio.Future[None]":
        """Done once the row is on disk. Shield it: others' rows are on the same way."""
        return self._writes.put(operation, is_new=True)

    async def create(self, operation: Operation) -> None:
        await asyncio.shield(self.create_soon(operation))

    async def save(self, operation: Operation) -> None:
        """Write the row anew: an operation has one owner, who holds it whole."""
        await asyncio.shield(self._writes.put(operation, is_new=False))

    def save_soon(self, operation: Operation) -> None:
        """As save does, behind the caller's back: for what a crash may lose, and a later save writes again."""
        self._writes.put(operation, is_new=False).add_done_callback(_log_failure)

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
    is_new: bool
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

    def put(self, operation: Operation, *, is_new: bool) -> "asyncio.Future[None]":
        """Done once this version, or one that came after it, is on disk."""
        write = self._coming.get(operation.id)
        if write is None:
            write = Write(operation, is_new, asyncio.get_running_loop().create_future())
            self._coming[operation.id] = write
        write.operation = operation
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write(), name="rows of operations")
        return write.done

    async def wait_written(self) -> None:
        """All that was put until now."""
        if waited_for := [write.done for write in (*self._on_way, *self._coming.values())]:
            await asyncio.wait(waited_for)

    async def close(self) -> None:
        if self._writing is not None:
            await self._writing
        self._thread.shutdown()
        await asyncio.to_thread(self._engine.dispose)

    async def _write(self) -> None:
        loop = asyncio.get_running_loop()
        while self._coming:
            self._on_way, self._coming = [*self._coming.values()], {}
            errors = await loop.run_in_executor(self._thread, self._commit, self._on_way)
            for write, error in zip(self._on_way, errors, strict=True):
                if error is None:
                    write.done.set_result(None)
                else:
                    write.done.set_exception(error)
            self._on_way = ()

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
    if new := [_row(write.operation) for write in writes if write.is_new]:
        connection.execute(_insert, new)
    if known := [_changes(write.operation) for write in writes if not write.is_new]:
        connection.execute(_update, known)


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
