"""Tunnels: from when a WebSocket is accepted, its bytes go between the client and the host as they come."""

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

from ide_server.web.host import Host

TAKER = "slipway.taker"
"""In the message `websocket.accept`: the End that has the client's connection from then on."""
STUCK_SECONDS = 60.0
"""Whoever takes nothing for so long is given up. For a program to read, the host waits for a quarter of that."""
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
            self.transport.set_protocol(taker)
            taker.connection_made(self.transport)
        if self.early:
            early, self.early = self.early, b""
            self.transport.resume_reading()
            (taker or self).data_received(early)


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

    def __init__(self, upgrade: Upgrade) -> None:
        self._subprotocol = upgrade.subprotocol
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
    ) -> Self:
        """The host's end of it. Raises as Host.connect."""
        upgrade = await host.connect(target, subprotocols, headers=headers, kind=Upgrade)
        assert isinstance(upgrade, Upgrade)
        return cls(upgrade)

    def end(self, why: Close) -> None:
        """What the client is told, if this comes first."""
        if not self._why.done():
            self._why.set_result(why)

    async def accept(self, websocket: WebSocket) -> None:
        """Raises WebSocketDisconnect where the client has left meanwhile."""
        await websocket.send({"type": "websocket.accept", "subprotocol": self._subprotocol, TAKER: self.client})
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

    def _close(self, why: Close) -> None:
        if self._host.frames.may_close and not self.client.transport.is_closing():
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
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as above
        super().connection_made(transport)
        connection: socket.socket = transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, SILENT_SECONDS)


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
