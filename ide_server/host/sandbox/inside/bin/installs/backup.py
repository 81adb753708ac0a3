"""Small files as they were before something ran that may leave them cut short."""

from __future__ import annotations

import os
import stat
from collections.abc import Container, Iterable
from pathlib import Path

LARGEST_BYTES = 1 << 18


class Backup:
    def __init__(self, paths: Iterable[Path]) -> None:
        """Of a path where nothing is, that. Larger files are left out."""
        self._files = {path: content(path) for path in paths if not path.exists() or is_small(path)}
        self._modes = {path: stat.S_IMODE(path.stat().st_mode) for path in self._files if path.exists()}

    def restore(self, wanted: Container[str] | None = None) -> None:
        """All of them, or the wanted ones."""
        for path, was in self._files.items():
            if content(path) == was or (wanted is not None and str(path) not in wanted):
                continue
            path.unlink(missing_ok=True)
            if was is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(was)
                path.chmod(self._modes[path])


def is_small(path: Path) -> bool:
    return path.is_file() and path.stat().st_size <= LARGEST_BYTES


def content(path: Path) -> bytes | None:
    return path.read_bytes() if os.path.exists(path) else None
