"""What changed in the filesystem, in order, gathered until the subscribers are told."""

import itertools
from collections.abc import Callable
from typing import Any

from fsquota.counter import Counter

# A batch this long is handed on at once; a shorter one waits for more.
MOST_PENDING = 512
BATCH_SECONDS = 0.02
PATH_BYTES = 4096

Event = dict[str, Any]


class Changes:
    """Paths are bytes relative to the root here and text in an event, as far as they are UTF-8 and not endless; where
    one is not, the nearest folder above that can be told is to be read again."""

    def __init__(self, deliver: Callable[[Event], None], counter: Counter | None = None) -> None:
        self.counter = counter or Counter()
        """Counts all of them, those too that are told later or not at all."""
        self.wanted = False
        """Whether anybody listens."""
        self._deliver = deliver
        self._pending: list[dict[str, str]] = []

    @property
    def are_pending(self) -> bool:
        return bool(self._pending)

    def add(self, kind: str, path: bytes | None, destination: bytes | None = None) -> None:
        self.counter.add()
        if not self.wanted or path is None:
            return
        change = {"kind": kind}
        try:
            change["path"] = text(path)
            if destination is not None:
                change["destination"] = text(destination)
        except ValueError:
            for untold in (path, destination):
                self.rescan(None if untold is None else parent(untold))
        else:
            self._append(change)

    def rescan(self, folder: bytes | None) -> None:
        self.counter.add()
        if self.wanted and folder is not None:
            self._append({"event": "rescan", "path": nearest_text(folder)})

    def flush(self) -> None:
        pending, self._pending = self._pending, []
        for are_rescans, events in itertools.groupby(pending, key=lambda entry: "event" in entry):
            if are_rescans:
                for event in events:
                    self._deliver(dict(event))
            else:
                self._deliver({"event": "changes", "changes": list(events)})

    def _append(self, entry: dict[str, str]) -> None:
        # A file saved in a loop, a folder filled: the same thing said twice in a row says no more.
        if not self._pending or self._pending[-1] != entry:
            self._pending.append(entry)
        if len(self._pending) >= MOST_PENDING:
            self.flush()


def text(path: bytes) -> str:
    """Raises ValueError for a path that cannot be told: not UTF-8, or longer than any program could open."""
    if len(path) > PATH_BYTES:
        raise ValueError(f"expected a path of at most {PATH_BYTES} bytes, got {len(path)}")
    return path.decode()


def parent(path: bytes) -> bytes:
    return path.rpartition(b"/")[0]


def nearest_text(folder: bytes) -> str:
    """This folder's path, or that of the nearest above that can be told."""
    while True:
        try:
            return text(folder)
        except ValueError:
            folder = parent(folder[: PATH_BYTES + 1])
