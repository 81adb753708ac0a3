"""A file opened for reading, in chunks."""

import os
import stat
from collections.abc import AsyncIterator
from io import FileIO

from ide_server.errors import FileChanged, FilesystemUnavailable, NotAFile
from ide_server.host.files.beneath import opened
from ide_server.host.files.entries import entry_of, kind_of
from ide_server.host.mounts.names import to_wire
from ide_server.host.mounts.threads import Threads
from ide_server.wire import Entry

CHUNK_BYTES = 1 << 18


class OpenFile:
    """`entry` is read before any content, so content that changed meanwhile never comes with the etag of the later."""

    def __init__(self, file: FileIO, entry: Entry, threads: Threads) -> None:
        self.entry = entry
        self._file = file
        self._threads = threads

    async def chunks(self, start: int, end: int) -> AsyncIterator[bytes]:
        """The bytes from start to before end. Raises FileChanged if the file has become shorter than that."""
        while start < end:
            chunk = await self._threads.run(os.pread, self._file.fileno(), min(CHUNK_BYTES, end - start), start)
            if not chunk:
                raise FileChanged(f"{self.entry.path} was cut short while it was read. Read it again.", etag=None)
            yield chunk
            start += len(chunk)

    async def close(self) -> None:
        try:
            await self._threads.run(self._file.close)
        except FilesystemUnavailable:
            self._file.close()  # unmounted meanwhile, so there is no process left that close could wait for


def open_for_reading(root: int, path: bytes) -> tuple[FileIO, Entry]:
    """Raises OSError, NotAFile. Only a regular file is ever opened: opening a FIFO or a device does things. Blocks."""
    with opened(root, path, os.O_PATH) as found:
        status = os.fstat(found)
        if not stat.S_ISREG(status.st_mode):
            raise NotAFile(f"{to_wire(path)} is a {kind_of(status.st_mode)}, not a file that can be read.")
        file = FileIO(os.open(f"/proc/self/fd/{found}", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb")
    return file, entry_of(os.fstat(file.fileno()), path)
