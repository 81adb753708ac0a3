"""Rows of mounted models: which other models' files a model's sandboxes see."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Delete, delete, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from ide_server.catalog import schema
from ide_server.errors import ModelNotFound, MountedModelNotFound
from ide_server.wire import ModelId


class MountedRecord(msgspec.Struct, frozen=True):
    model_id: ModelId
    name: str
    other_id: ModelId
    other_name: str


_others = schema.models.alias("others")


class MountedModels:
    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def list(self, model_id: ModelId) -> Sequence[MountedRecord]:
        """By name."""
        return await self._select(schema.mounted_models.c.model_id == model_id)

    async def users_of(self, other_id: ModelId) -> set[ModelId]:
        """The models that have it mounted."""
        mounted = schema.mounted_models.c
        async with self._engine.connect() as connection:
            return set(await connection.scalars(select(mounted.model_id).where(mounted.other_id == other_id)))

    async def set(self, model_id: ModelId, name: str, other_id: ModelId) -> None:
        """In place of what had the name. Raises ModelNotFound."""
        row = {"model_id": model_id, "name": name, "other_id": other_id}
        try:
            async with self._engine.begin() as connection:
                await connection.execute(_delete(model_id, name))
                await connection.execute(insert(schema.mounted_models).values(row))
        except IntegrityError:
            raise ModelNotFound(f"There is no model {model_id!r} or {other_id!r}; it may have been deleted.") from None

    async def delete(self, model_id: ModelId, name: str) -> None:
        """Raises MountedModelNotFound."""
        async with self._engine.begin() as connection:
            if (await connection.execute(_delete(model_id, name))).rowcount == 0:
                raise MountedModelNotFound(
                    f"Model {model_id!r} has no mounted model {name[:100]!r}; it may have been removed."
                )

    async def _select(self, condition: Any) -> Sequence[MountedRecord]:
        mounted = schema.mounted_models.c
        query = (
            select(mounted.model_id, mounted.name, mounted.other_id, _others.c.name.label("other_name"))
            .join(_others, _others.c.id == mounted.other_id)
            .where(condition)
            .order_by(mounted.name)
        )
        async with self._engine.connect() as connection:
            rows = await connection.execute(query)
            return [msgspec.convert(row, MountedRecord, from_attributes=True) for row in rows]


def _delete(model_id: ModelId, name: str) -> Delete:
    mounted = schema.mounted_models
    return delete(mounted).where(mounted.c.model_id == model_id, mounted.c.name == name)
