"""Uploads on their way: a file beside the filesystem, which fsquota then takes over whole or not at all."""

import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Self

from ide_server.errors import FilesystemUnavailable
from ide_server.host.mounts.threads import Threads

STAGING_THREADS = 4


class StagedFile:
    def __init__(self, descriptor: int, name: str, threads: Threads) -> None:
        self.name = name
        self.byte_size = 0
        self._descriptor = descriptor
        self._threads = threads

    @classmethod
    @asynccontextmanager
    async def make(cls, folder: Path, threads: Threads) -> AsyncIterator[Self]:
        """Gone at the end, unless fsquota has taken it."""
        name = secrets.token_hex(16)
        # Not in a thread: were this cancelled there, nobody would own the descriptor.
        descriptor = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            yield cls(descriptor, name, threads)
        finally:
            os.close(descriptor)
            (folder / name).unlink(missing_ok=True)

    async def write(self, chunk: bytes) -> None:
        """Raises FilesystemUnavailable if the server's own disk does not take it."""
        try:
            await self._threads.run(_write_all, self._descriptor, chunk)
        except OSError as error:
            raise FilesystemUnavailable(
                f"The server's own disk did not take the upload: {error.strerror}. Nothing was changed."
            ) from error
        self.byte_size += len(chunk)


def _write_all(descriptor: int, chunk: bytes) -> None:
    rest = memoryview(chunk)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
