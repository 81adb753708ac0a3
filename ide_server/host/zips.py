"""Zip archives as streams: made while they are sent, and read file by file, chunk by chunk."""

import asyncio
import zipfile
import zlib
from collections.abc import AsyncIterable, AsyncIterator
from pathlib import Path
from typing import IO

from ide_server.errors import InvalidRequest

CHUNK_BYTES = 1 << 20
TIME = (1980, 1, 1, 0, 0, 0)
"""Of every file, so that the same content makes the same archive."""


class Sink:
    """What was written since it was last taken. It cannot seek, so zipfile writes sizes behind each file's content."""

    def __init__(self) -> None:
        self._written = bytearray()

    def write(self, data: bytes) -> int:
        self._written += data
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""

    def take(self) -> bytes:
        taken = bytes(self._written)
        self._written.clear()
        return taken


async def zipped(files: AsyncIterable[tuple[str, AsyncIterable[bytes]]]) -> AsyncIterator[bytes]:
    """An archive of these files by name, uncompressed."""
    sink = Sink()
    with zipfile.ZipFile(sink, "w") as archive:  # type: ignore[call-overload]  # it needs no close
        async for name, chunks in files:
            with archive.open(zipfile.ZipInfo(name, TIME), "w", force_zip64=True) as entry:
                async for chunk in chunks:
                    entry.write(chunk)
                    yield sink.take()
    yield sink.take()


async def content_of(path: Path) -> AsyncIterator[bytes]:
    with await asyncio.to_thread(path.open, "rb") as file:
        while chunk := await asyncio.to_thread(file.read, CHUNK_BYTES):
            yield chunk


class Unzipped:
    """The files of an archive as (name, chunk), at least one chunk of each; folders are left out.

    Raises InvalidRequest. Nothing that the archive says of itself is believed: count what comes.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    async def __aiter__(self) -> AsyncIterator[tuple[str, bytes]]:
        try:
            archive = await asyncio.to_thread(zipfile.ZipFile, self._file)
            for entry in archive.infolist():
                if not entry.is_dir():
                    async for chunk in _chunks(archive, entry):
                        yield entry.filename, chunk
        # An encrypted file raises RuntimeError, a compression that Python lacks NotImplementedError.
        except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
            raise InvalidRequest(f"The zip cannot be read: {error}. Make it anew, without a password.") from error


async def _chunks(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> AsyncIterator[bytes]:
    with await asyncio.to_thread(archive.open, entry) as file:
        yield await asyncio.to_thread(file.read, CHUNK_BYTES)
        while chunk := await asyncio.to_thread(file.read, CHUNK_BYTES):
            yield chunk
