"""Secrets that let one browser session see one port of one model. They are kept as their SHA-256."""

import secrets
import time

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from ide_server.catalog import schema
from ide_server.catalog.sign_in import hash_of
from ide_server.wire import ModelId

LINK_SECONDS = 60.0


class Previews:
    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def create_link(self, session: str, model_id: ModelId, port: int) -> str:
        """A secret that `enter` takes once, within a minute. `session` is an open one's."""
        return await self._create(hash_of(session), model_id, port, expires_at=time.time() + LINK_SECONDS)

    async def enter(self, link: str, model_id: ModelId, port: int, *, seconds: float) -> str | None:
        """The secret of a visit, for as long as the session is open; None if the link is unknown, used or expired."""
        previews = schema.previews
        use = (
            delete(previews)
            .where(previews.c.hash == hash_of(link), previews.c.model_id == model_id, previews.c.port == port)
            .where(previews.c.expires_at > time.time())
            .returning(previews.c.session_hash)
        )
        async with self._engine.begin() as connection:
            session_hash = (await connection.execute(use)).scalar_one_or_none()
        if session_hash is None:
            return None
        return await self._create(session_hash, model_id, port, expires_at=time.time() + seconds)

    async def is_open(self, visit: str, model_id: ModelId, port: int) -> bool:
        previews, sessions = schema.previews, schema.sessions
        now = time.time()
        query = (
            select(previews.c.hash)
            .join(sessions, sessions.c.hash == previews.c.session_hash)
            .where(previews.c.hash == hash_of(visit), previews.c.model_id == model_id, previews.c.port == port)
            .where(previews.c.expires_at > now, sessions.c.expires_at > now)
        )
        async with self._engine.connect() as connection:
            return (await connection.execute(query)).first() is not None

    async def _create(self, session_hash: str, model_id: ModelId, port: int, *, expires_at: float) -> str:
        secret = secrets.token_urlsafe(32)
        made = {"hash": hash_of(secret), "session_hash": session_hash, "model_id": model_id, "port": port}
        async with self._engine.begin() as connection:
            await connection.execute(delete(schema.previews).where(schema.previews.c.expires_at <= time.time()))
            await connection.execute(insert(schema.previews).values(made | {"expires_at": expires_at}))
        return secret
