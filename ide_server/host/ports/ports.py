"""The ports of all models' workspaces: told as they come and go, and each reached through a door of its own."""

import asyncio
import socket
from collections.abc import Mapping, Sequence, Set
from functools import partial
from pathlib import Path
from typing import Protocol

from ide_server import wire
from ide_server.errors import PortNotListening
from ide_server.host.events import ModelEvents
from ide_server.host.ports.dialer import Dialer
from ide_server.host.ports.door import Door
from ide_server.host.ports.listening import ports_in
from ide_server.host.sandbox import Sandbox
from ide_server.settings import Settings
from ide_server.wire import ModelId

LOOK_SECONDS = 1.0


class Workspaces(Protocol):
    @property
    def models(self) -> list[ModelId]: ...

    def running(self, model_id: ModelId) -> list[Sandbox]: ...


class Ports:
    def __init__(self, settings: Settings, workspaces: Workspaces, events: ModelEvents) -> None:
        self._settings = settings
        self._workspaces = workspaces
        self._events = events
        self._found: dict[ModelId, Mapping[int, Sandbox]] = {}
        self._doors: dict[Path, Door] = {}
        self._dialers: dict[Sandbox, Dialer] = {}
        self._opening = asyncio.Lock()
        self._looking = asyncio.Lock()
        self._watch: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._watch = asyncio.create_task(self._look_again(), name="ports")

    def list(self, model_id: ModelId) -> list[int]:
        """In order, as they were found last."""
        return sorted(self._found.get(model_id, {}))

    async def open(self, model_id: ModelId, port: int) -> None:
        """Makes sure that there is a door to it. Raises PortNotListening, SandboxFailed."""
        path = self._settings.port_socket(model_id, port)
        async with self._opening:
            (await self._connect(model_id, port)).close()  # says now, and not to each who comes, why it cannot
            if path not in self._doors:
                door = Door(path, partial(self._connect, model_id, port))
                await door.open()
                self._doors[path] = door

    async def close(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.wait([self._watch])
        for door in self._doors.values():
            await door.close()
        for dialer in self._dialers.values():
            dialer.close()

    async def _connect(self, model_id: ModelId, port: int) -> socket.socket:
        await self._look({model_id})
        sandbox = self._found.get(model_id, {}).get(port)
        if sandbox is None:
            raise PortNotListening(
                f"Nothing listens on port {port} of this model. Start a server in a terminal, then open the port again."
            )
        dialer = self._dialers.get(sandbox)
        if dialer is None or dialer.ended:
            dialer = self._dialers[sandbox] = await Dialer.start(sandbox)
        return await dialer.connect(port)

    async def _look_again(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            await self._look({*self._workspaces.models, *self._found})
            for sandbox in [sandbox for sandbox in self._dialers if sandbox.ended]:
                self._dialers.pop(sandbox).close()

    async def _look(self, models: Set[ModelId]) -> None:
        async with self._looking:
            running = {model_id: self._workspaces.running(model_id) for model_id in models}
            for model_id, found in (await asyncio.to_thread(ports_of, running)).items():
                if found.keys() != self._found.get(model_id, {}).keys():
                    self._events.publish(model_id, wire.PortsChanged(sorted(found)))
                if found:
                    self._found[model_id] = found
                else:
                    self._found.pop(model_id, None)


def ports_of(running: Mapping[ModelId, Sequence[Sandbox]]) -> dict[ModelId, dict[int, Sandbox]]:
    """Of each model's sandboxes, the first before the others. Blocks."""
    found: dict[ModelId, dict[int, Sandbox]] = {}
    for model_id, sandboxes in running.items():
        found[model_id] = {}
        for sandbox in reversed(sandboxes):
            found[model_id] |= dict.fromkeys(ports_in(sandbox.network_folder), sandbox)
    return found
