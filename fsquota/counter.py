"""How often anything in the filesystem has changed, in a file that whoever wants to know maps: to look costs nothing.

It is counted before whoever has changed it goes on. So what was seen at one count is so until it is another.
"""

import mmap
import os
from pathlib import Path

BYTES = 8


class Counter:
    """In memory that is shared where there is a path. A file from before is replaced: it may be mapped still."""

    def __init__(self, path: Path | None = None) -> None:
        if path is None:
            self._map = mmap.mmap(-1, BYTES)
        else:
            path.unlink(missing_ok=True)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            try:
                os.ftruncate(descriptor, BYTES)
                self._map = mmap.mmap(descriptor, BYTES)
            finally:
                os.close(descriptor)
        self._count = memoryview(self._map).cast("Q")

    @property
    def value(self) -> int:
        return self._count[0]

    def add(self) -> None:
        self._count[0] += 1
