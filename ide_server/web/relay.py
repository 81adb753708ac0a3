"""Passes requests on to the host and its replies back, both as streams."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Sequence, Set
from http import HTTPStatus
from typing import Any

import aiohttp
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
SHORT_BYTES = 64 << 10
"""What is no longer is read before it is sent on: a stream of one piece costs more than the piece."""
SENT_ONCE = frozenset(("PATCH", "POST"))
"""All else the client of the host sends once more where a connection ends, if it has the whole body: a file that was
put would be there the second time."""

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
        try:
            await body.while_client_stays(self.exchange(scope, body, send))
        except ClientGone:
            return
        except ClientStalled:
            said = f"Nothing of the request came for {STALL_SECONDS:.0f} seconds, so it was given up. Send it again."
            raise HTTPException(HTTPStatus.REQUEST_TIMEOUT, said, {"Connection": "close"}) from None

    async def exchange(self, scope: Scope, body: "RequestBody", send: Send) -> None:
        headers = [(text(name), text(value)) for name, value in self.headers_for(scope)]
        sent = await sent_on(body, scope)
        try:
            reply = await self.host.request(scope["method"], target_of(scope), headers=headers, body=sent)
        except HostUnavailable as error:
            raise body.failure or error from error
        try:
            await self.pass_back(reply, send)
        except aiohttp.ClientError as error:
            # The status is sent, so all that is left is to end short of the end, which a client can tell.
            log.warning("the host ended in the middle of its reply to %s %s: %r", scope["method"], scope["path"], error)
        finally:
            reply.release()

    def headers_for(self, scope: Scope) -> Headers:
        return passed_on(scope["headers"], but=OURS)

    def start(self, reply: aiohttp.ClientResponse) -> dict[str, Any]:
        headers = passed_on(reply.raw_headers, but=SET_BY_US)
        return {"type": "http.response.start", "status": reply.status, "headers": headers}

    async def pass_back(self, reply: aiohttp.ClientResponse, send: Send) -> None:
        await send(self.start(reply))
        more = True
        while more:
            chunk = await reply.content.readany()
            more = not reply.content.at_eof()
            await send({"type": "http.response.body", "body": chunk, "more_body": more})


class ClientGone(Exception):
    """The client left before it had its reply."""


class ClientStalled(Exception):
    """The client is there, but its request does not go on."""


class RequestBody:
    """What the client sends, read as the host takes it; afterwards, word of the client's leaving."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._read = asyncio.Event()
        self.failure: ClientGone | ClientStalled | None = None
        """Why it has no end: what is sent to the host fails for other reasons too, and tells only that it did."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while not self._read.is_set():
            yield await self._next()

    async def whole(self) -> bytes:
        """Raises ClientGone, ClientStalled."""
        chunks = []
        while not self._read.is_set():
            chunks.append(await self._next())
        return b"".join(chunks)

    async def while_client_stays(self, work: Awaitable[None]) -> None:
        """Raises ClientGone, with the work given up, where the client leaves once its request was read."""
        try:
            async with asyncio.timeout(None) as stay:
                leaving = asyncio.create_task(self._end_when_client_leaves(stay), name="a client's leaving")
                try:
                    await work
                finally:
                    leaving.cancel()
        except TimeoutError as error:
            if not stay.expired():
                raise
            raise ClientGone from error

    def mark_read(self) -> None:
        self._read.set()

    async def _end_when_client_leaves(self, stay: asyncio.Timeout) -> None:
        await self._read.wait()
        while (await self._receive())["type"] != "http.disconnect":
            pass
        stay.reschedule(0)

    async def _next(self) -> bytes:
        try:
            async with asyncio.timeout(STALL_SECONDS):
                message = await self._receive()
        except TimeoutError:
            self.failure = ClientStalled()
            raise self.failure from None
        if message["type"] == "http.disconnect":
            self.failure = ClientGone()
            raise self.failure
        if not message.get("more_body", False):
            self.mark_read()
        body: bytes = message.get("body", b"")
        return body


async def sent_on(body: RequestBody, scope: Scope) -> RequestBody | bytes | None:
    """A body as the host is to have it; None: there is none. Raises as `whole` does."""
    said = dict(scope["headers"])
    if b"transfer-encoding" in said:
        return body
    if b"content-length" not in said:
        body.mark_read()
        return None
    is_short = int(said[b"content-length"]) <= SHORT_BYTES
    return await body.whole() if is_short and scope["method"] in SENT_ONCE else body


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
    left_out = HOP_BY_HOP | named | but
    return [(name, value) for name, value in lowered if name not in left_out]
