"""What a launcher prints, read as it comes and given to whoever listens at the time: one operation, or nobody."""

import asyncio
import os
from collections.abc import Sequence
from io import FileIO
from typing import Protocol, Self

from ide_server.host.launchers.logs import PARTIAL_SECONDS, READ_BYTES, LineSplitter, Stream


class Log(Protocol):
    def write(self, stream: Stream, text: str) -> None: ...

    async def wait_room(self) -> None:
        """Until it can take more; the pipe fills up meanwhile, and holds back who prints."""


class Output:
    """Both streams of one launcher. What is printed while nobody listens, by threads of the code, is dropped."""

    def __init__(self, pipes: "Sequence[OutputPipe]") -> None:
        self._pipes = pipes

    @classmethod
    def of(cls, *, stdout: int, stderr: int) -> Self:
        """Takes the reading ends of two pipes over."""
        return cls([OutputPipe(stdout, "stdout"), OutputPipe(stderr, "stderr")])

    def turn_to(self, log: Log) -> None:
        """From the first time on it is read, so that nothing of a launcher that has just started is dropped."""
        for pipe in self._pipes:
            pipe.log = log
            pipe.start()

    async def drain(self) -> None:
        """Until all that was printed before has been given on. The runner answers after it has printed."""
        await asyncio.gather(*(pipe.drain() for pipe in self._pipes))

    def turn_off(self) -> None:
        """From here on it is dropped."""
        for pipe in self._pipes:
            pipe.log = None
            pipe.start()

    async def wait_ended(self) -> None:
        """Until no process has the pipes open any more."""
        await asyncio.gather(*(pipe.wait_ended() for pipe in self._pipes))

    async def close(self) -> None:
        """Any number of times."""
        await asyncio.gather(*(pipe.close() for pipe in self._pipes))


class OutputPipe:
    def __init__(self, descriptor: int, stream: Stream) -> None:
        self.log: Log | None = None
        self._pipe = FileIO(descriptor, "rb")
        self._stream = stream
        self._lines = LineSplitter()
        self._reading = asyncio.Lock()
        self._readable = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        os.set_blocking(descriptor, False)

    def start(self) -> None:
        """Does nothing where it has been started."""
        if self._task is None:
            self._task = asyncio.create_task(self._follow())

    async def drain(self) -> None:
        await self._read_all()
        self._give(self._lines.take_partial())

    async def wait_ended(self) -> None:
        if self._task is not None:
            await asyncio.wait([self._task])

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        self._pipe.close()

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
                if self.log is not None:
                    await self.log.wait_room()

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
        if text and self.log is not None:
            self.log.write(self._stream, text)
