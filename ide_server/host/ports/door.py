"""A unix socket outside of the sandbox that stands for one port inside."""

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path

from ide_server.errors import SlipwayError

CHUNK_BYTES = 64 << 10

Connect = Callable[[], Awaitable[socket.socket]]


class Door:
    """Bytes go both ways as they come; each side waits for the other."""

    def __init__(self, path: Path, connect: Connect) -> None:
        self._path = path
        self._connect = connect
        self._visits: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._path.unlink(missing_ok=True)  # of a host that was killed
        self._server = await asyncio.start_unix_server(self._visited, self._path)

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
            self._path.unlink(missing_ok=True)
        for visit in self._visits:
            visit.cancel()
        await asyncio.gather(*self._visits, return_exceptions=True)

    def _visited(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        visit = asyncio.create_task(self._pass_on(reader, writer), name=f"visit of {self._path.name}")
        self._visits.add(visit)
        visit.add_done_callback(self._visits.discard)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.closing(writer):
            try:
                inside = await self._connect()
            except SlipwayError:
                return  # whoever came is told by the end, and asks why
            await both_ways(reader, writer, *await asyncio.open_connection(sock=inside))


async def both_ways(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    inside_reader: asyncio.StreamReader,
    inside_writer: asyncio.StreamWriter,
) -> None:
    """Until both have said all that they have to say, or one is gone."""
    with contextlib.closing(inside_writer):
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(one_way(reader, inside_writer))
                tasks.create_task(one_way(inside_reader, writer))
        except* ConnectionError:
            pass  # one side has left; the other is told by the end


async def one_way(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(CHUNK_BYTES):
        writer.write(chunk)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()
