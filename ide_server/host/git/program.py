"""One run of git in a model's workspace: what goes in, what comes out, and that it ends.

A repository is hostile: its hooks, filters and configuration run programs. So git never runs on the host, what it says
is bounded, and it ends with whoever asked for it, with all that it has started.
"""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol
from weakref import WeakValueDictionary

from ide_server.errors import NameNotAllowed
from ide_server.host.mounts.names import to_wire
from ide_server.host.sandbox import Child
from ide_server.host.sandbox.spec import COMMANDS, MODEL
from ide_server.wire import ModelId

SCRIPTS = f"{COMMANDS}/git"
AT_ONCE = 4
"""Programs of one model; more wait."""
SAID_BYTES = 64 << 10
LIMIT_BYTES = 8 << 20
READ_BYTES = 64 << 10
LAST_SECONDS = 1.0
"""A program that git has left behind may hold the pipes open; it is not waited for longer than that."""

ENVIRONMENT = ("LC_ALL=C.UTF-8", "LANGUAGE=en", "GIT_TERMINAL_PROMPT=0", "GIT_EDITOR=true", "GIT_MERGE_AUTOEDIT=no")
READING = ("GIT_OPTIONAL_LOCKS=0",)
"""Without it `git status` would write the index, and with that call for the next `git status`."""


class Seat(Protocol):
    """A place in a model's workspace."""

    @property
    def secrets(self) -> frozenset[str]: ...

    async def start_program(self, arguments: Sequence[str], *, descriptors: Sequence[int | None]) -> Child: ...

    def leave(self) -> None: ...


class Seats(Protocol):
    async def get(self, model_id: ModelId) -> Seat: ...


@dataclass(frozen=True)
class Command:
    """`arguments` begin with `git`, or with one of the SCRIPTS; they run in `folder`, a path below the model's root."""

    arguments: tuple[str | bytes, ...]
    folder: bytes = b""
    stdin: bytes = b""
    seconds: float = 60.0
    limit_bytes: int = LIMIT_BYTES
    writes: bool = False


@dataclass(frozen=True)
class Output:
    code: int | None
    """None: it was ended, because it took too long or a signal came."""
    stdout: bytes
    said: str
    """The last of its standard error."""
    is_cut: bool
    """It had more to say than was asked for, and was ended."""
    timed_out: bool
    secrets: frozenset[str]


class Programs:
    def __init__(self, seats: Seats) -> None:
        self._seats = seats
        self._rooms: WeakValueDictionary[ModelId, asyncio.Semaphore] = WeakValueDictionary()

    async def run(self, model_id: ModelId, command: Command) -> Output:
        """To its end. Raises what keeps a workspace from starting."""
        async with self.start(model_id, command) as running:
            return await running.finish()

    @contextlib.asynccontextmanager
    async def start(self, model_id: ModelId, command: Command) -> AsyncIterator["Running"]:
        """Ends it on the way out, however that comes."""
        room = self._rooms.setdefault(model_id, asyncio.Semaphore(AT_ONCE))
        async with room, contextlib.AsyncExitStack() as stack:
            seat = await self._seats.get(model_id)
            stack.callback(seat.leave)
            stdout, stderr = await pipe(stack), await pipe(stack)
            with stdin_of(command.stdin) as stdin:
                child = await seat.start_program(argv(command), descriptors=(stdin, stdout.give(), stderr.give()))
            stdout.close_given()
            stderr.close_given()
            stack.push_async_callback(end, child)
            yield Running(child, command, stdout.reader, stderr.reader, seat.secrets)


class Running:
    def __init__(
        self,
        child: Child,
        command: Command,
        stdout: asyncio.StreamReader,
        stderr: asyncio.StreamReader,
        secrets: frozenset[str],
    ) -> None:
        self._child = child
        self._command = command
        self._stdout = stdout
        self._stderr = stderr
        self.secrets = secrets
        self.said = bytearray()

    async def finish(self) -> Output:
        """Reads all of it; what it says on its standard error is kept to the last SAID_BYTES."""
        stdout = bytearray()
        whole = asyncio.create_task(self._read(stdout))
        readers = (whole, asyncio.create_task(self._read_said()))
        try:
            async with asyncio.timeout(self._command.seconds):
                await self._child.wait()
            await asyncio.wait(readers, timeout=LAST_SECONDS)
        except TimeoutError:
            await end(self._child)
            return Output(None, bytes(stdout), said_of(self.said), False, True, self.secrets)
        finally:
            for reader in readers:
                reader.cancel()
            await asyncio.wait(readers)
        is_cut = not whole.cancelled() and not whole.result()
        code = None if is_cut else (await self._child.wait()).code
        return Output(code, bytes(stdout), said_of(self.said), is_cut, False, self.secrets)

    async def progress(self) -> AsyncIterator[str]:
        """The last line of each piece that comes on its standard error; call `finish` afterwards."""
        async with asyncio.timeout(self._command.seconds):
            while data := await self._stderr.read(READ_BYTES):
                self._keep(data)
                lines = data.replace(b"\r", b"\n").split(b"\n")
                if last := next((line for line in reversed(lines) if line.strip()), b""):
                    yield last.decode(errors="replace").strip()

    async def _read(self, into: bytearray) -> bool:
        """False: there was more than its limit, and it was ended."""
        while data := await self._stdout.read(READ_BYTES):
            into += data
            if len(into) > self._command.limit_bytes:
                del into[self._command.limit_bytes :]
                await end(self._child)
                return False
        return True

    async def _read_said(self) -> None:
        while data := await self._stderr.read(READ_BYTES):
            self._keep(data)

    def _keep(self, data: bytes) -> None:
        self.said += data
        del self.said[:-SAID_BYTES]


class Pipe:
    """The reading end as a stream; the writing end until it is given to a program."""

    def __init__(self, writing: int, reader: asyncio.StreamReader) -> None:
        self._writing: int | None = writing
        self.reader = reader

    def give(self) -> int:
        assert self._writing is not None
        return self._writing

    def close_given(self) -> None:
        if self._writing is not None:
            os.close(self._writing)
            self._writing = None


async def pipe(stack: contextlib.AsyncExitStack) -> Pipe:
    reading, writing = os.pipe()
    reader = asyncio.StreamReader()
    made = Pipe(writing, reader)
    stack.callback(made.close_given)
    protocol = asyncio.StreamReaderProtocol(reader)
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, os.fdopen(reading, "rb"))
    stack.callback(transport.close)
    return made


@contextlib.contextmanager
def stdin_of(data: bytes) -> Iterator[int | None]:
    """A file in memory: nobody has to feed it. None, /dev/null, where there is nothing."""
    if not data:
        yield None
        return
    with os.fdopen(os.memfd_create("stdin"), "r+b", buffering=0) as file:
        view = memoryview(data)
        while view:
            view = view[file.write(view) :]
        file.seek(0)
        yield file.fileno()


async def end(child: Child) -> None:
    """With all that it has started, but for what left its process group."""
    child.kill_group()
    await child.wait()


def argv(command: Command) -> list[str]:
    """Raises NameNotAllowed: an OCI process is JSON, in which other bytes than UTF-8 have no place."""
    variables = ENVIRONMENT if command.writes else (*ENVIRONMENT, *READING)
    folder = os.path.join(MODEL.encode(), command.folder)
    return ["/usr/bin/env", "-C", text(folder), *variables, *map(text, command.arguments)]


def text(argument: str | bytes) -> str:
    try:
        return argument.decode() if isinstance(argument, bytes) else argument
    except UnicodeDecodeError:
        raise NameNotAllowed(
            f"The name {to_wire(argument)!r} is not UTF-8. Do this with git in the terminal."
        ) from None


def said_of(said: bytearray) -> str:
    """What a terminal would show in the end of lines that were written over."""
    lines = said.decode(errors="replace").split("\n")
    return "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in lines).strip()
