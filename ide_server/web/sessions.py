"""A browser's session: a secret in a cookie, whose hash the catalog knows."""

import asyncio
from typing import Any, Self

from starlette.requests import HTTPConnection
from starlette.responses import Response

from ide_server.errors import NotSignedIn
from ide_server.settings import Settings

DAY_SECONDS = 86400


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
    """Wakes those who go on relying on a session or token whenever one was closed; each then asks about its own."""

    def __init__(self) -> None:
        self.next = asyncio.Event()

    def announce(self) -> None:
        self.next.set()
        self.next = asyncio.Event()
