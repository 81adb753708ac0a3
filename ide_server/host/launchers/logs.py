"""What a launcher prints, from its pipes into Log events: whole characters, bounded lines, a bounded whole."""

import codecs
import time
from collections.abc import Iterator
from typing import Literal

from ide_server.host.launchers.journal import Journal
from ide_server.wire import Log

Stream = Literal["stdout", "stderr"]

MAX_LINE_CHARACTERS = 16 << 10
READ_BYTES = 64 << 10
PARTIAL_SECONDS = 0.1
"""How long the start of a line waits for its end: a prompt or a progress bar is shown without one."""


class LineSplitter:
    """Bytes in, lines out, each with its line break; invalid UTF-8 becomes U+FFFD."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._rest = ""

    def feed(self, data: bytes) -> Iterator[str]:
        *lines, self._rest = (self._rest + self._decoder.decode(data)).split("\n")
        for line in lines:
            yield from _bounded(line + "\n")
        while len(self._rest) > MAX_LINE_CHARACTERS:
            yield self._rest[:MAX_LINE_CHARACTERS]
            self._rest = self._rest[MAX_LINE_CHARACTERS:]

    def take_partial(self) -> str:
        """The line that has not ended yet, up to its last whole character."""
        partial, self._rest = self._rest, ""
        return partial

    def end(self) -> str:
        """What is left when no more bytes come."""
        return self.take_partial() + self._decoder.decode(b"", final=True)


class LogBudget:
    """How much the two streams of an operation may still write."""

    def __init__(self, journal: Journal, *, max_bytes: int) -> None:
        self._journal = journal
        self._max_bytes = max_bytes
        self._left = max_bytes

    def write(self, stream: Stream, text: str) -> None:
        if self._left <= 0:
            return
        self._journal.append(Log(time.time(), stream, text))
        self._left -= len(text.encode())
        if self._left <= 0:
            self._journal.append(Log(time.time(), "stderr", f"\n[The log is full: it holds {self._max_bytes:,} bytes. "
                                     "What the code prints from here on is dropped.]\n"))  # fmt: skip

    @property
    def has_room(self) -> bool:
        return self._journal.has_room

    async def wait_room(self) -> None:
        """Until the journal has caught up; what it cannot take yet stays in the pipe and holds its writer back."""
        await self._journal.wait_room()


def _bounded(line: str) -> Iterator[str]:
    for start in range(0, len(line), MAX_LINE_CHARACTERS):
        yield line[start : start + MAX_LINE_CHARACTERS]
