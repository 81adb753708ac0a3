"""A client of terminals that speaks with Slipway, and with what serves Jupyter's terminal messages as they are."""

import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from types import MappingProxyType

import aiohttp

ACKNOWLEDGE_BYTES = 64 * 1024
"""As the page does."""
CLOSE_SECONDS = 0.1


class Client:
    """Understands both: output as bytes to acknowledge (slipway), or as ["stdout", text] (terminado)."""

    def __init__(self, connection: aiohttp.ClientWebSocketResponse) -> None:
        self._connection = connection
        self._offset = 0
        self._acknowledged = 0
        self._tail = b""

    async def type(self, text: str) -> None:
        await self._connection.send_str(json.dumps(["stdin", text]))

    async def until(self, mark: bytes) -> int:
        """Returns how many bytes of output came up to the mark and with it."""
        count = 0
        while mark not in self._tail:
            output = await self._receive()
            count += len(output)
            self._tail = self._tail[-len(mark) :] + output
        self._tail = b""
        return count

    async def _receive(self) -> bytes:
        frame = await self._connection.receive()
        if frame.type is aiohttp.WSMsgType.BINARY:
            output: bytes = frame.data
            self._offset += len(output)
            await self._acknowledge()
            return output
        if frame.type is not aiohttp.WSMsgType.TEXT:
            raise ConnectionError(f"expected output, got {frame!r}")
        message = json.loads(frame.data)
        return message[1].encode() if message[0] == "stdout" else b""

    async def _acknowledge(self) -> None:
        if self._offset - self._acknowledged >= ACKNOWLEDGE_BYTES:
            self._acknowledged = self._offset
            await self._connection.send_str(json.dumps(["ack", self._offset]))


@contextlib.asynccontextmanager
async def watching(address: str, headers: Mapping[str, str] = MappingProxyType({})) -> AsyncIterator[Client]:
    closing = aiohttp.ClientWSTimeout(ws_close=CLOSE_SECONDS)
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.ws_connect(address, max_msg_size=0, timeout=closing) as connection,
    ):
        yield Client(connection)
