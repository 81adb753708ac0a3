"""WebSockets for those to whom none get through: server-sent events one way, requests the other.

What stands in the place of a socket is a connection to the host as a socket's would be. It ends when nobody listens.
"""

import asyncio
import base64
import contextlib
import secrets
from collections.abc import AsyncIterator
from typing import Any

import anyio
import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.frames import Close

from ide_server.errors import InvalidRequest, NotFound
from ide_server.replies import json_reply
from ide_server.web import access, bodies, sessions, sockets
from ide_server.web.host import MAX_MESSAGE_BYTES
from ide_server.web.tunnel import RESTARTING, STUCK_SECONDS
from ide_server.wire import NewSubstitute, Substitute, decode

PREFIX, OURS = "/api/v1/", "/api/v1/sockets"
LISTEN_SECONDS = 20.0
"""In which whoever has opened one must begin to listen."""
PING_SECONDS = 15.0
PING = ":\n\n"
MOST = 1000
NORMAL, GOING_AWAY, NO_STATUS, ABNORMAL = 1000, 1001, 1005, 1006
# 1005 (no code) and 1006 (no closing at all) are never sent, RFC 6455, 7.4.1.
TO_CLIENT = {NO_STATUS: NORMAL, ABNORMAL: RESTARTING}


class Open:
    """One connection to the host in the place of a socket."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.heard = asyncio.Event()
        """Somebody listens, or has given up to."""
        self._turn = asyncio.Lock()

    async def send(self, messages: list[str]) -> None:
        """In order, also where two requests come at once."""
        async with self._turn:
            for message in messages:
                await self.connection.send(message)


class Substitutes:
    def __init__(self) -> None:
        self._open: dict[str, Open] = {}
        self._unheard: set[asyncio.Task[None]] = set()

    def add(self, connection: ClientConnection) -> str:
        """Its secret name."""
        name = secrets.token_urlsafe(24)
        self._open[name] = substitute = Open(connection)
        waiting = asyncio.create_task(self._end_unheard(name, substitute), name="unheard substitute")
        self._unheard.add(waiting)
        waiting.add_done_callback(self._unheard.discard)
        return name

    def get(self, name: str) -> Open:
        """Raises NotFound."""
        substitute = self._open.get(name)
        if substitute is None:
            raise NotFound("This connection has ended. Open a new one.")
        return substitute

    @property
    def full(self) -> bool:
        return len(self._open) >= MOST

    async def remove(self, name: str) -> None:
        if (substitute := self._open.pop(name, None)) is not None:
            await end(substitute.connection, Close(GOING_AWAY, ""))

    async def close(self) -> None:
        for waiting in self._unheard:
            waiting.cancel()
        for name in list(self._open):
            await self.remove(name)

    async def _end_unheard(self, name: str, substitute: Open) -> None:
        try:
            async with asyncio.timeout(LISTEN_SECONDS):
                await substitute.heard.wait()
        except TimeoutError:
            await self.remove(name)


async def create(request: Request) -> Response:
    await sessions.require(request)
    path = decode(await bodies.read(request), NewSubstitute).path
    if not path.startswith(PREFIX) or path.startswith(OURS) or not path.isascii() or not path.isprintable():
        raise InvalidRequest(f"Expected the path of a WebSocket below {PREFIX}, got {path[:80]!r}.")
    substitutes = request.state["substitutes"]
    if substitutes.full:
        return json_reply(refused(Close(RESTARTING, "there are too many connections; try again")), status=201)
    try:
        connection = await request.state["host"].connect(path, ())
    except (InvalidHandshake, OSError, TimeoutError, EOFError) as error:
        return json_reply(refused(sockets.why_refused(error)), status=201)
    return json_reply(Substitute(substitutes.add(connection)), status=201)


def refused(close: Close) -> Substitute:
    """As a WebSocket that is closed at once."""
    return Substitute(None, close.code, close.reason)


async def listen(request: Request) -> Response:
    await sessions.require(request)
    name = request.path_params["socket"]
    substitute = request.state["substitutes"].get(name)
    if substitute.heard.is_set():
        raise InvalidRequest("Somebody listens to this connection already. Open a new one.")
    substitute.heard.set()
    sign_out = request.state["sign_outs"].next
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(
        events(request, name, substitute, sign_out), media_type="text/event-stream", headers=headers
    )


async def events(request: Request, name: str, substitute: Open, sign_out: asyncio.Event) -> AsyncIterator[str]:
    signed_out = asyncio.create_task(access.wait_closed(request, sign_out, sessions.require))
    message = asyncio.create_task(substitute.connection.recv())
    try:
        yield PING  # the head goes out at once
        while True:
            done, _ = await asyncio.wait({signed_out, message}, timeout=PING_SECONDS, return_when="FIRST_COMPLETED")
            if signed_out in done:
                yield event("close", [sockets.NOT_SIGNED_IN, "The session has ended. Sign in again."])
                return
            if message not in done:
                yield PING
                continue
            try:
                said = message.result()
            except ConnectionClosed:
                code = substitute.connection.close_code or ABNORMAL
                yield event("close", [TO_CLIENT.get(code, code), substitute.connection.close_reason or ""])
                return
            message = asyncio.create_task(substitute.connection.recv())
            yield event("text", said) if isinstance(said, str) else event("binary", base64.b64encode(said).decode())
    finally:
        for task in (signed_out, message):
            task.cancel()
        with anyio.CancelScope(shield=True):  # a listener who leaves cancels this
            await asyncio.wait({signed_out, message})
            await request.state["substitutes"].remove(name)


def event(kind: str, data: Any) -> str:
    return f"event: {kind}\ndata: {msgspec.json.encode(data).decode()}\n\n"


async def send(request: Request) -> Response:
    await sessions.require(request)
    substitute = request.state["substitutes"].get(request.path_params["socket"])
    messages = decode(await bodies.read(request, limit_bytes=MAX_MESSAGE_BYTES), list[str])
    with contextlib.suppress(ConnectionClosed):  # whoever listens is told
        async with asyncio.timeout(STUCK_SECONDS):
            await substitute.send(messages)
    return Response(status_code=204)


async def end(connection: ClientConnection, close: Close) -> None:
    """Reads on meanwhile: the host's answer to the close comes after all that it has sent."""
    async with anyio.create_task_group() as group:
        group.start_soon(discard, connection)
        await connection.close(close.code, close.reason)
        group.cancel_scope.cancel()


async def discard(connection: ClientConnection) -> None:
    with contextlib.suppress(ConnectionClosed):
        while True:
            await connection.recv()


routes: list[BaseRoute] = [
    Route(OURS, create, methods=["POST"]),
    Route(OURS + "/{socket}", listen, methods=["GET"]),
    Route(OURS + "/{socket}", send, methods=["POST"]),
]
