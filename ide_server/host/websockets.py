"""The host's WebSockets: on connections of the web process, or on those of clients that it hands over."""

import asyncio
import socket
from collections.abc import Callable
from typing import Any, cast

from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Close, CloseCode
from websockets.http11 import Request
from websockets.protocol import State

from ide_server import handover

DIRECT = "slipway.direct"
"""The extension in a scope that is the WebSocket itself."""
Hear = Callable[[bytes], bool]
"""Called with each message as it is read; says whether it was understood. The first that is not, and all behind it, are
received as ever."""
HAND_OVER_SECONDS = 5.0


class WebSockets(WebSocketsSansIOProtocol):
    """uvicorn's, but that the client's connection may take the place of the one it was asked for on, and that an
    application can hear and say things without a task's turn for each.
    """

    hear: Hear | None = None
    _leash: asyncio.Transport | None = None
    _may_be_given = False

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        self._may_be_given = handover.HEADER in event.headers
        cast(dict[str, Any], self.scope["extensions"])[DIRECT] = self

    async def send(self, message: Any) -> None:
        takes_over = self._may_be_given and message["type"] == "websocket.accept"
        if takes_over:
            self.transport.pause_reading()
            message = {**message, "headers": [*message.get("headers", ()), (handover.HEADER.encode(), b"1")]}
        await super().send(message)
        if takes_over:
            await self._take_over()

    def say(self, take: Callable[[], bytes]) -> bool:
        """Sends what `take` gives, if anything. False, and nothing is taken, where the client is not ready for it."""
        if self.conn.state is not State.OPEN or not self.writable.is_set() or self.transport.is_closing():
            return False
        if said := take():
            self.conn.send_binary(said)
            self.transport.write(b"".join(self.conn.data_to_send()))
        return True

    def send_receive_event_to_app(self) -> None:
        if self.hear is None or self.close_sent or self.read_paused:  # paused: an earlier one is still to be received
            super().send_receive_event_to_app()
        elif self.hear(b"".join(self.frames)):
            self.frames = []
        else:
            self.hear = None
            super().send_receive_event_to_app()

    def end(self, why: Close) -> None:
        """The client is told why. For the application it has left without a word."""
        self.stop_keepalive()
        if self.conn.state is State.OPEN and not self.transport.is_closing():
            self.queue.put_nowait({"type": "websocket.disconnect", "code": CloseCode.NO_STATUS_RCVD})
            self.conn.send_close(why.code, why.reason)
            self.transport.write(b"".join(self.conn.data_to_send()))
        self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self._leash is not None:
            self._leash.close()

    async def _take_over(self) -> None:
        """Raises ClientDisconnected where the client or the web process has left meanwhile."""
        asked_on = self.transport
        try:
            async with asyncio.timeout(HAND_OVER_SECONDS):
                given = await taken(asked_on)
        except (OSError, EOFError, TimeoutError):
            asked_on.abort()
            raise ClientDisconnected from None
        if given is not None:
            self._leash = asked_on
            asked_on.set_protocol(Leash(self))
            await self.loop.connect_accepted_socket(lambda: self, given)
            if asked_on.is_closing():  # the client has left already, or the host is about to
                raise ClientDisconnected
        asked_on.resume_reading()


class Leash(asyncio.Protocol):
    """Of the web process, which says on it why it ends the client's connection, if it can."""

    def __init__(self, websocket: WebSockets) -> None:
        self._websocket = websocket
        self._why = b""

    def data_received(self, data: bytes) -> None:
        self._why += data

    def connection_lost(self, _: Exception | None) -> None:
        self._websocket.end(Close.parse(self._why) if self._why else Close(CloseCode.SERVICE_RESTART, ""))


async def taken(way: asyncio.Transport) -> socket.socket | None:
    """What handover.take gives, once it has come. Raises OSError, EOFError."""
    loop = asyncio.get_running_loop()
    has_come = asyncio.Event()
    with handover.descriptor_of(way) as descriptor:
        loop.add_reader(descriptor, has_come.set)
        try:
            await has_come.wait()
        finally:
            loop.remove_reader(descriptor)
        return handover.take(descriptor)
