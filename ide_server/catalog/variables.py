"""Rows of variables: a model's environment variables, the values of secret ones sealed."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Delete, delete, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from ide_server.catalog import schema
from ide_server.errors import ModelNotFound, VariableNotFound
from ide_server.wire import ModelId


class VariableRecord(msgspec.Struct, frozen=True):
    model_id: ModelId
    name: str
    value: str
    """Sealed, if it is secret."""
    secret: bool


class Variables:
    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def list(self, model_id: ModelId) -> Sequence[VariableRecord]:
        """By name."""
        query = (
            select(schema.variables)
            .where(schema.variables.c.model_id == model_id)
            .order_by(schema.variables.c.name)
        )  # fmt: skip
        async with self._engine.connect() as connection:
            return [_record(row) for row in await connection.execute(query)]

    async def list_secrets(self) -> Sequence[VariableRecord]:
        """Of all models."""
        async with self._engine.connect() as connection:
            rows = await connection.execute(select(schema.variables).where(schema.variables.c.secret))
            return [_record(row) for row in rows]

    async def set(self, record: VariableRecord) -> None:
        """In place of what had the name. Raises ModelNotFound."""
        try:
            async with self._engine.begin() as connection:
                await connection.execute(_delete(record.model_id, record.name))
                await connection.execute(insert(schema.variables).values(msgspec.to_builtins(record)))
        except IntegrityError:
            raise ModelNotFound(f"There is no model {record.model_id!r}; it may have been deleted.") from None

    async def delete(self, model_id: ModelId, name: str) -> None:
        """Raises VariableNotFound."""
        async with self._engine.begin() as connection:
            if (await connection.execute(_delete(model_id, name))).rowcount == 0:
                raise VariableNotFound(f"Model {model_id!r} has no variable {name[:100]!r}; it may have been deleted.")


def _record(row: Any) -> VariableRecord:
    return msgspec.convert(row, VariableRecord, from_attributes=True)


def _delete(model_id: ModelId, name: str) -> Delete:
    return delete(schema.variables).where(schema.variables.c.model_id == model_id, schema.variables.c.name == name)
