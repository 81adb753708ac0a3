"""Passes requests on to the host and its replies back, both as streams."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence, Set
from http import HTTPStatus
from typing import Any

import aiohttp
import anyio
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ide_server.errors import HostUnavailable
from ide_server.web import access
from ide_server.web.host import Host

log = logging.getLogger(__name__)

STALL_SECONDS = 60.0
"""A client that sends nothing more of a request for so long would hold its place at the host for ever."""

Headers = Sequence[tuple[bytes, bytes]]
HOP_BY_HOP = frozenset(
    (
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    )
)
"""What belongs to one connection, RFC 9110, 7.6.1."""
OURS = frozenset((b"authorization", b"cookie", b"expect", b"host"))
"""The host has no use for the secret of a session or token. Whoever expects `100 Continue` has it from us."""
SET_BY_US = frozenset((b"date", b"server"))


async def relay(request: Request) -> Response:
    await access.require(request)
    return RelayedReply(request.state["host"])


class RelayedReply(Response):
    """What the host answers. Each side waits for the other, so memory stays flat whatever the size."""

    def __init__(self, host: Host) -> None:
        super().__init__()
        self.host = host

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = RequestBody(receive)
        error: Exception | None = None
        async with anyio.create_task_group() as group:

            async def cancel_when_client_leaves() -> None:
                await body.wait_client_gone()
                group.cancel_scope.cancel()

            group.start_soon(cancel_when_client_leaves)
            try:
                await self.exchange(scope, body, send)
            except (HostUnavailable, ClientGone, ClientStalled) as raised:
                error = raised  # outside of the group, so that it does not come wrapped in an ExceptionGroup
            group.cancel_scope.cancel()
        if isinstance(error, HostUnavailable):
            raise error
        if isinstance(error, ClientStalled):
            said = f"Nothing of the request came for {STALL_SECONDS:.0f} seconds, so it was given up. Send it again."
            raise HTTPException(HTTPStatus.REQUEST_TIMEOUT, said, {"Connection": "close"})

    async def exchange(self, scope: Scope, body: "RequestBody", send: Send) -> None:
        has_body = any(name in (b"content-length", b"transfer-encoding") for name, _ in scope["headers"])
        if not has_body:
            body.mark_read()
        request = self.host.request(
            scope["method"],
            target_of(scope),
            headers=[(text(name), text(value)) for name, value in self.headers_for(scope)],
            body=body if has_body else None,
        )
        try:
            async with request as reply:
                await self.pass_back(reply, send)
        except HostUnavailable as error:
            raise body.failure or error from error
        except aiohttp.ClientError as error:
            # The status is sent, so all that is left is to end short of the end, which a client can tell.
            log.warning("the host ended in the middle of its reply to %s %s: %r", scope["method"], scope["path"], error)

    def headers_for(self, scope: Scope) -> Headers:
        return passed_on(scope["headers"], but=OURS)

    def start(self, reply: aiohttp.ClientResponse) -> dict[str, Any]:
        headers = passed_on(reply.raw_headers, but=SET_BY_US)
        return {"type": "http.response.start", "status": reply.status, "headers": headers}

    async def pass_back(self, reply: aiohttp.ClientResponse, send: Send) -> None:
        await send(self.start(reply))
        async for chunk in reply.content.iter_any():
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


class ClientGone(Exception):
    """The client left before all of its request was read."""


class ClientStalled(Exception):
    """The client is there, but its request does not go on."""


class RequestBody:
    """What the client sends, read as the host takes it; afterwards, word of the client's leaving."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._read = anyio.Event()
        self.failure: ClientGone | ClientStalled | None = None
        """Why it has no end: what is sent to the host fails for other reasons too, and tells only that it did."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        more = True
        while more:
            try:
                async with asyncio.timeout(STALL_SECONDS):
                    message = await self._receive()
            except TimeoutError:
                self.failure = ClientStalled()
                raise self.failure from None
            if message["type"] == "http.disconnect":
                self.failure = ClientGone()
                raise self.failure
            more = message.get("more_body", False)
            yield message.get("body", b"")
        self._read.set()

    async def wait_client_gone(self) -> None:
        await self._read.wait()
        while (await self._receive())["type"] != "http.disconnect":
            pass

    def mark_read(self) -> None:
        self._read.set()


def target_of(scope: Scope) -> str:
    """As it came: uvicorn lets in nothing but ASCII."""
    path, query = scope["raw_path"], scope["query_string"]
    target: bytes = b"?".join((path, query)) if query else path
    return target.decode("latin-1")


def text(value: bytes) -> str:
    """Of a header, as the client of the host encodes it."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


def passed_on(headers: Headers, *, but: Set[bytes]) -> Headers:
    """Headers that go further than this connection, their names in lower case."""
    lowered = [(name.lower(), value) for name, value in headers]
    named = {part.strip().lower() for name, value in lowered if name == b"connection" for part in value.split(b",")}
    return [(name, value) for name, value in lowered if name not in HOP_BY_HOP | named | but]
