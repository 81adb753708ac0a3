"""Rows of snapshots."""

from typing import Any

import msgspec
from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from ide_server.catalog import schema
from ide_server.errors import SnapshotNotFound
from ide_server.wire import ModelId, Snapshot, SnapshotId


class Snapshots:
    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def create(self, snapshot: Snapshot) -> None:
        async with self._engine.begin() as connection:
            await connection.execute(insert(schema.snapshots).values(msgspec.to_builtins(snapshot)))

    async def list(self, model_id: ModelId) -> list[Snapshot]:
        """The newest first."""
        query = (
            select(schema.snapshots)
            .where(schema.snapshots.c.model_id == model_id)
            .order_by(schema.snapshots.c.created_at.desc())
        )  # fmt: skip
        async with self._engine.connect() as connection:
            rows = await connection.execute(query)
            return [msgspec.convert(row, Snapshot, from_attributes=True) for row in rows]

    async def ids(self) -> set[SnapshotId]:
        """Of all models."""
        async with self._engine.connect() as connection:
            return set(await connection.scalars(select(schema.snapshots.c.id)))

    async def get(self, snapshot_id: SnapshotId) -> Snapshot:
        """Raises SnapshotNotFound."""
        async with self._engine.connect() as connection:
            row = (await connection.execute(select(schema.snapshots).where(_is(snapshot_id)))).first()
        if row is None:
            raise SnapshotNotFound(f"There is no snapshot {snapshot_id!r}; it may have been deleted.")
        return msgspec.convert(row, Snapshot, from_attributes=True)

    async def rename(self, snapshot_id: SnapshotId, name: str) -> None:
        async with self._engine.begin() as connection:
            await connection.execute(update(schema.snapshots).where(_is(snapshot_id)).values(name=name))

    async def delete(self, snapshot_id: SnapshotId) -> None:
        async with self._engine.begin() as connection:
            await connection.execute(delete(schema.snapshots).where(_is(snapshot_id)))


def _is(snapshot_id: SnapshotId) -> Any:
    return schema.snapshots.c.id == snapshot_id
