"""All terminals of a host, by model."""

import asyncio
import itertools
import secrets
import time
from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple, Protocol

import msgspec

from ide_server import wire
from ide_server.errors import InvalidRequest, TerminalNotFound, TooManyTerminals
from ide_server.host.events import ModelEvents
from ide_server.host.sandbox.spec import MODEL
from ide_server.host.terminals.client import Size, checked_size
from ide_server.host.terminals.terminal import Pty, Terminal
from ide_server.host.terminals.turns import Turns
from ide_server.names import checked_name
from ide_server.settings import Settings
from ide_server.wire import ModelId, TerminalId

SHELL = ("/bin/bash", "-i")
# The folder is an argument, never part of the script; where it is gone, the shell starts at home.
SHELL_IN_FOLDER = ("/bin/sh", "-c", 'cd -- "$1" 2>/dev/null; exec /bin/bash -i', "sh")
LONGEST_FOLDER = 4096


class PtySource(Protocol):
    """Where a shell runs: its seat in a workspace."""

    @property
    def outdated(self) -> bool:
        """Whether a shell started now would find another environment, or other variables."""

    async def open_terminal(self, arguments: Sequence[str], *, rows: int, columns: int) -> Pty: ...

    def leave(self) -> None:
        """The shell has ended, or was not started. Called once."""


class PtySources(Protocol):
    async def get(self, model_id: ModelId) -> PtySource: ...


class Opened(NamedTuple):
    terminal: Terminal
    source: PtySource

    @property
    def record(self) -> wire.Terminal:
        return msgspec.structs.replace(self.terminal.record, outdated=self.source.outdated)


class Terminals:
    def __init__(self, settings: Settings, workspaces: PtySources, events: ModelEvents) -> None:
        self._settings = settings
        self._workspaces = workspaces
        self._events = events
        self._places: defaultdict[ModelId, dict[int, Opened | None]] = defaultdict(dict)
        """By number, the oldest first; None while the shell starts."""
        self._turns = Turns()

    def list(self, model_id: ModelId) -> list[wire.Terminal]:
        """The oldest first."""
        return [opened.record for opened in self._of(model_id)]

    def get(self, model_id: ModelId, terminal_id: TerminalId) -> Terminal:
        """Raises TerminalNotFound."""
        for opened in self._of(model_id):
            if opened.terminal.record.id == terminal_id:
                return opened.terminal
        raise TerminalNotFound("This terminal has ended or never was. Open a new one.")

    async def create(self, model_id: ModelId, *, rows: int, columns: int, folder: str = "") -> wire.Terminal:
        """Starts the workspace if need be. Raises InvalidRequest, TooManyTerminals, ModelNotFound, SandboxFailed."""
        size = checked_size(rows, columns)
        shell = shell_in(folder)
        number = self._take_number(model_id)
        try:
            source = await self._workspaces.get(model_id)
            pty = await open_shell(source, shell, rows=rows, columns=columns)
        except BaseException:
            self._forget(model_id, number)
            raise
        opened = Opened(self._terminal(model_id, number, pty, size), source)
        self._places[model_id][number] = opened
        self.announce(model_id)
        return opened.record

    def change(self, model_id: ModelId, terminal_id: TerminalId, change: wire.TerminalChange) -> wire.Terminal:
        """Raises TerminalNotFound, InvalidRequest."""
        terminal = self.get(model_id, terminal_id)
        terminal.record = msgspec.structs.replace(terminal.record, title=checked_name(change.title))
        self.announce(model_id)
        return next(opened.record for opened in self._of(model_id) if opened.terminal is terminal)

    async def remove(self, model_id: ModelId, terminal_id: TerminalId) -> None:
        """Ends the shell and what runs in its foreground. Raises TerminalNotFound."""
        await self.get(model_id, terminal_id).remove()

    async def remove_all(self, model_id: ModelId) -> None:
        async with asyncio.TaskGroup() as group:
            for opened in self._of(model_id):
                group.create_task(opened.terminal.remove())

    async def close(self) -> None:
        async with asyncio.TaskGroup() as group:
            for model_id in list(self._places):
                group.create_task(self.remove_all(model_id))

    def announce(self, model_id: ModelId) -> None:
        """Tell what stands: also when only what is outdated has changed."""
        self._events.publish(model_id, wire.TerminalsChanged(self.list(model_id)))

    def _of(self, model_id: ModelId) -> Sequence[Opened]:
        return [opened for opened in self._places.get(model_id, {}).values() if opened is not None]

    def _take_number(self, model_id: ModelId) -> int:
        """The lowest that is free: held from here on, so that starting shells count towards the limit."""
        places = self._places[model_id]
        limit = self._settings.max_terminals
        if len(places) >= limit:
            raise TooManyTerminals(f"This model has {limit} terminals, the most it may have. Close one.", limit=limit)
        number = next(number for number in itertools.count(1) if number not in places)
        places[number] = None
        return number

    def _terminal(self, model_id: ModelId, number: int, pty: Pty, size: Size) -> Terminal:
        return Terminal(
            wire.Terminal(TerminalId(secrets.token_hex(8)), f"Terminal {number}", time.time()),
            pty,
            size=size,
            scrollback_bytes=self._settings.terminal_scrollback_bytes,
            turns=self._turns,
            on_end=partial(self._ended, model_id, number),
        )

    def _ended(self, model_id: ModelId, number: int) -> None:
        opened = self._places[model_id][number]
        assert opened is not None  # it has its place before the event loop can hear of its end
        self._forget(model_id, number)
        self.announce(model_id)
        opened.source.leave()

    def _forget(self, model_id: ModelId, number: int) -> None:
        places = self._places[model_id]
        del places[number]
        if not places:
            del self._places[model_id]


def shell_in(folder: str) -> Sequence[str]:
    """Raises InvalidRequest."""
    if len(folder) > LONGEST_FOLDER or "\0" in folder:
        raise InvalidRequest(
            f"Expected a folder's path of at most {LONGEST_FOLDER:,} characters and without NUL, got {folder[:40]!r}."
        )
    return (*SHELL_IN_FOLDER, f"{MODEL}/{folder}") if folder else SHELL


async def open_shell(source: PtySource, shell: Sequence[str], *, rows: int, columns: int) -> Pty:
    try:
        return await source.open_terminal(shell, rows=rows, columns=columns)
    except BaseException:
        source.leave()
        raise
