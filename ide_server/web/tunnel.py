"""Tunnels: once a WebSocket is accepted, its bytes go between the client and the host as they come; or the host is
given the client's connection, and there is nothing more to carry.
"""

import asyncio
import socket
from collections.abc import Iterable
from typing import Any, Self

import anyio
from starlette.websockets import WebSocket
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.asyncio.client import ClientConnection
from websockets.frames import Close, Frame, Opcode
from websockets.protocol import State

from ide_server import handover
from ide_server.web.host import Host

TAKER = "slipway.taker"
"""In the message `websocket.accept`: the End that has the client's connection from then on."""
STUCK_SECONDS = 60.0
"""Whoever takes nothing for so long is given up; by the kernel, where the host has the connection. For a program to
read, the host waits for a quarter of that."""
SILENT_SECONDS = 60
"""After which the kernel asks whether a client is still there: a server in a model may never send a ping."""
RESTARTING = 1012


class WebSockets(WebSocketsSansIOProtocol):
    """uvicorn's, but that what a client sends too early waits, and that its connection can be taken over."""

    early = b""
    taker: "ClientEnd | None" = None

    def data_received(self, data: bytes) -> None:
        if self.handshake_initiated and not self.handshake_complete:
            self.early += data
            self.transport.pause_reading()
        else:
            super().data_received(data)
            if not self.handshake_initiated:  # it had a body: websockets takes no notice of such a request
                self.transport.close()

    async def send(self, message: Any) -> None:
        await super().send(message)
        if message["type"] == "websocket.accept":
            self._accepted(message.get(TAKER))

    def shutdown(self) -> None:
        if self.taker is None:
            super().shutdown()
        else:
            self.taker.tunnel.end(Close(RESTARTING, ""))

    def on_task_complete(self, task: asyncio.Task[None]) -> None:
        super().on_task_complete(task)
        if self.taker is not None:  # who hears in the place of this one that the connection is lost
            self.connections.discard(self)

    def _accepted(self, taker: "ClientEnd | None") -> None:
        if taker is not None:
            if self.transport.is_closing():  # so it was not accepted
                raise ClientDisconnected
            self.stop_keepalive()
            self.taker = taker
            self.transport.pause_reading()
            self.transport.set_protocol(taker)
            taker.connection_made(self.transport)
            taker.early = self.early
        elif self.early:
            early, self.early = self.early, b""
            self.transport.resume_reading()
            self.data_received(early)


class Upgrade(ClientConnection):
    """Reads the answer to an upgrade request, and of what comes behind it nothing."""

    behind = b""

    def data_received(self, data: bytes) -> None:
        while data and self.protocol.state is State.CONNECTING:
            line, end, data = data.partition(b"\n")
            super().data_received(line + end)
        if self.protocol.state is State.OPEN:
            self.behind += data
            self.transport.pause_reading()


class Tunnel:
    """A client's connection and one of the host."""

    def __init__(self, upgrade: Upgrade, *, may_give: bool) -> None:
        self._subprotocol = upgrade.subprotocol
        self._is_awaited = may_give and upgrade.response is not None and handover.HEADER in upgrade.response.headers
        self._is_given = False
        self.client = ClientEnd(self)
        self._host = HostEnd(self)
        self._behind = upgrade.behind
        self._why: asyncio.Future[Close] = asyncio.get_running_loop().create_future()
        self.client.other, self._host.other = self._host, self.client
        upgrade.transport.set_protocol(self._host)
        self._host.connection_made(upgrade.transport)

    @classmethod
    async def open(
        cls,
        host: Host,
        target: str,
        subprotocols: Iterable[str],
        *,
        headers: Iterable[tuple[bytes, bytes]] = (),
        may_give: bool = False,
    ) -> Self:
        """The host's end of it, to whom the client's connection may be given. Raises as Host.connect."""
        if may_give:
            headers = (*headers, (handover.HEADER.encode(), b"1"))
        upgrade = await host.connect(target, subprotocols, headers=headers, kind=Upgrade)
        assert isinstance(upgrade, Upgrade)
        return cls(upgrade, may_give=may_give)

    def end(self, why: Close) -> None:
        """What the client is told, if this comes first."""
        if not self._why.done():
            self._why.set_result(why)

    async def accept(self, websocket: WebSocket) -> None:
        """Raises WebSocketDisconnect where the client has left meanwhile."""
        await websocket.send({"type": "websocket.accept", "subprotocol": self._subprotocol, TAKER: self.client})
        if self._is_awaited:
            await self._give_or_keep()
        if not self._is_given:
            self.client.begin()
            behind, self._behind = self._behind, b""
            self._host.data_received(behind)
        self._host.transport.resume_reading()

    async def carry(self) -> None:
        """Until both have ended."""
        self._close(await self._why)
        with anyio.move_on_after(STUCK_SECONDS):
            await self.client.lost.wait()
            await self._host.lost.wait()
        self.client.transport.abort()

    def close(self) -> None:
        """However far it came."""
        self._host.transport.abort()

    async def _give_or_keep(self) -> None:
        """A client that has spoken too early is kept: what it said cannot be unread."""
        client, host = self.client.transport, self._host.transport
        # The answer goes first: in the loop's next turn, as a new connection has room for it.
        while client.get_write_buffer_size() and not client.is_closing():  # noqa: ASYNC110
            await asyncio.sleep(0)
        if self.client.early:
            handover.keep(host)
        elif not client.is_closing():
            handover.give(host, client)
            self._is_given = True
            self.client.let_go()

    def _close(self, why: Close) -> None:
        if self._is_given and not self._host.transport.is_closing():
            self._host.transport.write(why.serialize())
        elif self._host.frames.may_close and not self.client.transport.is_closing():
            self.client.transport.write(Frame(Opcode.CLOSE, why.serialize()).serialize(mask=False))
        self.client.transport.close()
        self._host.transport.close()


class End(asyncio.Protocol):
    """What comes here goes out at the other end, no faster than it is taken there."""

    transport: asyncio.Transport
    other: "End"
    _stuck: asyncio.TimerHandle | None = None

    def __init__(self, tunnel: Tunnel) -> None:
        self.tunnel = tunnel
        self.lost = asyncio.Event()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        if not self.other.transport.is_closing():
            self.other.transport.write(data)

    def pause_writing(self) -> None:
        self.other.transport.pause_reading()
        self._stuck = asyncio.get_running_loop().call_later(STUCK_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        self._unstick()
        self.other.transport.resume_reading()

    def connection_lost(self, _: Exception | None) -> None:
        self._unstick()
        self.lost.set()
        self.tunnel.end(Close(RESTARTING, ""))  # which a client that has left hears no more

    def _unstick(self) -> None:
        if self._stuck is not None:
            self._stuck.cancel()


class ClientEnd(End):
    early = b""
    """What was read before the client was accepted."""

    def begin(self) -> None:
        early, self.early = self.early, b""
        self.data_received(early)
        if not self.transport.is_closing():
            self.transport.resume_reading()

    def let_go(self) -> None:
        self.transport.set_protocol(asyncio.Protocol())
        self.transport.abort()
        self.lost.set()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as above
        super().connection_made(transport)
        connection: socket.socket = transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, SILENT_SECONDS)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, round(STUCK_SECONDS * 1000))


class HostEnd(End):
    def __init__(self, tunnel: Tunnel) -> None:
        super().__init__(tunnel)
        self.frames = Frames()

    def data_received(self, data: bytes) -> None:
        self.frames.follow(data)
        super().data_received(data)


class Frames:
    """Those of a server, which are not masked: followed no further than to know where each ends. RFC 6455, 5.2."""

    _head = b""
    """Of one whose length is not yet known."""
    _left = 0
    """Bytes of one that are still to come."""
    _closed = False

    @property
    def may_close(self) -> bool:
        """Whether a closing frame may be next."""
        return not (self._head or self._left or self._closed)

    def follow(self, data: bytes) -> None:
        data, self._head = self._head + data, b""
        at = self._left
        while at < len(data):
            length = frame_bytes(data, at)
            if length is None:
                self._head = data[at:]
                at = len(data)
            else:
                self._closed |= data[at] & 15 == Opcode.CLOSE
                at += length
        self._left = at - len(data)


def frame_bytes(data: bytes, at: int) -> int | None:
    """The length of the frame that begins there, its head with it; None while that is not whole."""
    start = data[at : at + 10]
    if len(start) < 2:
        return None
    said = start[1] & 127
    if said < 126:
        return 2 + said
    end = 4 if said == 126 else 10
    return end + int.from_bytes(start[2:end]) if len(start) >= end else None
