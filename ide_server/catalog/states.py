"""Rows of states."""

from typing import Any

import msgspec
from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from ide_server.catalog import schema
from ide_server.errors import StateNotFound
from ide_server.wire import ModelId, State, StateId


class States:
    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def create(self, state: State) -> None:
        async with self._engine.begin() as connection:
            await connection.execute(insert(schema.states).values(msgspec.to_builtins(state)))

    async def list(self, model_id: ModelId) -> list[State]:
        """The newest first."""
        query = (
            select(schema.states)
            .where(schema.states.c.model_id == model_id)
            .order_by(schema.states.c.created_at.desc())
        )  # fmt: skip
        async with self._engine.connect() as connection:
            rows = await connection.execute(query)
            return [msgspec.convert(row, State, from_attributes=True) for row in rows]

    async def get(self, model_id: ModelId, state_id: StateId) -> State:
        """Raises StateNotFound, also for a state of another model."""
        async with self._engine.connect() as connection:
            row = (await connection.execute(select(schema.states).where(*_is(model_id, state_id)))).first()
        if row is None:
            raise StateNotFound(f"Model {model_id!r} has no state {state_id!r}; it may have been deleted.")
        return msgspec.convert(row, State, from_attributes=True)

    async def rename(self, model_id: ModelId, state_id: StateId, name: str) -> None:
        async with self._engine.begin() as connection:
            await connection.execute(update(schema.states).where(*_is(model_id, state_id)).values(name=name))

    async def delete(self, model_id: ModelId, state_id: StateId) -> None:
        async with self._engine.begin() as connection:
            await connection.execute(delete(schema.states).where(*_is(model_id, state_id)))


def _is(model_id: ModelId, state_id: StateId) -> tuple[Any, Any]:
    return schema.states.c.id == state_id, schema.states.c.model_id == model_id
