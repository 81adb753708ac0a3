"""What changed in the filesystem, in order, gathered until the subscribers are told."""

from collections.abc import Callable
from typing import Any

# A batch this long is handed on at once; a shorter one waits for more.
MOST_PENDING = 512
BATCH_SECONDS = 0.02

Event = dict[str, Any]


class Changes:
    """Paths are bytes relative to the root here and text in an event, as far as they are UTF-8; where one is not, the
    nearest folder above whose path is text is to be read again."""

    def __init__(self, deliver: Callable[[Event], None]) -> None:
        self.wanted = False
        """Whether anybody listens."""
        self._deliver = deliver
        self._pending: list[dict[str, str]] = []

    @property
    def are_pending(self) -> bool:
        return bool(self._pending)

    def add(self, kind: str, path: bytes | None, destination: bytes | None = None) -> None:
        if not self.wanted or path is None:
            return
        try:
            change = {"kind": kind, "path": path.decode()}
            if destination is not None:
                change["destination"] = destination.decode()
        except UnicodeDecodeError:
            self.rescan(path.rpartition(b"/")[0])
            if destination is not None:
                self.rescan(destination.rpartition(b"/")[0])
            return
        # A file saved in a loop, a folder filled: the same thing said twice in a row says no more.
        if not self._pending or self._pending[-1] != change:
            self._pending.append(change)
        if len(self._pending) >= MOST_PENDING:
            self.flush()

    def rescan(self, folder: bytes | None) -> None:
        if not self.wanted or folder is None:
            return
        self.flush()
        self._deliver({"event": "rescan", "path": nearest_text(folder)})

    def flush(self) -> None:
        if self._pending:
            pending, self._pending = self._pending, []
            self._deliver({"event": "changes", "changes": pending})


def nearest_text(folder: bytes) -> str:
    """This folder's path, or that of the nearest above which is UTF-8."""
    while True:
        try:
            return folder.decode()
        except UnicodeDecodeError:
            folder = folder.rpartition(b"/")[0]
