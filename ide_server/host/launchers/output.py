"""What a launcher prints, read as it comes and given to whoever listens at the time: one operation, or nobody."""

import array
import asyncio
import fcntl
import os
import termios
from collections.abc import Sequence
from io import FileIO
from typing import Protocol, Self

from ide_server.host.launchers.logs import PARTIAL_SECONDS, READ_BYTES, LineSplitter, Stream

PIPE_BYTES = 1 << 20
"""More than a pipe holds."""


class Log(Protocol):
    def write(self, stream: Stream, text: str) -> None: ...

    @property
    def has_room(self) -> bool: ...

    async def wait_room(self) -> None:
        """Until it can take more; the pipe fills up meanwhile, and holds back who prints."""


class Nobody:
    """Takes all and keeps nothing."""

    has_room = True

    def write(self, stream: Stream, text: str) -> None:
        pass

    async def wait_room(self) -> None:
        pass


class Output:
    """Both streams of one launcher. While nobody listens nothing is read, and whoever prints much waits."""

    def __init__(self, pipes: "Sequence[OutputPipe]") -> None:
        self._pipes = pipes

    @classmethod
    def of(cls, *, stdout: int, stderr: int) -> Self:
        """Takes the reading ends of two pipes over."""
        return cls([OutputPipe(stdout, "stdout"), OutputPipe(stderr, "stderr")])

    def turn_to(self, log: Log) -> None:
        """What threads of the code have printed since it was turned off is dropped."""
        for pipe in self._pipes:
            pipe.turn_to(log)

    def turn_off(self) -> None:
        """All that was printed before has been given on then. The runner answers after it has printed."""
        for pipe in self._pipes:
            pipe.turn_off()

    def flush(self) -> None:
        """Give on all that was printed before, the start of a line too."""
        for pipe in self._pipes:
            pipe.flush()

    async def wait_ended(self) -> None:
        """Until no process has the pipes open any more, as long as somebody listens."""
        for pipe in self._pipes:
            await pipe.wait_ended()

    def close(self) -> None:
        """Any number of times."""
        for pipe in self._pipes:
            pipe.close()


class OutputPipe:
    """The loop watches it from the first listener on. What comes while nobody listens ends the watch until one does:
    most often nothing does, and then turning to the next listener costs nothing."""

    def __init__(self, descriptor: int, stream: Stream) -> None:
        self._pipe = FileIO(descriptor, "rb")
        self._stream = stream
        self._lines = LineSplitter()
        self._log: Log | None = None
        self._was_off = False
        self._is_watched = False
        self._partial: asyncio.TimerHandle | None = None
        self._waiting: asyncio.Task[None] | None = None
        """For room in the log."""
        self._ended = asyncio.Event()
        os.set_blocking(descriptor, False)

    def turn_to(self, log: Log) -> None:
        if self._was_off:
            self._discard()
        self._log = log
        self._watch()

    def turn_off(self) -> None:
        self.flush()
        self._give(self._lines.end())
        self._log, self._was_off = None, True
        self._stop_waiting()

    def flush(self) -> None:
        """Whoever goes on printing is not waited for: what the pipe holds now was printed before."""
        if self._pipe.closed or self._ended.is_set():
            return
        left = _readable_bytes(self._pipe.fileno())
        while left > 0 and (data := self._read(left)):
            left -= len(data)
            self._feed(data)
        self._give(self._lines.take_partial())

    async def wait_ended(self) -> None:
        if self._log is not None:
            await self._ended.wait()

    def close(self) -> None:
        if not self._pipe.closed:
            self._unwatch()
            self._stop_waiting()
            self._pipe.close()

    # --- as it comes ---

    def _readable(self) -> None:
        if self._log is None:
            self._unwatch()
            return
        data = self._read(READ_BYTES)
        if data is None:
            return
        if not data:
            self._unwatch()
            self._give(self._lines.end())
            self._ended.set()
            return
        self._feed(data)
        self._hold_back(self._log)
        if self._partial is None:
            self._partial = asyncio.get_running_loop().call_later(PARTIAL_SECONDS, self._give_partial)

    def _feed(self, data: bytes) -> None:
        for line in self._lines.feed(data):
            self._give(line)

    def _give_partial(self) -> None:
        self._partial = None
        self._give(self._lines.take_partial())

    def _give(self, text: str) -> None:
        if text and self._log is not None:
            self._log.write(self._stream, text)

    def _hold_back(self, log: Log) -> None:
        """As long as the log has no room nothing more is read."""
        if not log.has_room:
            self._unwatch()
            self._waiting = asyncio.create_task(self._go_on(log), name=f"room for {self._stream}")

    async def _go_on(self, log: Log) -> None:
        await log.wait_room()
        self._waiting = None
        self._watch()

    def _stop_waiting(self) -> None:
        for waiting in (self._waiting, self._partial):
            if waiting is not None:
                waiting.cancel()
        self._waiting = self._partial = None

    # --- the descriptor ---

    def _watch(self) -> None:
        if not self._is_watched and self._waiting is None and not self._pipe.closed and not self._ended.is_set():
            asyncio.get_running_loop().add_reader(self._pipe.fileno(), self._readable)
            self._is_watched = True

    def _unwatch(self) -> None:
        if self._is_watched:
            asyncio.get_running_loop().remove_reader(self._pipe.fileno())
            self._is_watched = False

    def _read(self, size: int) -> bytes | None:
        """Empty at the end of the pipe; None: there is nothing now."""
        try:
            return os.read(self._pipe.fileno(), size)
        except BlockingIOError:
            return None

    def _discard(self) -> None:
        self._read(PIPE_BYTES)


def _readable_bytes(descriptor: int) -> int:
    count = array.array("i", [0])
    fcntl.ioctl(descriptor, termios.FIONREAD, count)
    return count[0]
