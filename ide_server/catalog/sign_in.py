"""One-time sign-in tokens and the sessions they are traded for."""

import hashlib
import secrets
import time

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from ide_server.catalog import schema

TOKEN_SECONDS = 3600.0


class SignIn:
    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def create_token(self) -> str:
        """A secret that opens one session, within an hour."""
        token = secrets.token_urlsafe(32)
        now = time.time()
        async with self._engine.begin() as connection:
            await connection.execute(delete(schema.sign_in_tokens).where(schema.sign_in_tokens.c.expires_at <= now))
            await connection.execute(
                insert(schema.sign_in_tokens).values(hash=hash_of(token), expires_at=now + TOKEN_SECONDS)
            )
        return token

    async def open_session(self, token: str, *, seconds: float) -> str | None:
        """The secret of a new session; None if the token is unknown, used or expired."""
        now = time.time()
        use = delete(schema.sign_in_tokens).where(
            schema.sign_in_tokens.c.hash == hash_of(token), schema.sign_in_tokens.c.expires_at > now
        )
        session = secrets.token_urlsafe(32)
        async with self._engine.begin() as connection:
            if (await connection.execute(use)).rowcount != 1:
                return None
            await connection.execute(delete(schema.sessions).where(schema.sessions.c.expires_at <= now))
            await connection.execute(
                insert(schema.sessions).values(hash=hash_of(session), created_at=now, expires_at=now + seconds)
            )
        return session

    async def is_open(self, session: str) -> bool:
        query = select(schema.sessions.c.hash).where(
            schema.sessions.c.hash == hash_of(session), schema.sessions.c.expires_at > time.time()
        )
        async with self._engine.connect() as connection:
            return (await connection.execute(query)).first() is not None

    async def close_session(self, session: str) -> None:
        async with self._engine.begin() as connection:
            await connection.execute(delete(schema.sessions).where(schema.sessions.c.hash == hash_of(session)))


def hash_of(secret: str) -> str:
    """A plain hash is enough: the secrets are 256 random bits, so there is nothing to guess."""
    return hashlib.sha256(secret.encode()).hexdigest()
