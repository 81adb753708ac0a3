"""Who may do what: a browser's session everything, an API token what its scopes say."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
from starlette.requests import HTTPConnection

from ide_server.errors import NotSignedIn, ScopeMissing
from ide_server.web import sessions
from ide_server.wire import ApiToken, Scope

RECHECK_SECONDS = 60.0
"""A session or token may also expire, or be closed through another web process."""

RUN = re.compile(r"/api/v1/(models/[^/]+/(operations|check)|operations/[^/]+/(cancel|resume|calls))|/v2/.*")
EVENTS = re.compile(r"/api/v1/(models|operations)/[^/]+/events")


Require = Callable[[HTTPConnection[Any]], Awaitable[None]]
"""Raises NotSignedIn or ScopeMissing where who has connected may not be."""


async def require(connection: HTTPConnection[Any]) -> None:
    """Raises NotSignedIn, ScopeMissing."""
    secret = bearer(connection)
    if secret is None:
        return await sessions.require(connection)
    token: ApiToken | None = await connection.state["catalog"].api_tokens.find(secret)
    if token is None:
        raise NotSignedIn("This API token is unknown, was deleted or has expired. Make a new one in the page.")
    expected = scope_of(connection)
    if expected not in token.scopes:
        raise ScopeMissing(
            f"This needs an API token with the scope {expected!r}; {token.name!r} has {', '.join(token.scopes)}.",
            expected=expected,
            scopes=token.scopes,
        )
    return None


async def wait_closed(connection: HTTPConnection[Any], sign_out: asyncio.Event, require: Require) -> None:
    """Until who has connected may no longer be. `sign_out` is the one that was next when it last might."""
    while True:
        with anyio.move_on_after(RECHECK_SECONDS):
            await sign_out.wait()
        sign_out = connection.state["sign_outs"].next  # before the question, so that none falls between
        # A query that is cancelled costs SQLAlchemy its connection, and leaves a task behind.
        with anyio.CancelScope(shield=True):
            try:
                await require(connection)
            except (NotSignedIn, ScopeMissing):
                return


def bearer(connection: HTTPConnection[Any]) -> str | None:
    """The secret of a request that comes with one. Of such a request no cookie counts."""
    kind, _, secret = connection.headers.get("authorization", "").partition(" ")
    return secret.strip() if kind.lower() == "bearer" else None


def scope_of(connection: HTTPConnection[Any]) -> Scope:
    path = connection.scope["path"]
    if connection.scope["type"] == "websocket":
        return "read" if EVENTS.fullmatch(path) else "write"  # a terminal is typed into
    if connection.scope["method"] in ("GET", "HEAD"):
        return "read"
    return "run" if RUN.fullmatch(path) else "write"
