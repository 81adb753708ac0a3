"""Rows of operations."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from ide_server.catalog import schema
from ide_server.errors import OperationNotFound
from ide_server.wire import ModelId, Operation, OperationId


class Operations:
    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def create(self, operation: Operation) -> None:
        async with self._engine.begin() as connection:
            await connection.execute(insert(schema.operations).values(_row(operation)))

    async def save(self, operation: Operation) -> None:
        """Write the row anew: an operation has one owner, who holds it whole."""
        query = update(schema.operations).where(schema.operations.c.id == operation.id)
        async with self._engine.begin() as connection:
            await connection.execute(query.values(_row(operation)))

    async def list(self, model_id: ModelId, *, limit: int = 200) -> Sequence[Operation]:
        """The newest first."""
        return await self._select(schema.operations.c.model_id == model_id, limit=limit)

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
        async with self._engine.begin() as connection:
            await connection.execute(delete(schema.operations).where(schema.operations.c.id == operation_id))

    async def _select(self, condition: Any, *, limit: int | None = None) -> Sequence[Operation]:
        query = select(schema.operations).where(condition).order_by(schema.operations.c.created_at.desc()).limit(limit)
        async with self._engine.connect() as connection:
            rows = await connection.execute(query)
            return [msgspec.convert(row, Operation, from_attributes=True) for row in rows]


def _row(operation: Operation) -> dict[str, Any]:
    """Its place in the queue is its owner's to know."""
    values: dict[str, Any] = msgspec.to_builtins(operation)
    del values["before"]
    return values
