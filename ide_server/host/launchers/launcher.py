"""One launcher: the process that has loaded a model's code, and the conversation with the runner in it.

A launcher knows no operation. It answers one request after the other, hands what is said in between to a listener,
and can be kept for the next operation. All it says is untrusted: what breaks the protocol ends this launcher, no more.
"""

import asyncio
import contextlib
import itertools
import os
import socket
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, Self, TypeVar

from ide_server.host.equipment import Equipment
from ide_server.host.launchers.frames import FrameError, encode_frame, read_frame
from ide_server.host.launchers.launch import Resources
from ide_server.host.launchers.output import Output
from ide_server.host.launchers.protocol import (
    Call,
    Cancel,
    Check,
    CheckpointedSaid,
    CheckpointSaid,
    Data,
    ElementsSaid,
    Failed,
    Load,
    MetricsSaid,
    MetricTensorSaid,
    Other,
    OutputSaid,
    ProgressSaid,
    Read,
    Ready,
    Restart,
    Returned,
    Said,
    StateSaid,
    ValueSaid,
    said_decoder,
)
from ide_server.host.launchers.sources import Sources
from ide_server.host.launchers.spawn import Language, Process, Spawn
from ide_server.host.parameters import Argument
from ide_server.host.sandbox import Exit, Usage
from ide_server.wire import FunctionName, ModelId

T = TypeVar("T")

EXIT_SECONDS = 2.0
DRAIN_SECONDS = 2.0
SOCKET_BUFFER = 1 << 20


class LauncherLost(Exception):
    """The launcher can answer no more: its process ended, or what it said was not the protocol."""

    def __init__(self, reason: str, ended: Exit | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.ended = ended


@dataclass(frozen=True)
class Mounted:
    """Another model, as the code sees it: where its files are in the sandbox, and the files of its state's keys."""

    mount_path: str
    state: Mapping[str, Path] | None = None


class CallFailed(Exception):
    """The code could not do what was asked: `said`, in its runner's words.

    They are not the exception's own, which may come into the server's log: secrets may be among them.
    """

    def __init__(self, said: Failed) -> None:
        super().__init__(said.kind)
        self.said = said


class Listener(Protocol):
    """Hears what is said during a request."""

    async def progress(self, said: ProgressSaid) -> None: ...
    async def metrics(self, said: MetricsSaid) -> None: ...
    async def metric_tensor(self, said: MetricTensorSaid, elements: bytes) -> None: ...
    async def state(self, said: StateSaid, chunk: bytes) -> None: ...
    async def checkpoint(self, said: CheckpointSaid, chunk: bytes) -> None: ...
    async def checkpointed(self) -> None: ...
    async def output(self, said: OutputSaid) -> None: ...
    async def value(self, said: ValueSaid, chunk: bytes) -> None: ...
    async def elements(self, chunk: bytes) -> None: ...


class Launcher:
    """`output` is given to nobody until it is turned to somebody."""

    def __init__(
        self,
        process: Process,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        end: socket.socket,
        output: Output,
    ) -> None:
        self.output = output
        self._process = process
        self._reader = reader
        self._writer = writer
        self._socket = end
        self._ids = itertools.count(1)
        self._current = 0
        self._ready: Ready | None = None
        self._given = 0
        self.exited = asyncio.create_task(self._watch_exit())

    @classmethod
    async def start(
        cls,
        spawn: Spawn,
        name: str,
        *,
        equipment: Equipment,
        model_id: ModelId,
        language: Language,
        resources: Resources,
    ) -> Self:
        """Raises SandboxFailed, FilesystemUnavailable."""
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
                resources=resources,
                stdout=pipes[0][1],
                stderr=pipes[1][1],
                control=far.fileno(),
            )
            try:
                reader, writer = await asyncio.open_unix_connection(sock=near)
            except BaseException:  # stopped before anybody has the launcher: its process must not stay
                await process.stop(grace_seconds=0)
                raise
            near_ends.pop_all()
        return cls(process, reader, writer, end=near, output=Output.of(stdout=pipes[0][0], stderr=pipes[1][0]))

    async def check(self) -> None:
        """Look at the syntax of the model's code, without running it. Raises LauncherLost, CallFailed."""
        await self._ask(Check(next(self._ids)), None, Sources())

    async def load(self, listener: Listener | None = None) -> list[FunctionName]:
        """Load the model's code; the functions that it has. Raises LauncherLost, CallFailed."""
        return await self._ask(Load(next(self._ids)), listener, Sources())

    async def call(
        self,
        function: FunctionName,
        listener: Listener | None = None,
        *,
        parameters: Mapping[str, Argument] | None = None,
        state: Mapping[str, Path] | None = None,
        other_models: Mapping[str, Mounted] | None = None,
    ) -> list[FunctionName]:
        """Call a function; the functions that can be called after it. Raises LauncherLost, CallFailed."""
        sources = Sources(self._given)
        given = {name: sources.give(argument) for name, argument in (parameters or {}).items()}
        kept = sources.keep(state)
        others = {
            name: Other(other.mount_path, sources.keep(other.state)) for name, other in (other_models or {}).items()
        }
        self._given = sources.end
        inline = sources.inline()
        sizes = [*map(len, inline.values())]
        call = Call(next(self._ids), function, given, kept, others, inline=[*inline], parts=sizes)
        return await self._ask(call, listener, sources, *inline.values())

    @property
    def can_restart(self) -> bool:
        """Whether its process can forget the code it has loaded; otherwise a new launcher takes its place."""
        return self._ready is not None and self._ready.restarts

    async def restart(self) -> None:
        """Forget the code, so that `load` loads what it is now. Call dispose before. Raises LauncherLost."""
        assert self.can_restart
        self._ready = None
        await self._converse(Restart(), self._wait_ready)

    def cancel(self) -> None:
        """Tell the code that it should stop. The runner may ignore it."""
        if not self._writer.is_closing():
            self._writer.write(encode_frame(Cancel(self._current)))

    async def close(self) -> None:
        """Let the process end by itself, for a moment, then end it; all that it printed has been read."""
        if self._writer.can_write_eof() and not self._writer.is_closing():
            self._writer.write_eof()
        await asyncio.wait([self.exited], timeout=EXIT_SECONDS)
        await self.kill()

    async def kill(self) -> Exit:
        """Also where the caller is cancelled: half gone it would keep its process and descriptors."""
        return await to_the_end(self._kill())

    def usage(self) -> Usage:
        """What it uses now. Blocks, briefly."""
        return self._process.usage()

    @property
    def ended(self) -> bool:
        """Its process has."""
        return self.exited.done()

    async def _kill(self) -> Exit:
        await self._process.stop(grace_seconds=0)
        ended = await self.exited
        with contextlib.suppress(TimeoutError):
            # Where processes outlive the launcher's own they may keep its pipes open: they are not waited for.
            async with asyncio.timeout(DRAIN_SECONDS):
                await self.output.wait_ended()
        self._writer.transport.close()
        self.output.close()
        return ended

    async def _watch_exit(self) -> Exit:
        ended = await self._process.wait()
        # What was sent is still read, then the end comes, even if a forked child holds the other side.
        with contextlib.suppress(OSError):  # closed already
            self._socket.shutdown(socket.SHUT_RD)
        return ended

    async def _ask(
        self, request: Check | Load | Call, listener: Listener | None, sources: Sources, *parts: bytes
    ) -> list[FunctionName]:
        self._current = request.id
        return await self._converse(request, lambda: self._listen(request.id, listener, sources), *parts)

    async def _converse(
        self, request: Check | Load | Call | Restart, listen: Callable[[], Awaitable[T]], *parts: bytes
    ) -> T:
        try:
            self._writer.write(encode_frame(request, *parts))
            await self._writer.drain()
            return await listen()
        except (EOFError, ConnectionError) as error:
            raise await self._lost() from error
        except FrameError as error:
            raise LauncherLost(f"The launcher broke its protocol and was ended. {error}") from error

    async def _listen(self, request_id: int, listener: Listener | None, sources: Sources) -> list[FunctionName]:
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
                case Ready():
                    self._ready = said
                case _ if listener is None:
                    raise FrameError(f"Expected nothing to be said while code is looked at, got {said!r:.100}.")
                case _:
                    await _tell(listener, said, parts)

    async def _wait_ready(self) -> None:
        """What the code that is being forgotten has still said is nobody's."""
        while self._ready is None:
            said, _ = await read_frame(self._reader, said_decoder)
            if isinstance(said, Ready):
                self._ready = said

    async def _send_data(self, asked: Read, sources: Sources) -> None:
        data = await sources.read(asked)
        self._writer.write(encode_frame(Data(asked.id, [len(data)]), data))
        await self._writer.drain()

    async def _lost(self) -> LauncherLost:
        await asyncio.wait([self.exited], timeout=EXIT_SECONDS)
        if self.exited.done():
            ended = await self.exited
            return LauncherLost("The launcher's process ended.", ended)
        return LauncherLost("The code closed the launcher's connection (descriptor 3), so it was ended.")


async def to_the_end(work: Coroutine[Any, Any, T]) -> T:
    """Also where who waits for it is cancelled: then after it."""
    task = asyncio.create_task(work)
    try:
        return await asyncio.shield(task)
    finally:
        await asyncio.wait([task])


async def _tell(listener: Listener, said: Said, parts: Sequence[bytes]) -> None:
    match said:
        case ProgressSaid():
            await listener.progress(said)
        case MetricsSaid():
            await listener.metrics(said)
        case MetricTensorSaid():
            await listener.metric_tensor(said, _only(parts))
        case StateSaid():
            await listener.state(said, _only(parts))
        case CheckpointSaid():
            await listener.checkpoint(said, _only(parts))
        case CheckpointedSaid():
            await listener.checkpointed()
        case OutputSaid():
            await listener.output(said)
        case ValueSaid():
            await listener.value(said, _only(parts))
        case ElementsSaid():
            await listener.elements(_only(parts))


def _only(parts: Sequence[bytes]) -> bytes:
    if len(parts) != 1:
        raise FrameError(f"Expected a frame of one part, got one of {len(parts)}.")
    return parts[0]


def _check_id(came: int, expected: int) -> None:
    if came != expected:
        raise FrameError(f"Expected the answer to request {expected}, got that to {came}.")


def _pipe(near_ends: ExitStack, far_ends: ExitStack) -> tuple[int, int]:
    near, far = os.pipe()
    near_ends.callback(os.close, near)
    far_ends.callback(os.close, far)
    return near, far
