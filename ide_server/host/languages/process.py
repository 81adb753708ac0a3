"""One language server that runs: its pipes, the memory that it may have, and how it ended."""

import asyncio
import contextlib
import os
import socket
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Protocol

from ide_server.errors import SandboxFailed
from ide_server.host.languages.framing import FramingError, Skipped, encode, read_message
from ide_server.host.sandbox import Child, Exit, MemoryGroup
from ide_server.settings import MEBIBYTE

START = "/opt/slipway/bin/language"
LAST_WORDS_BYTES = 4000
LAST_WORDS_SECONDS = 1.0
LONGEST_LINE = 300
TAKE_SECONDS = 15.0
"""A server that takes in nothing for so long hangs. Less than a socket that is not read may leave a ping unanswered."""
FIRST_SECONDS = 60.0
"""In which the first word must come after the first message to it."""
END_SECONDS = 5.0
STOP_SECONDS = 1.0


class ProcessEnded(Exception):
    """By itself, or because it broke the protocol; says how, without a subject."""


class Place(Protocol):
    """A sandbox to run in."""

    async def wait(self) -> Exit:
        """Until all of it has ended."""

    def memory_group(self, *, memory_bytes: int) -> MemoryGroup | None: ...


class Seat(Protocol):
    """A program's place in a workspace."""

    @property
    def sandbox(self) -> Place: ...

    @property
    def outdated(self) -> bool:
        """Whether a program started now would find another environment, variables or mounted models."""

    async def start_tool(self, arguments: Sequence[str], *, descriptors: Sequence[int | None]) -> Child:
        """What it says may be shown to anybody: it is given no secret."""

    def leave(self) -> None:
        """To be called once, when what was started has ended."""


class LanguageProcess:
    """Messages are JSON-RPC's as text. Close it, whatever happened."""

    def __init__(
        self,
        child: Child,
        group: MemoryGroup | None,
        pipes: "Pipes",
        *,
        sandbox: Place,
        memory_bytes: int,
    ) -> None:
        self._child = child
        self._group = group
        self._pipes = pipes
        self._sandbox = sandbox
        self._memory_limit_bytes = memory_bytes
        self._heard = False
        self._deadline: float | None = None
        self._patience: asyncio.Timeout | None = None

    @classmethod
    async def start(cls, seat: Seat, command: Sequence[str], *, memory_bytes: int) -> "LanguageProcess":
        """Raises SandboxFailed."""
        with ExitStack() as ends:
            pipes, standard, gate = await Pipes.open(ends)
            try:
                child = await seat.start_tool((START, *command), descriptors=(*standard, gate.inside))
            except BaseException:
                pipes.close()
                raise
            process = cls(child, None, pipes, sandbox=seat.sandbox, memory_bytes=memory_bytes)
            try:
                process._group = seat.sandbox.memory_group(memory_bytes=memory_bytes)
                if process._group is not None:
                    process._group.add(child.pid)
                gate.open("" if process._group is not None else str(memory_bytes >> 10))
            except OSError as error:
                await process.close()
                raise SandboxFailed(f"The memory of a program could not be bounded: {error.strerror}.") from error
            except BaseException:
                await process.close()
                raise
        return process

    @property
    def memory_bytes(self) -> int:
        """What it uses now. Blocks, for a fraction of a millisecond."""
        if self._group is not None:
            return self._group.memory_bytes()
        return of_process(self._child.pid)

    async def send(self, message: str) -> None:
        """Raises ProcessEnded."""
        self._pipes.writer.write(encode(message.encode()))
        self._expect_word()
        try:
            async with asyncio.timeout(TAKE_SECONDS):
                await self._pipes.writer.drain()
        except TimeoutError:
            raise ProcessEnded(f"took in nothing for {TAKE_SECONDS:g} seconds, and was ended") from None
        except OSError:
            raise await self._ended() from None

    async def receive(self) -> str | Skipped:
        """Raises ProcessEnded."""
        try:
            if self._heard:
                return await read_message(self._pipes.reader)
            return await self._receive_first()
        except FramingError as error:
            raise ProcessEnded(f"broke the protocol, and was ended. {error}") from None
        except (EOFError, OSError):
            raise await self._ended() from None

    async def _receive_first(self) -> str | Skipped:
        try:
            async with asyncio.timeout_at(self._deadline) as self._patience:
                message = await read_message(self._pipes.reader)
        except TimeoutError:
            raise ProcessEnded(f"said nothing for {FIRST_SECONDS:g} seconds, and was ended") from None
        self._heard = True
        return message

    def _expect_word(self) -> None:
        if self._deadline is None:
            self._deadline = asyncio.get_running_loop().time() + FIRST_SECONDS
            if self._patience is not None and not self._heard:
                self._patience.reschedule(self._deadline)

    async def _ended(self) -> ProcessEnded:
        """Its pipes have; it should have as well."""
        if not await self._child.wait_at_most(END_SECONDS):
            return ProcessEnded("closed its output, and was ended")
        ended = await self._child.wait()
        oom = self._group is not None and self._group.oom_kills() > 0
        stopped = not oom and await self._is_stopped(ended)
        said = await self._pipes.last_words()
        return ProcessEnded(why_ended(ended, said, oom=oom, stopped=stopped, memory_bytes=self._memory_limit_bytes))

    async def _is_stopped(self, ended: Exit) -> bool:
        """Whether its sandbox ends too: the kernel kills all that is in one, and its first process last."""
        if ended.signal != "SIGKILL":
            return False
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await self._sandbox.wait()
        except TimeoutError:
            return False
        return True

    async def close(self) -> None:
        """Ends it with all that it has started. Nothing of it is left then."""
        self._pipes.close()
        self._child.kill_group()
        await self._child.wait()
        if self._group is not None:
            await end_group(self._group)


class Gate:
    """What keeps a program from running before it is held to its memory."""

    def __init__(self, ends: ExitStack) -> None:
        self.inside, self._outside = os.pipe()
        ends.callback(os.close, self.inside)
        ends.callback(os.close, self._outside)

    def open(self, word: str) -> None:
        with contextlib.suppress(BrokenPipeError):  # it has ended; whoever reads its output hears of it
            os.write(self._outside, word.encode() + b"\n")


class Pipes:
    """The host's side of what a program reads and writes."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        words: asyncio.StreamReader,
        errors: asyncio.ReadTransport,
    ) -> None:
        self.reader = reader
        self.writer = writer
        self._errors = errors
        self._said = asyncio.create_task(listen(words), name="language server's errors")

    @classmethod
    async def open(cls, ends: ExitStack) -> "tuple[Pipes, tuple[int, int, int], Gate]":
        """With the program's descriptors, and its gate; these are closed with `ends`."""
        here, there = socket.socketpair()
        ends.enter_context(there)
        errors, inside = os.pipe()
        ends.callback(os.close, inside)
        reader, writer = await asyncio.open_connection(sock=here)
        words = asyncio.StreamReader(LAST_WORDS_BYTES)
        protocol = asyncio.StreamReaderProtocol(words)
        loop = asyncio.get_running_loop()
        transport, _ = await loop.connect_read_pipe(lambda: protocol, os.fdopen(errors, "rb", 0))
        return cls(reader, writer, words, transport), (there.fileno(), there.fileno(), inside), Gate(ends)

    async def last_words(self) -> str:
        """What it said on its standard error, if that has an end soon."""
        await asyncio.wait([self._said], timeout=LAST_WORDS_SECONDS)
        return self._said.result() if self._said.done() and not self._said.cancelled() else ""

    def close(self) -> None:
        self.writer.transport.abort()
        self._said.cancel()
        self._errors.close()


async def listen(words: asyncio.StreamReader) -> str:
    """The last of what is said."""
    said = b""
    while chunk := await words.read(LAST_WORDS_BYTES):
        said = (said + chunk)[-LAST_WORDS_BYTES:]
    return said.decode(errors="replace")


async def end_group(group: MemoryGroup) -> None:
    """What it started may outlive it in groups of their own. The sandbox's end takes what even this does not."""
    deadline = asyncio.get_running_loop().time() + END_SECONDS
    while not group.remove() and asyncio.get_running_loop().time() < deadline:
        group.kill()
        await asyncio.sleep(0.01)


def why_ended(ended: Exit, said: str, *, oom: bool, stopped: bool, memory_bytes: int) -> str:
    if oom:
        return f"was killed: out of memory, it may have {memory_bytes // MEBIBYTE} MiB (--language-memory-mebibytes)"
    if stopped:
        return "was stopped with the model's workspace"
    words = [line.strip() for line in said.splitlines() if line.strip()]
    last = f": {words[-1][:LONGEST_LINE]}" if words else ""
    if ended.signal is not None:
        return f"was killed by {ended.signal}{last}"
    return f"ended with code {ended.code}{last}"


def of_process(pid: int) -> int:
    try:
        with open(f"/proc/{pid}/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:  # it has ended
        return 0
