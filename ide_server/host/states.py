"""A model's states: keyed binary in `models/<id>/states/<state>/`, a file per key, with a row that names it.

A state is written as a draft beside the others, synced, then renamed: after a crash it is there whole or not at all.
"""

import asyncio
import os
import shutil
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote, unquote

from ide_server.catalog import Catalog, new_id
from ide_server.errors import InvalidRequest, StateNotFound
from ide_server.host import disk
from ide_server.host.events import ModelEvents
from ide_server.host.uploads import spooled
from ide_server.host.zips import Unzipped
from ide_server.names import checked_name
from ide_server.settings import Settings
from ide_server.wire import (
    ModelId,
    OperationId,
    State,
    StateChange,
    StateId,
    StateKey,
    StateOrigin,
    StatesChanged,
)

MAX_KEYS = 100
MAX_KEY_BYTES = 1 << 30
MAX_NAME_BYTES = 255
"""Of a file; characters that are not ASCII take up to twelve bytes of it."""
DRAFT = ".draft-"
BARE = "%"
"""The file of the empty key, which stands for a state that is just bytes; quote() never gives this name."""


class StateTooLarge(Exception):
    """More keys, or more bytes in one, than a state may have."""


@dataclass(frozen=True)
class Origin:
    """What made a state."""

    kind: StateOrigin
    operation_id: OperationId | None = None
    parent_id: StateId | None = None
    code_digest: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)


class States:
    def __init__(self, settings: Settings, catalog: Catalog, events: ModelEvents) -> None:
        self._settings = settings
        self._catalog = catalog
        self._events = events

    async def list(self, model_id: ModelId) -> list[State]:
        """The newest first."""
        return await self._catalog.states.list(model_id)

    async def change(self, model_id: ModelId, state_id: StateId, change: StateChange) -> State:
        """Raises StateNotFound, InvalidRequest."""
        await self._catalog.states.rename(model_id, state_id, checked_name(change.name))
        state = await self._catalog.states.get(model_id, state_id)
        await self._announce(model_id)
        return state

    async def delete(self, model_id: ModelId, state_id: StateId) -> None:
        """Raises StateNotFound, and InvalidRequest for the active one."""
        state = await self._catalog.states.get(model_id, state_id)
        model = await self._catalog.models.get(model_id)
        if model.active_state_id == state_id:
            raise InvalidRequest(f"{state.name!r} is the active state. Make another one active before deleting it.")
        await self._catalog.states.delete(model_id, state_id)
        await asyncio.to_thread(shutil.rmtree, self._folder(model_id) / state_id)
        await self._announce(model_id)

    async def keys(self, model_id: ModelId, state_id: StateId) -> dict[str, Path]:
        """The file of each key. Raises StateNotFound."""
        await self._catalog.states.get(model_id, state_id)
        folder = self._folder(model_id) / state_id
        names = await asyncio.to_thread(lambda: sorted(os.listdir(folder)))
        return {key_of(name): folder / name for name in names}

    async def path(self, model_id: ModelId, state_id: StateId, key: str) -> Path:
        """The file of one key. Raises StateNotFound."""
        keys = await self.keys(model_id, state_id)
        if key not in keys:
            raise StateNotFound(f"The state has no key {key!r}; it has {', '.join(map(repr, keys))}.")
        return keys[key]

    async def upload(self, model_id: ModelId, name: str, key: str, chunks: AsyncIterator[bytes]) -> State:
        """A state of one key; the empty key makes one of bare bytes. Raises ModelNotFound, InvalidRequest."""
        await self._catalog.models.get(model_id)
        name = checked_name(name)
        async with self.draft(model_id) as draft:
            async for chunk in chunks:
                await self._append(draft, key, chunk)
            if draft.is_empty:
                await self._append(draft, key, b"")
            return await self.keep(draft, model_id=model_id, name=name, origin=Origin("uploaded"))

    async def upload_zip(self, model_id: ModelId, name: str, chunks: AsyncIterator[bytes]) -> State:
        """A state of a key per file of a zip. Raises ModelNotFound, InvalidRequest."""
        await self._catalog.models.get(model_id)
        name = checked_name(name)
        async with self.draft(model_id) as draft:
            async with spooled(self._settings.data_dir, chunks) as file:
                async for key, chunk in Unzipped(file):
                    await self._append(draft, key, chunk)
            if draft.is_empty:
                raise InvalidRequest("Expected a zip with a file for each key of the state, got one without files.")
            return await self.keep(draft, model_id=model_id, name=name, origin=Origin("uploaded"))

    def draft(self, model_id: ModelId) -> "StateDraft":
        return StateDraft(self._folder(model_id) / f"{DRAFT}{new_id()}")

    async def keep(self, draft: "StateDraft", *, model_id: ModelId, name: str, origin: Origin) -> State:
        """Turns a draft into a state."""
        state = State(
            id=StateId(new_id()),
            model_id=model_id,
            name=name,
            created_at=time.time(),
            byte_size=draft.byte_size,
            operation_id=origin.operation_id,
            keys=draft.keys,
            origin=origin.kind,
            parent_id=origin.parent_id,
            code_digest=origin.code_digest,
            parameters=dict(origin.parameters),
        )
        await asyncio.to_thread(draft.move, self._folder(model_id) / state.id)
        await self._catalog.states.create(state)
        await self._announce(model_id)
        return state

    async def remove_stale(self) -> None:
        """Before the first draft: what a host that was killed left half-made."""
        for model in await self._catalog.models.list():
            kept = {state.id for state in await self._catalog.states.list(model.id)}
            await asyncio.to_thread(_remove_others, self._folder(model.id), kept)

    async def _append(self, draft: "StateDraft", key: str, chunk: bytes) -> None:
        try:
            await draft.append(key, chunk)
        except StateTooLarge as error:
            raise InvalidRequest(str(error)) from error

    async def _announce(self, model_id: ModelId) -> None:
        self._events.publish(model_id, StatesChanged(await self.list(model_id)))

    def _folder(self, model_id: ModelId) -> Path:
        return self._settings.data_dir / "models" / model_id / "states"


class StateDraft:
    """A state being written, chunk by chunk; removed unless States.keep has moved it away."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._sizes: dict[str, int] = {}

    @property
    def byte_size(self) -> int:
        return sum(self._sizes.values())

    @property
    def keys(self) -> "list[StateKey]":
        return [StateKey(key, size) for key, size in sorted(self._sizes.items())]

    @property
    def files(self) -> dict[str, Path]:
        """Of each key, as long as the draft is there."""
        return {key: self._path / file_name(key) for key in self._sizes}

    @property
    def is_empty(self) -> bool:
        """Nothing was appended, not even an empty value."""
        return not self._sizes

    async def append(self, key: str, chunk: bytes) -> None:
        """Raises StateTooLarge, FilesystemUnavailable."""
        if len(file_name(key)) > MAX_NAME_BYTES:
            raise StateTooLarge(f"A key of a state must be shorter than {key!r}.")
        size = self._sizes.get(key, 0) + len(chunk)
        if size > MAX_KEY_BYTES:
            raise StateTooLarge(f"A key of a state holds at most {MAX_KEY_BYTES:,} bytes, {key!r} has more.")
        if len(self._sizes) == MAX_KEYS and key not in self._sizes:
            raise StateTooLarge(f"A state has at most {MAX_KEYS} keys, got more.")
        self._sizes[key] = size
        await asyncio.to_thread(disk.append, self._path / file_name(key), chunk)

    def copy(self, folder: Path) -> None:
        """All keys of a state that lies there, as links to the same bytes. Blocks."""
        for entry in folder.iterdir():
            os.link(entry, self._path / entry.name)
            self._sizes[key_of(entry.name)] = entry.stat().st_size

    def move(self, destination: Path) -> None:
        for entry in (*self._path.iterdir(), self._path):
            _sync(entry)
        self._path.rename(destination)
        _sync(destination.parent)

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(self._path.mkdir, mode=0o700, parents=True)
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.to_thread(shutil.rmtree, self._path, ignore_errors=True)


def file_name(key: str) -> str:
    """A name without separators, never . or .., that `key_of` turns back."""
    return quote(key, safe="").replace(".", "%2E") if key else BARE


def key_of(name: str) -> str:
    return "" if name == BARE else unquote(name)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove_others(folder: Path, kept: set[StateId]) -> None:
    for entry in folder.iterdir() if folder.is_dir() else ():
        if entry.name not in kept:
            shutil.rmtree(entry)
