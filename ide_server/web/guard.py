"""Refuses what another site makes a browser send: by the names we are reached at, Origin and Sec-Fetch-Dest."""

import ipaddress
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

from ide_server.errors import ForbiddenOrigin
from ide_server.replies import error_reply
from ide_server.settings import Settings
from ide_server.web import access

SAFE_METHODS = frozenset({"GET", "HEAD"})
CODE_DESTINATIONS = frozenset(
    {"audioworklet", "paintworklet", "script", "serviceworker", "sharedworker", "style", "worker", "xslt"}
)
"""What Sec-Fetch-Dest says where the reply would run in our origin."""
WRONG_ORIGIN = 4403


class Guard:
    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        public = urlsplit(settings.public_url)
        self.public_origin = f"{public.scheme}://{public.netloc}" if public.netloc else None
        self.names = frozenset(filter(None, ("localhost", settings.host.lower(), public.hostname)))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            return await self.app(scope, receive, send)
        try:
            self.check(scope)
        except ForbiddenOrigin as error:
            return await refuse(error, scope, receive, send)
        return await self.app(scope, receive, send)

    def check(self, scope: Scope) -> None:
        connection = HTTPConnection(scope)
        self.check_host(connection)
        # A browser adds cookies by itself, but no token: a request that has one was meant by who made it.
        is_meant = access.bearer(connection) is not None
        if not is_meant and (scope["type"] == "websocket" or scope["method"] not in SAFE_METHODS):
            self.check_origin(connection)
        if f"{scope['path']}/".startswith(("/api/", "/v2/")):
            check_destination(connection)

    def check_host(self, connection: HTTPConnection) -> None:
        """A site can let its own name resolve to this machine (DNS rebinding), but it cannot do so with an address."""
        name = hostname(connection.headers.get("host", ""))
        if not (name in self.names or is_address(name)):
            raise ForbiddenOrigin(
                f"This server does not answer as {name!r}. If that is its name, start it with --public-url.",
                expected=sorted(self.names),
            )

    def check_origin(self, connection: HTTPConnection) -> None:
        scheme = {"ws": "http", "wss": "https"}.get(connection.scope["scheme"], connection.scope["scheme"])
        own = f"{scheme}://{connection.headers['host']}"
        origin = connection.headers.get("origin")
        if origin is None or origin not in (own, self.public_origin):
            raise ForbiddenOrigin(
                f"Expected Origin {self.public_origin or own}, got {origin or 'none'}. "
                "Behind a proxy, start the server with --public-url.",
                expected=self.public_origin or own,
            )


def check_destination(connection: HTTPConnection) -> None:
    """A model's files share our origin, so script-src 'self' would let them run in the page."""
    destination = connection.headers.get("sec-fetch-dest")
    if destination in CODE_DESTINATIONS:
        raise ForbiddenOrigin(f"The API gives data only; this was asked for as a {destination}.")


def hostname(host: str) -> str:
    """The name in a Host header, without its port; an address of IP version 6 without its brackets."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


async def refuse(error: ForbiddenOrigin, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "http":
        return await error_reply(error)(scope, receive, send)
    # Accepted first, as a page hears the code and the reason of an accepted socket only.
    websocket = WebSocket(scope, receive, send)
    await websocket.accept()
    return await websocket.close(WRONG_ORIGIN, close_reason(error.message))


def close_reason(message: str) -> str:
    """At most 123 bytes, RFC 6455, 5.5."""
    return message.encode()[:123].decode(errors="ignore")
