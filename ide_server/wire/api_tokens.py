"""API tokens."""

from typing import Literal

from ide_server.wire.base import ApiTokenId, Message, Request

Scope = Literal["read", "run", "write"]


class ApiToken(Message, frozen=True):
    """Lets a program in. Scopes: read whatever there is; run operations; write, which is all else."""

    id: ApiTokenId
    name: str
    scopes: list[Scope]
    created_at: float
    expires_at: float | None
    last_used_at: float | None
    """To the minute."""


class NewApiToken(Request, frozen=True):
    name: str
    scopes: list[Scope]
    expires_at: float | None = None
    """None: never."""


class CreatedApiToken(Message, frozen=True):
    secret: str
    """Shown once: only its hash is kept. Sent as `Authorization: Bearer <secret>`."""
    token: ApiToken
