"""Replies that were given to requests with an idempotency key, so that the same request again gets the same."""

import time

import msgspec
from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from ide_server.catalog import schema

KEEP_SECONDS = 86400.0


class KeptReply(msgspec.Struct, frozen=True):
    fingerprint: str
    status: int | None
    """None: there is no reply yet."""
    body: bytes | None


class Replies:
    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def begin(self, key: str, fingerprint: str) -> KeptReply | None:
        """None: this request is the first with the key, and its reply is to be kept or its key forgotten."""
        now = time.time()
        values = {"key": key, "fingerprint": fingerprint, "created_at": now}
        async with self._engine.begin() as connection:
            await connection.execute(delete(schema.replies).where(schema.replies.c.created_at <= now - KEEP_SECONDS))
        try:
            async with self._engine.begin() as connection:
                await connection.execute(insert(schema.replies).values(values))
        except IntegrityError:
            return await self._find(key)
        return None

    async def keep(self, key: str, *, status: int, body: bytes) -> None:
        async with self._engine.begin() as connection:
            values = {"status": status, "body": body}
            await connection.execute(update(schema.replies).where(schema.replies.c.key == key).values(values))

    async def forget(self, key: str) -> None:
        async with self._engine.begin() as connection:
            await connection.execute(delete(schema.replies).where(schema.replies.c.key == key))

    async def _find(self, key: str) -> KeptReply | None:
        columns = schema.replies.c
        query = select(columns.fingerprint, columns.status, columns.body).where(columns.key == key)
        async with self._engine.connect() as connection:
            row = (await connection.execute(query)).first()
        return None if row is None else msgspec.convert(row, KeptReply, from_attributes=True)
