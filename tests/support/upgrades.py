"""Upgrades to a WebSocket byte for byte, from both ends: what a test says is what is sent."""

import asyncio
import base64
import contextlib
import hashlib
from collections.abc import AsyncIterator

from websockets.frames import Frame, Opcode

from tests.support.relayed import DEADLINE_SECONDS, Web

KEY = base64.b64encode(bytes(16)).decode()
ACCEPT = base64.b64encode(hashlib.sha1(f"{KEY}258EAFA5-E914-47DA-95CA-C5AB0DC85B11".encode()).digest()).decode()
HELLO = Frame(Opcode.TEXT, b"hello").serialize(mask=False)
SPOKEN = Frame(Opcode.TEXT, b"hello").serialize(mask=True)


class End:
    """What comes is read only when a test does."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def read(self, count: int) -> bytes:
        async with asyncio.timeout(DEADLINE_SECONDS):
            return await self.reader.readexactly(count)

    async def head(self) -> str:
        async with asyncio.timeout(DEADLINE_SECONDS):
            return (await self.reader.readuntil(b"\r\n\r\n")).decode()

    async def close_code(self) -> int:
        """Where that is all it hears."""
        await self.head()
        _, length = await self.read(2)
        return int.from_bytes((await self.read(length))[:2])

    async def rest(self) -> bytes:
        """Until it ends, however it does."""
        got = b""
        async with asyncio.timeout(DEADLINE_SECONDS):
            with contextlib.suppress(ConnectionResetError):
                while chunk := await self.reader.read(1 << 16):
                    got += chunk
        return got

    async def write(self, data: bytes) -> None:
        self.writer.write(data)
        async with asyncio.timeout(DEADLINE_SECONDS):
            await self.writer.drain()

    async def fill(self) -> int:
        """Writes until nothing more is taken; how many bytes were."""
        taken = 0
        with contextlib.suppress(TimeoutError):
            while True:
                if self.writer.is_closing():  # of which uvloop says no ConnectionError
                    raise ConnectionAbortedError
                self.writer.write(bytes(1 << 16))
                taken += 1 << 16
                async with asyncio.timeout(0.5):
                    await self.writer.drain()
        return taken


class RawHost:
    def __init__(self) -> None:
        self.connections: asyncio.Queue[End] = asyncio.Queue()

    async def connected(self) -> End:
        return await asyncio.wait_for(self.connections.get(), DEADLINE_SECONDS)

    async def accepted(self, *more: str, behind: bytes = b"") -> tuple[End, str]:
        """With the head of the request. `more` are headers of the answer."""
        end = await self.connected()
        head = await end.head()
        await end.write(answer_to(head, *more) + behind)
        return end, head


def answer_to(head: str, *more: str) -> bytes:
    key = head.partition("Sec-WebSocket-Key: ")[2].partition("\r\n")[0]
    accept = base64.b64encode(hashlib.sha1(f"{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11".encode()).digest()).decode()
    lines = ("HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade", *more)
    return "\r\n".join((*lines, f"Sec-WebSocket-Accept: {accept}", "\r\n")).encode()


@contextlib.asynccontextmanager
async def client_of(web: Web) -> AsyncIterator[End]:
    reader, writer = await asyncio.open_connection("127.0.0.1", web.settings.port)
    with contextlib.closing(writer):
        yield End(reader, writer)


def upgrade(web: Web, *more: str, path: str = "/api/v1/echo") -> bytes:
    lines = (
        f"GET {path} HTTP/1.1",
        f"Host: {web.url.removeprefix('http://')}",
        f"Origin: {web.url}",
        f"Cookie: {web.cookie}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {KEY}",
        "Sec-WebSocket-Version: 13",
        *more,
    )
    return "\r\n".join((*lines, "\r\n")).encode("latin-1")
