"""Who installs: each shares a lock, from whichever sandbox; who holds it alone may remove what is not whole."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path


class Lock:
    """On a folder; left with the process at the latest."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> Lock:
        self._descriptor = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)

    def try_alone(self) -> bool:
        """False where somebody else installs."""
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def wait_alone(self) -> None:
        """Until the others are done. Two who wait do not block each other: each gives up its share first."""
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)

    def share(self) -> None:
        fcntl.flock(self._descriptor, fcntl.LOCK_SH)
