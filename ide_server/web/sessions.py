"""A browser's session: a secret in a cookie, whose hash the catalog knows."""

import asyncio
from typing import Any, Self

import anyio
from starlette.requests import HTTPConnection
from starlette.responses import Response

from ide_server.errors import NotSignedIn
from ide_server.settings import Settings

DAY_SECONDS = 86400
RECHECK_SECONDS = 60.0
"""A session may also expire, or be closed through another web process."""


class SessionCookie:
    """Named after the port, as browsers share cookies between the ports of a host."""

    def __init__(self, settings: Settings) -> None:
        self.secure = settings.public_url.startswith("https:")
        self.name = f"{'__Host-' if self.secure else ''}slipway-{settings.port}"
        self.seconds = settings.session_days * DAY_SECONDS

    @classmethod
    def of(cls, connection: HTTPConnection[Any]) -> Self:
        return cls(connection.state["settings"])

    def set(self, response: Response, session: str) -> None:
        response.set_cookie(
            self.name, session, max_age=self.seconds, secure=self.secure, httponly=True, samesite="strict"
        )

    def clear(self, response: Response) -> None:
        response.delete_cookie(self.name, secure=self.secure, httponly=True, samesite="strict")


async def is_open(connection: HTTPConnection[Any]) -> bool:
    session = connection.cookies.get(SessionCookie.of(connection).name)
    return session is not None and await connection.state["catalog"].sign_in.is_open(session)


async def require(connection: HTTPConnection[Any]) -> None:
    if not await is_open(connection):
        raise NotSignedIn("Sign in first: `slipway sign-in` prints a link.")


class SignOuts:
    """Wakes those who go on relying on a session whenever one was closed; each then asks about its own."""

    def __init__(self) -> None:
        self.next = asyncio.Event()

    def announce(self) -> None:
        self.next.set()
        self.next = asyncio.Event()


async def wait_closed(connection: HTTPConnection[Any], sign_out: asyncio.Event) -> None:
    """Until the session is no longer open. `sign_out` is the one that was next when it last was."""
    while True:
        with anyio.move_on_after(RECHECK_SECONDS):
            await sign_out.wait()
        sign_out = connection.state["sign_outs"].next  # before the question, so that none falls between
        # A query that is cancelled costs SQLAlchemy its connection, and leaves a task behind.
        with anyio.CancelScope(shield=True):
            if not await is_open(connection):
                return
