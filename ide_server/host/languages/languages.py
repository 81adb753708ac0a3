"""All language servers that run on a host: each belongs to one socket, and ends with it."""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Protocol

import anyio

from ide_server import wire
from ide_server.errors import (
    LanguageServerEnded,
    LanguageServerNotFound,
    TooManyLanguageServers,
)
from ide_server.host.languages.framing import Skipped
from ide_server.host.languages.process import LanguageProcess, ProcessEnded, Seat
from ide_server.host.languages.programs import Program, Programs
from ide_server.settings import MEBIBYTE, Settings
from ide_server.wire import ModelId

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0
SOUND_SECONDS = 60.0
"""One that ran for so long before it ended is started again at once."""
KEPT_SECONDS = 600.0
"""So long its end is told, and counts."""


class Seats(Protocol):
    async def get(self, model_id: ModelId) -> Seat: ...


@dataclass
class Failures:
    """How one language server of a model ended by itself, again and again."""

    count: int = 0
    message: str = ""
    at: float = 0.0

    @property
    def pause_seconds(self) -> float:
        """How long to wait before it is started again."""
        if self.count < 2:
            return 0.0
        return min(FIRST_PAUSE_SECONDS * 2.0 ** min(self.count - 2, 10), LONGEST_PAUSE_SECONDS)

    @property
    def outlived(self) -> bool:
        return time.monotonic() - self.at > KEPT_SECONDS


@dataclass
class Running:
    """A language server, from the moment its socket asks for it."""

    program: Program
    process: LanguageProcess | None = None
    seat: Seat | None = None
    outdated: asyncio.Event = field(default_factory=asyncio.Event)


class LanguageServer:
    """One that runs, as its socket speaks with it."""

    def __init__(self, running: Running, process: LanguageProcess) -> None:
        self._running = running
        self._process = process

    async def send(self, message: str) -> None:
        """Raises ProcessEnded."""
        await self._process.send(message)

    async def receive(self) -> str | Skipped:
        """Raises ProcessEnded."""
        return await self._process.receive()

    async def wait_outdated(self) -> None:
        """Until the model has another environment, other variables or other mounted models."""
        await self._running.outdated.wait()


class Languages:
    def __init__(self, settings: Settings, workspaces: Seats, programs: Programs) -> None:
        self._settings = settings
        self._workspaces = workspaces
        self._programs = programs
        self._running: defaultdict[ModelId, list[Running]] = defaultdict(list)
        self._failures: dict[tuple[ModelId, str], Failures] = {}

    async def list(self, model_id: ModelId) -> Sequence[wire.LanguageServer]:
        return await asyncio.to_thread(self._list, model_id)

    @asynccontextmanager
    async def run(self, model_id: ModelId, name: str) -> AsyncIterator[LanguageServer]:
        """One of its own for whoever enters, ended when that leaves. Starts the workspace if need be.

        Fetches its program if that is not here. Raises LanguageServerNotFound, TooManyLanguageServers,
        LanguageServerUnavailable, and as Workspaces.get does; and LanguageServerEnded in the place of a ProcessEnded
        raised inside. After such an end the next start waits, the longer the more there were.
        """
        program = self._program(name)
        running = self._take_place(model_id, program)
        try:
            await asyncio.sleep(self._failures_of(model_id, program).pause_seconds)
            await self._programs.wait_ready(program)
            running.seat = await self._workspaces.get(model_id)
            memory_bytes = self._settings.language_memory_mebibytes * MEBIBYTE
            started = time.monotonic()
            running.process = await LanguageProcess.start(running.seat, program.command, memory_bytes=memory_bytes)
            try:
                yield LanguageServer(running, running.process)
            except ProcessEnded as ended:
                error = LanguageServerEnded(f"{program.title} {ended}.")
                self._note_failure(model_id, program, error.message, ran_seconds=time.monotonic() - started)
                raise error from None
        finally:
            with anyio.CancelScope(shield=True):
                await self._leave(model_id, running)

    def retire(self, model_id: ModelId) -> None:
        """Tell whoever speaks with one that was started in what the model had before."""
        for running in self._running.get(model_id, ()):
            if running.seat is not None and running.seat.outdated:
                running.outdated.set()

    def _list(self, model_id: ModelId) -> Sequence[wire.LanguageServer]:
        return [self._record(model_id, program) for program in self._programs.by_name.values()]

    def _record(self, model_id: ModelId, program: Program) -> wire.LanguageServer:
        processes = [
            running.process
            for running in tuple(self._running.get(model_id, ()))
            if running.program is program and running.process is not None
        ]
        return wire.LanguageServer(
            name=program.name,
            title=program.title,
            languages=list(program.languages),
            state=self._programs.state(program),
            message=self._programs.fault(program) or self._failures_of(model_id, program).message,
            running=len(processes),
            memory_bytes=sum(process.memory_bytes for process in processes),
            memory_limit_bytes=self._settings.language_memory_mebibytes * MEBIBYTE,
        )

    def _program(self, name: str) -> Program:
        program = self._programs.by_name.get(name)
        if program is None:
            known = ", ".join(self._programs.by_name)
            raise LanguageServerNotFound(f"Expected one of {known} as a language server, got {name[:40]!r}.")
        return program

    def _take_place(self, model_id: ModelId, program: Program) -> Running:
        """Without an await: those that start count too."""
        limit = self._settings.max_language_servers
        if len(self._running.get(model_id, ())) >= limit:
            raise TooManyLanguageServers(
                f"This model has {limit} language servers, the most it may have. Close a tab of it.", limit=limit
            )
        running = Running(program)
        self._running[model_id].append(running)
        return running

    async def _leave(self, model_id: ModelId, running: Running) -> None:
        if running.process is not None:
            await running.process.close()
        if running.seat is not None:
            running.seat.leave()
        self._running[model_id].remove(running)
        if not self._running[model_id]:
            del self._running[model_id]

    def _failures_of(self, model_id: ModelId, program: Program) -> Failures:
        known = self._failures.get((model_id, program.name))
        return Failures() if known is None or known.outlived else known

    def _note_failure(self, model_id: ModelId, program: Program, message: str, *, ran_seconds: float) -> None:
        before = 0 if ran_seconds > SOUND_SECONDS else self._failures_of(model_id, program).count
        self._failures = {key: known for key, known in self._failures.items() if not known.outlived}
        self._failures[model_id, program.name] = Failures(before + 1, message, time.monotonic())
