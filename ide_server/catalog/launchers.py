"""Rows of persistent launchers."""

from typing import Any

import msgspec
from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from ide_server.catalog import schema
from ide_server.errors import ModelNotFound
from ide_server.wire import LauncherChoice, LauncherId, ModelId


class LauncherRecord(msgspec.Struct, frozen=True):
    id: LauncherId
    model_id: ModelId
    created_at: float
    choice: LauncherChoice


class Launchers:
    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def create(self, record: LauncherRecord) -> None:
        """Raises ModelNotFound."""
        try:
            async with self._engine.begin() as connection:
                await connection.execute(insert(schema.launchers).values(msgspec.to_builtins(record)))
        except IntegrityError:
            raise ModelNotFound(f"There is no model {record.model_id!r}; it may have been deleted.") from None

    async def list(self) -> list[LauncherRecord]:
        """Of all models, the oldest first."""
        async with self._engine.connect() as connection:
            rows = await connection.execute(select(schema.launchers).order_by(schema.launchers.c.created_at))
            return [msgspec.convert(row, LauncherRecord, from_attributes=True) for row in rows]

    async def change(self, launcher_id: LauncherId, choice: LauncherChoice) -> None:
        await self._execute(update(schema.launchers).values(choice=msgspec.to_builtins(choice)), launcher_id)

    async def delete(self, launcher_id: LauncherId) -> None:
        await self._execute(delete(schema.launchers), launcher_id)

    async def _execute(self, query: Any, launcher_id: LauncherId) -> None:
        async with self._engine.begin() as connection:
            await connection.execute(query.where(schema.launchers.c.id == launcher_id))
