"""Rows of models. One process writes them, the host: what it has read stays so until it writes."""

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from sqlalchemy import delete, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from ide_server.catalog import schema
from ide_server.catalog.ids import new_id
from ide_server.errors import ModelNotFound
from ide_server.settings import limit_files
from ide_server.wire import EnvironmentChoice, FunctionName, LaunchChoice, Model, ModelId, StateId, Usage


class ModelRecord(msgspec.Struct, frozen=True):
    id: ModelId
    name: str
    created_at: float
    limit_bytes: int
    used_bytes: int
    used_files: int
    active_state_id: StateId | None
    functions: list[FunctionName] | None
    environment: EnvironmentChoice | None = None
    environment_key: str | None = None
    wanted_environment: EnvironmentChoice | None = None
    launch: LaunchChoice | None = None

    @property
    def usage(self) -> Usage:
        return Usage(self.used_bytes, self.limit_bytes, self.used_files, limit_files(self.limit_bytes))

    def as_model(self) -> Model:
        return Model(self.id, self.name, self.created_at, self.usage, self.active_state_id, self.functions)


class Models:
    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._found: dict[str, Sequence[ModelRecord]] = {}
        """By what was asked for, since the last change: every operation asks several times."""
        self._changes = 0

    async def create(self, name: str, *, limit_bytes: int) -> ModelRecord:
        record = ModelRecord(ModelId(new_id()), name, time.time(), limit_bytes, 0, 0, None, None)
        async with self._changing() as connection:
            await connection.execute(insert(schema.models).values(msgspec.to_builtins(record)))
        return record

    async def list(self) -> list[ModelRecord]:
        async with self._engine.connect() as connection:
            rows = await connection.execute(select(schema.models).order_by(schema.models.c.created_at.desc()))
            return [msgspec.convert(row, ModelRecord, from_attributes=True) for row in rows]

    async def find(self, name: str) -> Sequence[ModelRecord]:
        """Those with this id or name; first the one whose id it is."""
        if (known := self._found.get(name)) is not None:
            return known
        changes = self._changes
        query = select(schema.models).where(or_(schema.models.c.id == name, schema.models.c.name == name))
        async with self._engine.connect() as connection:
            rows = await connection.execute(query.order_by((schema.models.c.id == name).desc()))
            found = [msgspec.convert(row, ModelRecord, from_attributes=True) for row in rows]
        # Not where it was changed while it was read; nor what is not there, of which there is no end.
        if found and changes == self._changes:
            self._found[name] = found
        return found

    async def get(self, model_id: ModelId) -> ModelRecord:
        """Raises ModelNotFound."""
        for record in await self.find(model_id):
            if record.id == model_id:
                return record
        raise ModelNotFound(f"There is no model {model_id!r}; it may have been deleted.")

    async def get_usage(self, model_id: ModelId) -> Usage:
        """The limits that stand, and the use when the filesystem was last seen mounted. Raises ModelNotFound."""
        return (await self.get(model_id)).usage

    async def rename(self, model_id: ModelId, name: str) -> None:
        await self._set(model_id, name=name)

    async def set_limit(self, model_id: ModelId, limit_bytes: int) -> None:
        await self._set(model_id, limit_bytes=limit_bytes)

    async def set_use(self, model_id: ModelId, *, used_bytes: int, used_files: int) -> None:
        await self._set(model_id, used_bytes=used_bytes, used_files=used_files)

    async def set_active_state(self, model_id: ModelId, state_id: StateId | None) -> None:
        await self._set(model_id, active_state_id=state_id)

    async def set_functions(self, model_id: ModelId, functions: Sequence[FunctionName]) -> None:
        await self._set(model_id, functions=list(functions))

    async def set_environment(self, model_id: ModelId, choice: EnvironmentChoice | None, *, key: str | None) -> None:
        """In use from now on; none is wanted beside it."""
        chosen = msgspec.to_builtins(choice)
        await self._set(model_id, environment=chosen, environment_key=key, wanted_environment=None)

    async def want_environment(self, model_id: ModelId, choice: EnvironmentChoice | None) -> None:
        await self._set(model_id, wanted_environment=msgspec.to_builtins(choice))

    async def set_launch(self, model_id: ModelId, choice: LaunchChoice) -> None:
        await self._set(model_id, launch=msgspec.to_builtins(choice))

    async def environment_keys(self) -> set[str]:
        """Of all environments that a model names."""
        async with self._engine.connect() as connection:
            keys = await connection.scalars(select(schema.models.c.environment_key).distinct())
            return {key for key in keys if key is not None}

    async def delete(self, model_id: ModelId) -> None:
        async with self._changing() as connection:
            await connection.execute(delete(schema.models).where(schema.models.c.id == model_id))

    async def _set(self, model_id: ModelId, **values: Any) -> None:
        async with self._changing() as connection:
            await connection.execute(update(schema.models).where(schema.models.c.id == model_id).values(**values))

    @asynccontextmanager
    async def _changing(self) -> AsyncIterator[AsyncConnection]:
        """A transaction, after which nothing that was read before counts."""
        try:
            async with self._engine.begin() as connection:
                yield connection
        finally:
            self._found.clear()
            self._changes += 1
