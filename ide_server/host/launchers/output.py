"""What a launcher prints, read as it comes and given to whoever listens at the time: one operation, or nobody."""

import asyncio
import contextlib
import os
from collections.abc import Sequence
from io import FileIO
from typing import Protocol, Self

from ide_server.host.launchers.logs import PARTIAL_SECONDS, READ_BYTES, LineSplitter, Stream

PIPE_BYTES = 1 << 20
"""More than a pipe holds."""


class Log(Protocol):
    def write(self, stream: Stream, text: str) -> None: ...

    async def wait_room(self) -> None:
        """Until it can take more; the pipe fills up meanwhile, and holds back who prints."""


class Nobody:
    """Takes all and keeps nothing."""

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

    async def turn_off(self) -> None:
        """Once all that was printed before has been given on. The runner answers after it has printed."""
        await asyncio.gather(*(pipe.turn_off() for pipe in self._pipes))

    async def flush(self) -> None:
        """Give on all that was printed before, the start of a line too."""
        await asyncio.gather(*(pipe.flush() for pipe in self._pipes))

    async def wait_ended(self) -> None:
        """Until no process has the pipes open any more, as long as somebody listens."""
        await asyncio.gather(*(pipe.wait_ended() for pipe in self._pipes))

    async def close(self) -> None:
        """Any number of times."""
        await asyncio.gather(*(pipe.close() for pipe in self._pipes))


class OutputPipe:
    def __init__(self, descriptor: int, stream: Stream) -> None:
        self._pipe = FileIO(descriptor, "rb")
        self._stream = stream
        self._lines = LineSplitter()
        self._reading = asyncio.Lock()
        self._readable = asyncio.Event()
        self._following: asyncio.Task[None] | None = None
        self._log: Log = Nobody()
        self._was_off = False
        os.set_blocking(descriptor, False)

    def turn_to(self, log: Log) -> None:
        if self._was_off:
            self._discard()
        self._log = log
        self._following = asyncio.create_task(self._follow())

    async def turn_off(self) -> None:
        await self._read_all()
        self._give(self._lines.end())
        await self._stop()
        self._was_off = True

    async def flush(self) -> None:
        await self._read_all()
        self._give(self._lines.take_partial())

    async def wait_ended(self) -> None:
        if self._following is not None:
            await asyncio.wait([self._following])

    async def close(self) -> None:
        await self._stop()
        self._pipe.close()

    async def _stop(self) -> None:
        if self._following is not None:
            self._following.cancel()
            await asyncio.wait([self._following])
            self._following = None

    async def _follow(self) -> None:
        while await self._read_all():
            if not await self._wait_readable(PARTIAL_SECONDS):
                self._give(self._lines.take_partial())
                await self._wait_readable(None)
        self._give(self._lines.end())

    async def _read_all(self) -> bool:
        """All that is there now; False at the end of the pipe."""
        async with self._reading:
            while True:
                try:
                    data = os.read(self._pipe.fileno(), READ_BYTES)
                except BlockingIOError:
                    return True
                if not data:
                    return False
                for line in self._lines.feed(data):
                    self._give(line)
                await self._log.wait_room()

    def _discard(self) -> None:
        with contextlib.suppress(BlockingIOError):  # nothing was printed
            os.read(self._pipe.fileno(), PIPE_BYTES)

    async def _wait_readable(self, seconds: float | None) -> bool:
        """False: nothing came in this time."""
        loop = asyncio.get_running_loop()
        self._readable.clear()
        loop.add_reader(self._pipe.fileno(), self._readable.set)
        try:
            async with asyncio.timeout(seconds):
                await self._readable.wait()
        except TimeoutError:
            return False
        finally:
            loop.remove_reader(self._pipe.fileno())
        return True

    def _give(self, text: str) -> None:
        if text:
            self._log.write(self._stream, text)
