"""Which other models' files a model's terminals and launchers see, read-only. docs/mounted-models.md."""

import asyncio
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from ide_server.catalog import Catalog, MountedRecord
from ide_server.errors import FilesystemUnavailable, InvalidRequest, ModelInUse
from ide_server.host import sandbox
from ide_server.host.events import ModelEvents
from ide_server.host.mounts import Mount, Mounts
from ide_server.wire import ModelId, MountedModel, MountedModelsChanged

T = TypeVar("T")

FOLDER = "/mounts"
"""In a sandbox."""

NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}", re.ASCII)
MAX_MOUNTED = 20


@dataclass(frozen=True)
class PassedMounts:
    """What a sandbox of the model is to see, by the name of its folder."""

    models: Mapping[str, ModelId]
    revision: int
    """As `MountedModels.revision_of` gave it; once that gives another, these are the old ones."""

    @property
    def by_path(self) -> dict[str, ModelId]:
        """In the sandbox."""
        return {path_of(name): model_id for name, model_id in self.models.items()}


NOTHING_MOUNTED = PassedMounts({}, 0)


class MountedModels:
    def __init__(self, catalog: Catalog, events: ModelEvents) -> None:
        self._catalog = catalog
        self._events = events
        self._changing = asyncio.Lock()
        # An int for each model whose mounts changed since the start: sandboxes that could be older end with us.
        self._revisions: Counter[ModelId] = Counter()
        self._passed: dict[ModelId, PassedMounts] = {}
        """What was read last: every operation asks."""
        self._listeners: list[Callable[[ModelId], None]] = []

    def on_change(self, listener: Callable[[ModelId], None]) -> None:
        """Called when a model has others mounted than before."""
        self._listeners.append(listener)

    async def list(self, model_id: ModelId) -> list[MountedModel]:
        """By name. Raises ModelNotFound."""
        await self._catalog.models.get(model_id)
        return [shown(record) for record in await self._catalog.mounted_models.list(model_id)]

    async def set(self, model_id: ModelId, name: str, other_id: ModelId) -> MountedModel:
        """In place of what had the name. Raises InvalidRequest, ModelNotFound."""
        check_name(name)
        if other_id == model_id:
            raise InvalidRequest("A model has its own files at /model; choose another one to mount.", field="model_id")
        async with self._changing:
            await self._catalog.models.get(model_id)
            other = await self._catalog.models.get(other_id)
            check_others(await self._catalog.mounted_models.list(model_id), name, other_id)
            await self._catalog.mounted_models.set(model_id, name, other_id)
        await self._announce(model_id)
        return shown(MountedRecord(model_id, name, other_id, other.name))

    async def delete(self, model_id: ModelId, name: str) -> None:
        """Raises MountedModelNotFound, ModelNotFound."""
        await self._catalog.models.get(model_id)
        await self._catalog.mounted_models.delete(model_id, name)
        await self._announce(model_id)

    async def check_unused(self, model_id: ModelId) -> None:
        """Raises ModelInUse, which names the models that have this one mounted."""
        users = [await self._catalog.models.get(user) for user in await self._catalog.mounted_models.users_of(model_id)]
        if users:
            names = ", ".join(sorted(user.name for user in users))
            raise ModelInUse(
                f"The model is mounted by {names}. Take it out of the mounted models there, in Model settings, first.",
                models=sorted(user.id for user in users),
            )

    async def renamed(self, model_id: ModelId) -> None:
        """Who has it mounted is told its new name."""
        for user in await self._catalog.mounted_models.users_of(model_id):
            self._events.publish(user, MountedModelsChanged(await self.list(user)))

    def revision_of(self, model_id: ModelId) -> int:
        """Another one after each change."""
        return self._revisions[model_id]

    async def mounts_of(self, model_id: ModelId) -> PassedMounts:
        """For a sandbox of the model that is about to start."""
        revision = self.revision_of(model_id)  # before the read: a change meanwhile makes it old
        known = self._passed.get(model_id)
        if known is None or known.revision != revision:
            records = await self._catalog.mounted_models.list(model_id)
            known = self._passed[model_id] = PassedMounts({each.name: each.other_id for each in records}, revision)
        return known

    async def _announce(self, model_id: ModelId) -> None:
        self._revisions[model_id] += 1
        for listener in self._listeners:
            listener(model_id)
        self._events.publish(model_id, MountedModelsChanged(await self.list(model_id)))


async def filesystems_of(passed: PassedMounts, mounts: Mounts) -> dict[str, Mount]:
    """By path in the sandbox. Raises FilesystemUnavailable."""
    return {path: await _tell_of(path, mounts.get(model_id)) for path, model_id in passed.by_path.items()}


async def views_of(filesystems: Mapping[str, Mount]) -> tuple[sandbox.Mount, ...]:
    """For a sandbox. Raises FilesystemUnavailable."""
    return tuple(
        [
            sandbox.Mount(await _tell_of(path, filesystem.view()), path, follows=True)
            for path, filesystem in filesystems.items()
        ]
    )


async def _tell_of(path: str, reaching: Awaitable[T]) -> T:
    try:
        return await reaching
    except FilesystemUnavailable as error:
        raise FilesystemUnavailable(f"Of the model mounted at {path}: {error.message}") from error


def shown(record: MountedRecord) -> MountedModel:
    return MountedModel(record.name, path_of(record.name), record.other_id, record.other_name)


def path_of(name: str) -> str:
    return f"{FOLDER}/{name}"


def check_name(name: str) -> None:
    if not NAME.fullmatch(name):
        raise InvalidRequest(
            "Expected a name of letters, digits and _.- that begins with none of .-, of at most 64 characters; "
            f"got {name[:80]!r}.",
            field="name",
        )


def check_others(records: Sequence[MountedRecord], name: str, other_id: ModelId) -> None:
    others = [record for record in records if record.name != name]
    if len(others) >= MAX_MOUNTED:
        raise InvalidRequest(f"This model has {MAX_MOUNTED} models mounted, the most it may have. Remove one.")
    for record in others:
        if record.other_id == other_id:  # code knows it by its id
            raise InvalidRequest(f"{record.other_name} is mounted at {path_of(record.name)} already.", field="model_id")
