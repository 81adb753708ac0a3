"""WebSockets for those to whom none get through: server-sent events one way, requests the other.

All substitutes of a page share one stream of events, as a browser has six connections to a server, for all that it
does. What stands in the place of a WebSocket is a connection to the host as a WebSocket's would be. It ends with the
stream.

Nothing piles up here. Down, each socket has one message waiting, by turns with the others, and the host waits behind it
as behind a WebSocket (`MAX_QUEUED_FRAMES`): one that is flooded delays another by a message. The page takes what comes
without waiting for whom it is for; a terminal that draws slowly acknowledges late, and its host stops by itself. Up,
what the host has not taken waits in the socket's own connection. One with too much there holds up the page's next
requests for `STUCK_SECONDS`, then it is ended, alone.
"""

import asyncio
import base64
import contextlib
import secrets
from collections.abc import AsyncGenerator
from typing import assert_never

import anyio
import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route
from starlette.types import Send
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.frames import Close

from ide_server.errors import InvalidRequest, NotFound, NotSignedIn
from ide_server.web import access, bodies, sessions, sockets
from ide_server.web.host import MAX_MESSAGE_BYTES, Host
from ide_server.web.tunnel import RESTARTING
from ide_server.wire import (
    CloseSocket,
    OpenSocket,
    SendText,
    SocketBytes,
    SocketClosed,
    SocketMessage,
    SocketOpened,
    SocketRequest,
    SocketText,
    StreamEnded,
    StreamNamed,
    decode,
)

PREFIX, OURS = "/api/v1/", "/api/v1/sockets"
PING_SECONDS = 15.0
PING = ":\n\n"
MOST_STREAMS = 200
MOST_SOCKETS = 256
"""Of one stream. No page of ours comes near."""
MAX_WAITING_BYTES = MAX_MESSAGE_BYTES
"""On their way up to the host, of one socket."""
STUCK_SECONDS = 5.0
"""Shorter than where a client has only itself to wait for."""
NORMAL, GOING_AWAY, NO_STATUS, ABNORMAL = 1000, 1001, 1005, 1006
# 1005 (no code) and 1006 (no closing at all) are never sent, RFC 6455, 7.4.1.
TO_CLIENT = {NO_STATUS: NORMAL, ABNORMAL: RESTARTING}
TOO_MANY = Close(RESTARTING, "there are too many connections; try again")


class Stream:
    """The substitutes of one page, by its numbers for them."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._sockets: dict[int, asyncio.Task[None]] = {}
        self._connections: dict[int, ClientConnection] = {}
        self._last = 0
        self._ending: set[asyncio.Task[None]] = set()
        self._down: asyncio.Queue[SocketMessage] = asyncio.Queue(1)
        self._turn = asyncio.Lock()
        self._closed = False

    async def next(self) -> SocketMessage:
        return await self._down.get()

    async def take(self, requests: list[SocketRequest]) -> None:
        """In order, also where two lists come at once. Raises InvalidRequest."""
        async with self._turn:
            for each in requests:
                match each:
                    case OpenSocket(socket, path):
                        self._open(socket, path)
                    case SendText(socket, text):
                        await self._send(socket, text)
                    case CloseSocket(socket):
                        self._end(socket)
                    case _:
                        assert_never(each)

    async def close(self) -> None:
        self._closed = True  # for requests that are still under way
        for socket in list(self._sockets):
            self._end(socket)
        if self._ending:
            await asyncio.wait(self._ending)

    def _open(self, socket: int, path: str) -> None:
        if not path.startswith(PREFIX) or path.startswith(OURS) or not path.isascii() or not path.isprintable():
            raise InvalidRequest(f"Expected the path of a WebSocket below {PREFIX}, got {path[:80]!r}.")
        if socket <= self._last:
            raise InvalidRequest(f"Expected a number for a socket above {self._last}, got {socket}.")
        if len(self._sockets) >= MOST_SOCKETS:
            raise InvalidRequest(f"Expected at most {MOST_SOCKETS} sockets in a stream; close some first.")
        self._last = socket
        if not self._closed:
            self._sockets[socket] = asyncio.create_task(self._run(socket, path), name=f"substitute of {path}")

    async def _send(self, socket: int, text: str) -> None:
        connection = self._connections.get(socket)
        if connection is None:  # it has ended, which the page is being told
            return
        with contextlib.suppress(ConnectionClosed):  # likewise
            try:
                async with asyncio.timeout(STUCK_SECONDS):
                    await connection.send(text)
            except TimeoutError:
                connection.transport.abort()

    def _end(self, socket: int) -> None:
        self._connections.pop(socket, None)
        if (task := self._sockets.pop(socket, None)) is not None:
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)
            task.cancel()

    async def _run(self, socket: int, path: str) -> None:
        close = await self._carry(socket, path)
        await self._down.put(SocketClosed(socket, close.code, close.reason))
        del self._sockets[socket]

    async def _carry(self, socket: int, path: str) -> Close:
        """How it was closed at the host's end. Cancelled, it closes it at this one."""
        try:
            connection = await self._host.connect(path, ())
        except (InvalidHandshake, OSError, TimeoutError, EOFError) as error:
            return sockets.why_refused(error)
        connection.transport.set_write_buffer_limits(MAX_WAITING_BYTES)
        self._connections[socket] = connection
        try:
            await self._down.put(SocketOpened(socket))
            while True:
                await self._down.put(message_of(socket, await connection.recv()))
        except ConnectionClosed:
            code = connection.close_code or ABNORMAL
            return Close(TO_CLIENT.get(code, code), connection.close_reason or "")
        finally:
            self._connections.pop(socket, None)
            await end(connection, Close(GOING_AWAY, ""))


class Substitutes:
    """The streams of all pages."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._streams: dict[str, Stream] = {}

    def add(self) -> tuple[str, Stream]:
        """With its secret name."""
        name, stream = secrets.token_urlsafe(24), Stream(self._host)
        self._streams[name] = stream
        return name, stream

    def get(self, name: str) -> Stream:
        """Raises NotFound."""
        stream = self._streams.get(name)
        if stream is None:
            raise NotFound("This stream has ended. Open a new one.")
        return stream

    @property
    def full(self) -> bool:
        return len(self._streams) >= MOST_STREAMS

    async def remove(self, name: str) -> None:
        if (stream := self._streams.pop(name, None)) is not None:
            await stream.close()

    async def close(self) -> None:
        for name in list(self._streams):
            await self.remove(name)


class EventStream(StreamingResponse):
    """Its messages end with it, and before the request does."""

    def __init__(self, messages: AsyncGenerator[str]) -> None:
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        super().__init__(messages, media_type="text/event-stream", headers=headers)
        self._messages = messages

    async def stream_response(self, send: Send) -> None:
        async with contextlib.aclosing(self._messages):
            await super().stream_response(send)


async def listen(request: Request) -> Response:
    """Who is refused hears of it in the stream, as of a WebSocket: a browser's EventSource tells no status."""
    sign_out = request.state["sign_outs"].next
    try:
        await sessions.require(request)
    except NotSignedIn as error:
        return EventStream(refusal(Close(sockets.NOT_SIGNED_IN, error.message)))
    if request.state["substitutes"].full:
        return EventStream(refusal(TOO_MANY))
    return EventStream(events(request, sign_out))


async def refusal(close: Close) -> AsyncGenerator[str]:
    yield event(StreamEnded(close.code, close.reason))


async def events(request: Request, sign_out: asyncio.Event) -> AsyncGenerator[str]:
    substitutes = request.state["substitutes"]
    name, stream = substitutes.add()
    signed_out = asyncio.create_task(access.wait_closed(request, sign_out, sessions.require))
    message = asyncio.create_task(stream.next())
    try:
        yield event(StreamNamed(name))
        while not signed_out.done():
            done, _ = await asyncio.wait({signed_out, message}, timeout=PING_SECONDS, return_when="FIRST_COMPLETED")
            if message in done:
                said = message.result()
                message = asyncio.create_task(stream.next())
                yield event(said)
            elif not done:
                yield PING
        yield event(StreamEnded(sockets.NOT_SIGNED_IN, "The session has ended. Sign in again."))
    finally:
        for task in (signed_out, message):
            task.cancel()
        with anyio.CancelScope(shield=True):  # a page that leaves cancels this
            await asyncio.wait({signed_out, message})
            await substitutes.remove(name)


def event(message: SocketMessage) -> str:
    return f"data: {msgspec.json.encode(message).decode()}\n\n"


def message_of(socket: int, said: str | bytes) -> SocketMessage:
    if isinstance(said, str):
        return SocketText(socket, said)
    return SocketBytes(socket, base64.b64encode(said).decode())


async def take(request: Request) -> Response:
    await sessions.require(request)
    stream = request.state["substitutes"].get(request.path_params["stream"])
    await stream.take(decode(await bodies.read(request, limit_bytes=MAX_MESSAGE_BYTES), list[SocketRequest]))
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
    Route(OURS, listen, methods=["GET"]),
    Route(OURS + "/{stream}", take, methods=["POST"]),
]
