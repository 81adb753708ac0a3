"""A client of terminals that speaks with Slipway, and with what serves Jupyter's terminal messages as they are."""

import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from types import MappingProxyType

from websockets.asyncio.client import ClientConnection, connect

ACKNOWLEDGE_BYTES = 64 * 1024
"""As the page does."""


class Client:
    """Understands both: output as bytes to acknowledge (slipway), or as ["stdout", text] (terminado)."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._offset = 0
        self._acknowledged = 0
        self._tail = b""

    async def type(self, text: str) -> None:
        await self._connection.send(json.dumps(["stdin", text]))

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
        frame = await self._connection.recv()
        if isinstance(frame, bytes):
            self._offset += len(frame)
            await self._acknowledge()
            return frame
        message = json.loads(frame)
        return message[1].encode() if message[0] == "stdout" else b""

    async def _acknowledge(self) -> None:
        if self._offset - self._acknowledged >= ACKNOWLEDGE_BYTES:
            self._acknowledged = self._offset
            await self._connection.send(json.dumps(["ack", self._offset]))


@contextlib.asynccontextmanager
async def watching(address: str, headers: Mapping[str, str] = MappingProxyType({})) -> AsyncIterator[Client]:
    async with connect(
        address, compression=None, max_size=None, close_timeout=0.1, additional_headers=headers
    ) as connection:
        yield Client(connection)
