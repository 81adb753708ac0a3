"""The paths of all files of a model, nearest folders first, read in small steps. All here blocks."""

import os
import time
from collections import deque
from contextlib import suppress

from ide_server.host.files.beneath import opened

STEP_SECONDS = 0.05
"""A thread of the filesystem's is kept no longer at a time."""

SKIPPED = frozenset((b".git", b".venv", b"venv", b"node_modules", b"__pycache__"))
"""What tools filled: nobody opens a file of these by its name."""


class Walk:
    """What is still to be read of one tree, folders by their paths."""

    def __init__(self, *, hidden: bool) -> None:
        self._hidden = hidden
        self._waiting = deque([b""])

    @property
    def ended(self) -> bool:
        return not self._waiting

    def step(self, root: int) -> list[bytes]:
        """Paths of files and links, relative to the open folder `root`. Raises OSError where that is out of reach."""
        found: list[bytes] = []
        until = time.monotonic() + STEP_SECONDS
        while self._waiting and time.monotonic() < until:
            # What was removed meanwhile, or is closed by its permissions, has no files for anyone.
            with suppress(FileNotFoundError, NotADirectoryError, PermissionError):
                found += self._read(root, self._waiting.popleft())
        return found

    def _read(self, root: int, folder: bytes) -> list[bytes]:
        prefix = folder + b"/" if folder else b""
        files: list[bytes] = []
        with (
            opened(root, folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW) as descriptor,
            os.scandir(descriptor) as entries,
        ):
            for entry in sorted(entries, key=lambda entry: entry.name):
                name = os.fsencode(entry.name)
                if name in SKIPPED or (name.startswith(b".") and not self._hidden):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    self._waiting.append(prefix + name)
                else:
                    files.append(prefix + name)
        return files
