"""How often anything in a model's filesystem has changed: fsquota counts in a file, which is mapped here."""

import mmap
from pathlib import Path

BYTES = 8


class Counter:
    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            self._map = mmap.mmap(file.fileno(), BYTES, prot=mmap.PROT_READ)
        self._count = memoryview(self._map).cast("Q")

    @property
    def value(self) -> int:
        count: int = self._count[0]
        return count

    def close(self) -> None:
        self._count.release()
        self._map.close()
