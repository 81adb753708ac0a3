"""One launcher: the process that has loaded a model's code, and the conversation with the runner in it.

A launcher knows no operation. It answers one request after the other, hands what is said in between to a listener,
and can be kept for the next operation. All it says is untrusted: what breaks the protocol ends this launcher, no more.
"""

import asyncio
import contextlib
import itertools
import os
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol, Self

from ide_server.host.equipment import Equipment
from ide_server.host.launchers.frames import FrameError, encode_frame, read_frame
from ide_server.host.launchers.protocol import (
    BlobSaid,
    Call,
    Cancel,
    Data,
    Failed,
    Given,
    Kept,
    Load,
    MetricsSaid,
    OutputSaid,
    ProgressSaid,
    Read,
    Ready,
    Returned,
    Said,
    StateSaid,
    ValueSaid,
    said_decoder,
)
from ide_server.host.launchers.spawn import Language, Process, Spawn
from ide_server.host.parameters import MEDIA, Argument
from ide_server.host.sandbox import Exit
from ide_server.wire import FunctionName, ModelId, encode

Pipe = Callable[[asyncio.StreamReader], Awaitable[None]]
Source = bytes | Path
"""What a runner may read: bytes in memory, or a file."""

EXIT_SECONDS = 2.0
DRAIN_SECONDS = 2.0
SOCKET_BUFFER = 1 << 20


class LauncherLost(Exception):
    """The launcher can answer no more: its process ended, or what it said was not the protocol."""

    def __init__(self, reason: str, ended: Exit | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.ended = ended


class CallFailed(Exception):
    """The code could not do what was asked, in its runner's words."""

    def __init__(self, said: Failed) -> None:
        super().__init__(said.message)
        self.said = said


class Listener(Protocol):
    """Hears what is said during a request."""

    async def progress(self, said: ProgressSaid) -> None: ...
    async def metrics(self, said: MetricsSaid) -> None: ...
    async def state(self, said: StateSaid, chunk: bytes) -> None: ...
    async def output(self, said: OutputSaid) -> None: ...
    async def blob(self, chunk: bytes) -> None: ...
    async def value(self, said: ValueSaid, elements: bytes) -> None: ...


class Launcher:
    def __init__(
        self, process: Process, *, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, end: socket.socket
    ) -> None:
        self._process = process
        self._reader = reader
        self._writer = writer
        self._socket = end
        self._ids = itertools.count(1)
        self._current = 0
        self._exited = asyncio.create_task(self._watch_exit())
        self._copying: list[asyncio.Task[None]] = []
        self._transports: list[asyncio.BaseTransport] = []

    @classmethod
    async def start(
        cls,
        spawn: Spawn,
        name: str,
        *,
        equipment: Equipment,
        model_id: ModelId,
        language: Language,
        stdout: Pipe,
        stderr: Pipe,
    ) -> Self:
        """`stdout` and `stderr` read what the process prints. Raises SandboxFailed, FilesystemUnavailable."""
        with ExitStack() as far_ends, ExitStack() as near_ends:
            near, far = socket.socketpair()
            near_ends.enter_context(near)
            far_ends.enter_context(far)
            pipes = [_pipe(near_ends, far_ends) for _ in range(2)]
            process = await spawn.start(
                name,
                equipment,
                model_id=model_id,
                language=language,
                stdout=pipes[0][1],
                stderr=pipes[1][1],
                control=far.fileno(),
            )
            near_ends.pop_all()
        reader, writer = await asyncio.open_unix_connection(sock=near)
        launcher = cls(process, reader=reader, writer=writer, end=near)
        for (descriptor, _), copy in zip(pipes, (stdout, stderr), strict=True):
            await launcher._copy(descriptor, copy)
        return launcher

    async def load(self, listener: Listener) -> list[FunctionName]:
        """Load the model's code; the functions that it has. Raises LauncherLost, CallFailed."""
        return await self._ask(Load(next(self._ids)), listener, {})

    async def call(
        self,
        function: FunctionName,
        listener: Listener,
        *,
        parameters: Mapping[str, Argument] | None = None,
        state: Mapping[str, Path] | None = None,
    ) -> list[FunctionName]:
        """Call a function; the functions that can be called after it. Raises LauncherLost, CallFailed."""
        sources: dict[int, Source] = {}
        given = {name: _given(argument, sources) for name, argument in (parameters or {}).items()}
        kept = None if state is None else {key: _kept(path, sources) for key, path in state.items()}
        return await self._ask(Call(next(self._ids), function, given, kept), listener, sources)

    def cancel(self) -> None:
        """Tell the code that it should stop. The runner may ignore it."""
        if not self._writer.is_closing():
            self._writer.write(encode_frame(Cancel(self._current)))

    async def close(self) -> None:
        """Let the process end by itself, for a moment, then end it; all that it printed has been read."""
        if self._writer.can_write_eof() and not self._writer.is_closing():
            self._writer.write_eof()
        await asyncio.wait([self._exited], timeout=EXIT_SECONDS)
        await self.kill()

    async def kill(self) -> Exit:
        await self._process.stop(grace_seconds=0)
        ended = await self._exited
        if self._copying:
            # Where processes outlive the launcher's own they may keep its pipes open: they are not waited for.
            await asyncio.wait(self._copying, timeout=DRAIN_SECONDS)
        for transport in (*self._transports, self._writer.transport):
            transport.close()
        await asyncio.gather(*map(_cancelled, self._copying))
        return ended

    async def _watch_exit(self) -> Exit:
        ended = await self._process.wait()
        # What was sent is still read, then the end comes, even if a forked child holds the other side.
        with contextlib.suppress(OSError):  # closed already
            self._socket.shutdown(socket.SHUT_RD)
        return ended

    async def _copy(self, descriptor: int, copy: Pipe) -> None:
        reader = asyncio.StreamReader(limit=SOCKET_BUFFER)
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(descriptor, "rb", buffering=0)
        )
        self._transports.append(transport)
        self._copying.append(asyncio.create_task(_run(copy, reader)))

    async def _ask(self, request: Load | Call, listener: Listener, sources: Mapping[int, Source]) -> list[FunctionName]:
        self._current = request.id
        try:
            self._writer.write(encode_frame(request))
            await self._writer.drain()
            return await self._listen(request.id, listener, sources)
        except (EOFError, ConnectionError) as error:
            raise await self._lost() from error
        except FrameError as error:
            raise LauncherLost(f"The launcher broke its protocol and was ended. {error}") from error

    async def _listen(self, request_id: int, listener: Listener, sources: Mapping[int, Source]) -> list[FunctionName]:
        while True:
            said, parts = await read_frame(self._reader, said_decoder)
            match said:
                case Returned():
                    _check_id(said.id, request_id)
                    return said.functions
                case Failed():
                    _check_id(said.id, request_id)
                    raise CallFailed(said)
                case Read():
                    await self._send_data(said, sources)
                case _:
                    await _tell(listener, said, parts)

    async def _send_data(self, asked: Read, sources: Mapping[int, Source]) -> None:
        if asked.blob not in sources:
            raise FrameError(f"Expected the number of a blob of this call, got {asked.blob}.")
        data = await asyncio.to_thread(_read_source, sources[asked.blob], asked.offset, asked.size)
        self._writer.write(encode_frame(Data(asked.id, [len(data)]), data))
        await self._writer.drain()

    async def _lost(self) -> LauncherLost:
        await asyncio.wait([self._exited], timeout=EXIT_SECONDS)
        if self._exited.done():
            ended = await self._exited
            return LauncherLost("The launcher's process ended.", ended)
        return LauncherLost("The code closed the launcher's connection (descriptor 3), so it was ended.")


async def _tell(listener: Listener, said: Said, parts: Sequence[bytes]) -> None:
    match said:
        case Ready():
            pass
        case ProgressSaid():
            await listener.progress(said)
        case MetricsSaid():
            await listener.metrics(said)
        case StateSaid():
            await listener.state(said, _only(parts))
        case OutputSaid():
            await listener.output(said)
        case BlobSaid():
            await listener.blob(_only(parts))
        case ValueSaid():
            await listener.value(said, _only(parts))


def _only(parts: Sequence[bytes]) -> bytes:
    if len(parts) != 1:
        raise FrameError(f"Expected a frame of one part, got one of {len(parts)}.")
    return parts[0]


def _check_id(came: int, expected: int) -> None:
    if came != expected:
        raise FrameError(f"Expected the answer to request {expected}, got that to {came}.")


def _given(argument: Argument, sources: dict[int, Source]) -> Given:
    data: bytes = argument.value if argument.type in MEDIA else encode(argument.value)
    blob = len(sources)
    sources[blob] = data
    return Given(argument.type, blob, len(data), argument.format)


def _kept(path: Path, sources: dict[int, Source]) -> Kept:
    blob = len(sources)
    sources[blob] = path
    return Kept(blob, path.stat().st_size)


def _read_source(source: Source, offset: int, size: int) -> bytes:
    if isinstance(source, bytes):
        return source[offset : offset + size]
    with source.open("rb") as file:
        return os.pread(file.fileno(), size, offset)


def _pipe(near_ends: ExitStack, far_ends: ExitStack) -> tuple[int, int]:
    near, far = os.pipe()
    near_ends.callback(os.close, near)
    far_ends.callback(os.close, far)
    return near, far


async def _run(copy: Pipe, reader: asyncio.StreamReader) -> None:
    await copy(reader)


async def _cancelled(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.wait([task])
    if not task.cancelled():
        task.result()
