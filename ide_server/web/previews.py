"""Servers that run in models, each shown on an origin of its own: PORT-MODEL.localhost, or a subdomain of ours.

What they answer is the model's: it shares nothing with our own page, neither its origin nor its cookies. So all that
comes to such a name ends here, before any route, guard or header of ours.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

import aiohttp
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket
from websockets.exceptions import InvalidHandshake
from websockets.frames import Close

from ide_server.catalog import Catalog
from ide_server.errors import HostUnavailable, NotSignedIn, PreviewUnavailable
from ide_server.settings import Settings
from ide_server.web import pages, relay, sessions, sockets
from ide_server.web.guard import SAFE_METHODS, WRONG_ORIGIN, hostname, is_address
from ide_server.web.host import Host
from ide_server.web.sessions import SessionCookie
from ide_server.web.state import WebState
from ide_server.web.tunnel import Tunnel
from ide_server.wire import ModelId

LOCAL = "localhost"
COOKIE = "slipway-preview"
ENTRY = "/.slipway/enter"
LABEL = re.compile(r"(\d{1,5})-([a-z0-9]{1,40})")
HIGHEST_PORT = 65535


class Place(NamedTuple):
    model_id: ModelId
    port: int


class Previews:
    """Around the whole application; all other names are the application's."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self.domains = tuple(filter(None, (LOCAL, settings.preview_domain.lower())))
        self.ports = PortSockets(settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            try:
                return await self.app(scope, receive, send)
            finally:
                await self.ports.close()
        place = place_of(HTTPConnection(scope), self.domains)
        if place is None:
            return await self.app(scope, receive, send)
        if scope["type"] == "websocket":
            return await self.connect(WebSocket(scope, receive, send), place)
        reply = await self.answer(Request(scope, receive), place)
        return await reply(scope, receive, send)

    async def answer(self, request: Request, place: Place) -> Response:
        if request.url.path == ENTRY:
            return await enter(request, place)
        if not await is_visitor(request, place):
            return pages.preview_not_open()
        if request.method not in SAFE_METHODS and not is_own_origin(request):
            return pages.preview_wrong_origin()
        try:
            return PreviewReply(self.ports, place, await self.ports.get(request, place))
        except (HostUnavailable, PortGone) as error:
            return pages.preview_failed(error.message)

    async def connect(self, websocket: WebSocket, place: Place) -> None:
        sign_out = websocket.state["sign_outs"].next
        if not (is_own_origin(websocket) and await is_visitor(websocket, place)):
            return await sockets.refuse(websocket, Close(WRONG_ORIGIN, "open this port from Slipway's page"))

        async def require(_: HTTPConnection) -> None:
            if not await is_visitor(websocket, place):
                raise NotSignedIn("The session has ended. Open this port from Slipway's page.")

        try:
            upstream = await self.ports.get(websocket, place)
            target, subprotocols = relay.target_of(websocket.scope), websocket.scope["subprotocols"]
            tunnel = await Tunnel.open(upstream, target, subprotocols, headers=headers_for(websocket.scope))
        except (InvalidHandshake, OSError, TimeoutError, EOFError, HostUnavailable, PortGone) as error:
            return await sockets.refuse(websocket, sockets.why_refused(error))
        return await sockets.carry(websocket, tunnel, sign_out, require)


class PortGone(Exception):
    """Nothing listens there."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class PortSockets:
    """The ways into ports of models, through the host."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._open: dict[Place, Host] = {}

    async def get(self, connection: HTTPConnection, place: Place) -> Host:
        """Raises PortGone, HostUnavailable."""
        if place not in self._open:
            await ask_to_open(connection.state["host"], place)
            self._open.setdefault(place, Host(self._settings.port_socket(*place)))
        return self._open[place]

    async def close(self) -> None:
        for upstream in self._open.values():
            await upstream.close()

    async def why_failed(self, connection: HTTPConnection, place: Place) -> str:
        """A host that was started anew knows no door of before, and a server may have ended."""
        if (upstream := self._open.pop(place, None)) is not None:
            await upstream.close()
        try:
            await ask_to_open(connection.state["host"], place)
        except (HostUnavailable, PortGone) as error:
            return error.message
        return f"The server on port {place.port} closed the connection without an answer. Load the page again."


async def ask_to_open(host: Host, place: Place) -> None:
    target = f"/api/v1/models/{place.model_id}/ports/{place.port}"
    async with await host.request("PUT", target, headers=(), body=None) as reply:
        if reply.status != 204:
            said = await reply.json()
            raise PortGone(said["error"]["message"])


class PreviewReply(relay.RelayedReply):
    def __init__(self, ports: PortSockets, place: Place, upstream: Host) -> None:
        super().__init__(upstream)
        self.ports = ports
        self.place = place

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            return await super().__call__(scope, receive, send)
        except HostUnavailable:
            message = await self.ports.why_failed(HTTPConnection(scope), self.place)
        except HTTPException as error:
            message = error.detail
        return await pages.preview_failed(message)(scope, receive, send)

    def headers_for(self, scope: Scope) -> relay.Headers:
        return headers_for(scope)

    def start(self, reply: aiohttp.ClientResponse) -> dict[str, object]:
        headers = [
            (name, without_domain(value) if name == b"set-cookie" else value)
            for name, value in relay.passed_on(reply.raw_headers, but=frozenset())
        ]
        return {"type": "http.response.start", "status": reply.status, "headers": headers}


def headers_for(scope: Scope) -> relay.Headers:
    """All but what belongs to the connection, and our cookie."""
    headers = [
        (name, without_our_cookie(value) if name == b"cookie" else value)
        for name, value in relay.passed_on(scope["headers"], but=WEBSOCKET_HEADERS)
    ]
    return [(name, value) for name, value in headers if value or name != b"cookie"]


WEBSOCKET_HEADERS = frozenset(
    (
        b"sec-websocket-accept",
        b"sec-websocket-extensions",
        b"sec-websocket-key",
        b"sec-websocket-protocol",
        b"sec-websocket-version",
    )
)
"""Each side makes its own."""


def without_our_cookie(value: bytes) -> bytes:
    cookies = [cookie.strip() for cookie in value.split(b";")]
    return b"; ".join(cookie for cookie in cookies if not cookie.startswith(COOKIE.encode() + b"="))


def without_domain(value: bytes) -> bytes:
    """A cookie of one server in a model is no other's."""
    parts = [part.strip() for part in value.split(b";")]
    return b"; ".join(part for part in parts if not part.lower().startswith(b"domain="))


def place_of(connection: HTTPConnection, domains: Sequence[str]) -> Place | None:
    name = hostname(connection.headers.get("host", ""))
    label, _, domain = name.partition(".")
    found = LABEL.fullmatch(label)
    if found is None or domain not in domains or not 0 < int(found[1]) <= HIGHEST_PORT:
        return None
    return Place(ModelId(found[2]), int(found[1]))


def is_own_origin(connection: HTTPConnection) -> bool:
    """Other servers in models may be the same site, to a browser."""
    origin = connection.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == connection.headers.get("host")


async def is_visitor(connection: HTTPConnection, place: Place) -> bool:
    visit = connection.cookies.get(COOKIE)
    catalog: Catalog = connection.state["catalog"]
    return visit is not None and await catalog.previews.is_open(visit, *place)


async def enter(request: Request, place: Place) -> Response:
    settings: Settings = request.state["settings"]
    session = SessionCookie(settings)
    catalog: Catalog = request.state["catalog"]
    link = request.query_params.get("link", "")
    visit = await catalog.previews.enter(link, *place, seconds=session.seconds)
    if visit is None:
        return pages.preview_not_open()
    reply = RedirectResponse("/", 303, {"Referrer-Policy": "no-referrer", "Cache-Control": "no-store"})
    # Lax, as the way here begins on another origin: our page's.
    reply.set_cookie(COOKIE, visit, max_age=session.seconds, secure=session.secure, httponly=True, samesite="lax")
    return reply


# --- the route of our own page that leads there ---


async def open_port(request: Request[WebState]) -> Response:
    """A link in our page; a browser sends our cookie with no other."""
    await sessions.require(request)
    place = Place(ModelId(request.path_params["model"]), request.path_params["port"])
    settings = request.state["settings"]
    origin = origin_of(place, request, settings)
    try:
        await ask_to_open(request.state["host"], place)
    except PortGone as error:
        return pages.preview_failed(error.message)
    session = request.cookies[SessionCookie.of(request).name]
    link = await request.state["catalog"].previews.create_link(session, *place)
    return RedirectResponse(f"{origin}{ENTRY}?link={link}", 303)


def origin_of(place: Place, request: Request[WebState], settings: Settings) -> str:
    """Raises PreviewUnavailable."""
    reached = urlsplit(f"//{request.headers['host']}")
    name = reached.hostname or ""
    is_local = name == LOCAL or (is_address(name) and name in ("127.0.0.1", "::1"))
    domain = settings.preview_domain or (LOCAL if is_local else None)
    if domain is None:
        raise PreviewUnavailable(
            f"A server in a model needs a name of its own, and {name} has no subdomains here. Let all names below a "
            "domain lead to this server and start it with --preview-domain."
        )
    scheme = "https" if settings.public_url.startswith("https:") else request.url.scheme
    port = f":{reached.port}" if reached.port else ""
    return f"{scheme}://{place.port}-{place.model_id}.{domain}{port}"
