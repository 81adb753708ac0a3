"""Searches: ripgrep in the model's workspace for text, a walk beneath its root for names."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import ExitStack
from typing import BinaryIO

import anyio

from ide_server.errors import ProgramMissing
from ide_server.host.files.failures import attempt
from ide_server.host.mounts import Mount, Mounts
from ide_server.host.mounts.names import to_wire
from ide_server.host.sandbox import Child, Exit
from ide_server.host.sandbox.processes import wait_readable
from ide_server.host.sandbox.runtime import find_program
from ide_server.host.search import query as queries
from ide_server.host.search.output import MOST_LINE_BYTES, Output
from ide_server.host.search.paths import Walk
from ide_server.host.workspaces import Seat, Workspaces
from ide_server.wire import FoundInFile, FoundPaths, ModelId, SearchEnded, SearchQuery

SEARCH_SECONDS = 60.0
MOST_MATCHES = 10_000
MOST_PATHS = 200_000
CHUNK_BYTES = 64 << 10
COMPLAINT_BYTES = 2000

MISSING = (
    "Searching in files needs ripgrep, which this server does not have. Whoever runs it can install it: "
    "apt-get install ripgrep."
)
TOO_MANY = f"There are more than {MOST_MATCHES:,} matches; these are some of them. Search for something rarer."
TOO_LONG = f"The search was ended after {SEARCH_SECONDS:.0f} seconds. Search in fewer files."
ENDED = "The search was ended, as its workspace stopped or ran out of memory. Search again."
CUT = f"Lines longer than {MOST_LINE_BYTES >> 10} KiB were searched in part only."


class Search:
    def __init__(self, workspaces: Workspaces, mounts: Mounts) -> None:
        self._workspaces = workspaces
        self._mounts = mounts

    async def find(self, model_id: ModelId, query: SearchQuery) -> "Finding":
        """A search that has begun; the caller closes it. Starts the workspace if need be.

        Raises InvalidRequest, ProgramMissing, and what Workspaces.get does.
        """
        queries.check(query)
        marks = queries.Marks.make()
        arguments = queries.arguments(ripgrep(), query, marks)
        seat = await self._workspaces.get(model_id)
        return await Finding.start(seat, arguments, Output(marks, replaces=query.replacement is not None))

    async def paths(self, model_id: ModelId, *, hidden: bool) -> AsyncIterator[FoundPaths]:
        """All files, nearest folders first, as they are found. Raises ModelNotFound, FilesystemUnavailable."""
        return listed(await self._mounts.get(model_id), Walk(hidden=hidden))


class Finding:
    """One ripgrep at work, from its start until it is closed."""

    def __init__(self, seat: Seat, child: Child, output: Output, pipes: "Pipes") -> None:
        self._seat = seat
        self._child = child
        self._output = output
        self._pipes = pipes
        self._too_long = False
        self._deadline = asyncio.get_running_loop().call_later(SEARCH_SECONDS, self._give_up)

    @classmethod
    async def start(cls, seat: Seat, arguments: list[str], output: Output) -> "Finding":
        """Takes the seat over. Raises SandboxFailed."""
        with ExitStack() as undo:
            undo.callback(seat.leave)
            pipes = undo.enter_context(Pipes())
            child = await seat.start_program(arguments, descriptors=(None, *pipes.writing))
            pipes.close_writing()
            undo.pop_all()
        return cls(seat, child, output, pipes)

    async def events(self) -> AsyncIterator[FoundInFile | SearchEnded]:
        """In the pace of who reads them; SearchEnded is the last."""
        while chunk := await self._pipes.read_output():
            for found in self._output.feed(chunk, most=MOST_MATCHES):
                yield found
            if self._output.matches >= MOST_MATCHES:
                yield SearchEnded("too_many", TOO_MANY)
                return
        yield self._ended(await self._child.wait())

    async def close(self) -> None:
        """Returns when ripgrep has ended. To be called once."""
        self._deadline.cancel()
        self._child.send_signal(signal.SIGKILL)
        with anyio.CancelScope(shield=True):
            await self._child.wait()
        self._pipes.close()
        self._seat.leave()

    def _give_up(self) -> None:
        self._too_long = True
        self._child.send_signal(signal.SIGKILL)

    def _ended(self, how: Exit) -> SearchEnded:
        complaint = self._pipes.complaint()
        if self._too_long:
            return SearchEnded("too_long", TOO_LONG)
        if how.code is None:
            return SearchEnded("failed", ENDED)
        if complaint:
            return SearchEnded("failed", complaint)
        return SearchEnded("complete", CUT if self._output.cut else "")


class Pipes:
    """From a program's standard output and error."""

    def __init__(self) -> None:
        self._open = ExitStack()
        self._output, output = self._pipe()
        self._errors, errors = self._pipe()
        self._writing = (output, errors)

    def __enter__(self) -> "Pipes":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def writing(self) -> tuple[int, int]:
        output, errors = self._writing
        return output.fileno(), errors.fileno()

    def close_writing(self) -> None:
        """Once the program has them: with the program they end."""
        for file in self._writing:
            file.close()

    async def read_output(self) -> bytes:
        """Some; nothing when there is no more."""
        await wait_readable(self._output.fileno())
        return os.read(self._output.fileno(), CHUNK_BYTES)

    def complaint(self) -> str:
        """The beginning of what it has said on its standard error, after its end."""
        return os.read(self._errors.fileno(), COMPLAINT_BYTES).decode(errors="replace").strip()

    def close(self) -> None:
        self._open.close()

    def _pipe(self) -> tuple[BinaryIO, BinaryIO]:
        reading, writing = os.pipe()
        return self._open.enter_context(open(reading, "rb")), self._open.enter_context(open(writing, "wb"))


async def listed(mount: Mount, walk: Walk) -> AsyncIterator[FoundPaths]:
    count = 0
    while not walk.ended and count < MOST_PATHS:
        found = await attempt(mount, "", walk.step)
        count += len(found)
        yield FoundPaths([to_wire(path) for path in found], complete=walk.ended)


def ripgrep() -> str:
    """Raises ProgramMissing."""
    path = find_ripgrep()
    if path is None:
        raise ProgramMissing(MISSING, program="rg")
    return path


def find_ripgrep() -> str | None:
    """Its path, which is the same in a sandbox: each sees the host's /usr, read-only."""
    found = find_program("rg")
    path = None if found is None else os.path.realpath(found)
    return path if path is not None and path.startswith("/usr/") else None
