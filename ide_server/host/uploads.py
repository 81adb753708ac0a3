"""What is uploaded and must be whole, or be read out of order, before it is used: a file without a name."""

import asyncio
import tempfile
from collections.abc import AsyncIterable, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO

from ide_server.host import disk


@asynccontextmanager
async def spooled(folder: Path, chunks: AsyncIterable[bytes]) -> AsyncIterator[IO[bytes]]:
    """On the disk of `folder`; gone at the end, also after a crash. Raises FilesystemUnavailable."""
    with await asyncio.to_thread(lambda: tempfile.TemporaryFile("w+b", dir=folder)) as file:
        async for chunk in chunks:
            await asyncio.to_thread(disk.write, file, chunk)
        yield file
