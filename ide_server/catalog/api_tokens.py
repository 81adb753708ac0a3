"""API tokens: secrets that let programs in, of which only hashes are kept."""

import hashlib
import secrets
import time

import msgspec
from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from ide_server.catalog import schema
from ide_server.catalog.ids import new_id
from ide_server.errors import TokenNotFound
from ide_server.wire import ApiToken, ApiTokenId, CreatedApiToken, NewApiToken

PREFIX = "slipway_"
"""By which programs that look for leaked secrets know one."""
USE_SECONDS = 60.0
KNOWN_SECONDS = 2.0
"""How long a token that another process deletes may still be taken for one that is known."""

COLUMNS = [column for column in schema.api_tokens.c if column.name != "hash"]


class ApiTokens:
    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._known: dict[str, tuple[ApiToken, float]] = {}
        """By hash, with when it was read: a program sends one with each of its requests."""
        self._deletions = 0

    async def create(self, new: NewApiToken) -> CreatedApiToken:
        secret = PREFIX + secrets.token_urlsafe(32)
        token = ApiToken(ApiTokenId(new_id()), new.name, new.scopes, time.time(), new.expires_at, None)
        async with self._engine.begin() as connection:
            values = msgspec.to_builtins(token) | {"hash": _hash(secret)}
            await connection.execute(insert(schema.api_tokens).values(values))
        return CreatedApiToken(secret, token)

    async def list(self) -> list[ApiToken]:
        """The newest first, also those that have expired."""
        async with self._engine.connect() as connection:
            rows = await connection.execute(select(*COLUMNS).order_by(schema.api_tokens.c.created_at.desc()))
            return [msgspec.convert(row, ApiToken, from_attributes=True) for row in rows]

    async def find(self, secret: str) -> ApiToken | None:
        """None if it is unknown, was revoked or has expired."""
        hashed, now = _hash(secret), time.time()
        token, read_at = self._known.get(hashed, (None, 0.0))
        if token is None or not 0 <= now - read_at < KNOWN_SECONDS:
            token = await self._read(hashed, now)
        return None if token is None or (token.expires_at is not None and token.expires_at <= now) else token

    async def _read(self, hashed: str, now: float) -> ApiToken | None:
        self._known.pop(hashed, None)
        deletions = self._deletions
        async with self._engine.connect() as connection:
            row = (await connection.execute(select(*COLUMNS).where(schema.api_tokens.c.hash == hashed))).first()
        if row is None:
            return None
        token = msgspec.convert(row, ApiToken, from_attributes=True)
        if deletions == self._deletions:  # it may have been deleted while it was read
            self._known[hashed] = token, now
        if token.last_used_at is None or now - token.last_used_at >= USE_SECONDS:
            await self._used(token.id, now)
        return token

    async def delete(self, token_id: ApiTokenId) -> None:
        """Raises TokenNotFound."""
        async with self._engine.begin() as connection:
            done = await connection.execute(delete(schema.api_tokens).where(schema.api_tokens.c.id == token_id))
        self._known.clear()
        self._deletions += 1
        if done.rowcount == 0:
            raise TokenNotFound(f"There is no API token {token_id!r}; it may have been deleted.")

    async def _used(self, token_id: ApiTokenId, now: float) -> None:
        async with self._engine.begin() as connection:
            change = update(schema.api_tokens).where(schema.api_tokens.c.id == token_id).values(last_used_at=now)
            await connection.execute(change)


def _hash(secret: str) -> str:
    """A plain hash is enough: the secrets are 256 random bits, so there is nothing to guess."""
    return hashlib.sha256(secret.encode()).hexdigest()
