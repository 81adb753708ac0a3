"""Deletions that can be undone: what is deleted leaves the filesystem, is charged no longer, and waits some minutes."""

import asyncio
import contextlib
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import anyio

from ide_server.errors import AlreadyExists, FileNotFound, FilesystemUnavailable, InvalidRequest, TrashNotFound
from ide_server.host.files import actions
from ide_server.host.files.beneath import checked_name
from ide_server.host.files.failures import attempt
from ide_server.host.files.space import full
from ide_server.host.mounts import Kept, Mount, Mounts, Refused
from ide_server.wire import Entry, ModelId, Trashed, TrashId

KEPT_SECONDS = 600.0
MOST_PATHS = 1000
MOST_KEPT = 100


@dataclass
class Deleted:
    """One deletion. `kept` is what of it has not been put back yet, by path."""

    id: TrashId
    mount: Mount
    generation: int
    until: float
    kept: dict[str, Kept] = field(default_factory=dict)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def used_bytes(self) -> int:
        return sum(kept.used_bytes for kept in self.kept.values())

    @property
    def used_files(self) -> int:
        return sum(kept.used_files for kept in self.kept.values())

    @property
    def is_lost(self) -> bool:
        """Its filesystem was mounted again since, which empties the trash."""
        return self.mount.generation != self.generation or self.mount.over


class Trash:
    """Of one model it holds at most as much as the model's filesystem may; for more, the oldest is gone for good."""

    def __init__(self, mounts: Mounts, *, kept_seconds: float = KEPT_SECONDS) -> None:
        self._mounts = mounts
        self._kept_seconds = kept_seconds
        self._deleted: dict[TrashId, Deleted] = {}
        """Oldest first."""
        self._expiring: dict[TrashId, asyncio.Task[None]] = {}

    def close(self) -> None:
        for task in self._expiring.values():
            task.cancel()

    async def put_in(self, model_id: ModelId, paths: Sequence[str]) -> Trashed:
        """All of them or none. Raises FileNotFound, AccessDenied."""
        if not 0 < len(paths) <= MOST_PATHS:
            raise InvalidRequest(f"Expected 1 to {MOST_PATHS} paths, got {len(paths)}. Delete the folder they are in.")
        names = {path: checked_name(path) for path in outermost(paths)}
        mount = await self._mounts.get(model_id)
        deleted = Deleted(TrashId(secrets.token_hex(8)), mount, mount.generation, time.time() + self._kept_seconds)
        try:
            for path, name in names.items():
                deleted.kept[path] = await self._set_aside(mount, path, name)
        except BaseException:
            with anyio.CancelScope(shield=True):
                await self._put_all_back(deleted, {path: names[path] for path in deleted.kept})
            raise
        self._deleted[deleted.id] = deleted
        self._expiring[deleted.id] = asyncio.create_task(self._expire(deleted))
        await self._make_room(mount)
        return Trashed(deleted.id, list(names), deleted.until)

    async def restore(self, model_id: ModelId, trash_id: TrashId) -> list[Entry]:
        """What does not fit or finds its name taken waits on, with all that comes after it. Raises AlreadyExists,
        FilesystemFull, FileNotFound for a folder that is gone, TrashNotFound."""
        deleted = self._known(model_id, trash_id)
        restored = []
        async with deleted.lock:
            for path in list(deleted.kept):
                await self._put_back(deleted, path, checked_name(path))
                restored.append(await attempt(deleted.mount, path, actions.entry, checked_name(path)))
        self._forget(trash_id)
        return restored

    async def discard(self, model_id: ModelId, trash_id: TrashId) -> None:
        """For good. Raises TrashNotFound."""
        await self._discard(self._known(model_id, trash_id))

    def _known(self, model_id: ModelId, trash_id: TrashId) -> Deleted:
        deleted = self._deleted.get(trash_id)
        if deleted is None or deleted.mount.model_id != model_id or deleted.is_lost:
            raise TrashNotFound(
                f"What was deleted is gone for good: it is kept for {self._kept_seconds / 60:.0f} minutes, and while "
                "the filesystem stays mounted. A snapshot may have it."
            )
        return deleted

    async def _set_aside(self, mount: Mount, path: str, name: bytes) -> Kept:
        usage = await mount.usage()
        most_bytes, most_files = max(usage.limit_bytes, usage.used_bytes), max(usage.limit_files, usage.used_files)
        inode, last = await attempt(mount, path, actions.writable_parent, name)
        try:
            return await mount.set_aside(inode, last, most_bytes=most_bytes, most_files=most_files)
        except Refused as refused:
            raise _translated(refused, path) from refused

    async def _put_back(self, deleted: Deleted, path: str, name: bytes) -> None:
        inode, last = await attempt(deleted.mount, path, actions.writable_parent, name)
        kept = deleted.kept[path]
        try:
            await deleted.mount.put_back(kept.key, inode, last)
        except Refused as refused:
            if refused.code != "full":
                raise _translated(refused, path) from refused
            usage = await deleted.mount.usage()
            raise full(path, usage, needed_bytes=kept.used_bytes, needed_files=kept.used_files) from refused
        del deleted.kept[path]

    async def _put_all_back(self, deleted: Deleted, names: dict[str, bytes]) -> None:
        for path, name in names.items():
            await self._put_back(deleted, path, name)

    async def _make_room(self, mount: Mount) -> None:
        usage = await mount.usage()
        for deleted in [each for each in self._deleted.values() if each.mount is mount]:
            of_model = [each for each in self._deleted.values() if each.mount is mount]
            if (
                len(of_model) <= MOST_KEPT
                and sum(each.used_bytes for each in of_model) <= max(usage.limit_bytes, of_model[-1].used_bytes)
                and sum(each.used_files for each in of_model) <= max(usage.limit_files, of_model[-1].used_files)
            ):
                return
            await self._discard(deleted)

    async def _expire(self, deleted: Deleted) -> None:
        await asyncio.sleep(self._kept_seconds)
        await self._discard(deleted)

    async def _discard(self, deleted: Deleted) -> None:
        self._forget(deleted.id)
        # Unmounted meanwhile, it is emptied when it is mounted again.
        async with deleted.lock:
            with contextlib.suppress(FilesystemUnavailable):
                for kept in deleted.kept.values():
                    await deleted.mount.discard(kept.key)

    def _forget(self, trash_id: TrashId) -> None:
        self._deleted.pop(trash_id, None)
        expiring = self._expiring.pop(trash_id, None)
        if expiring is not None and expiring is not asyncio.current_task():
            expiring.cancel()


def outermost(paths: Sequence[str]) -> list[str]:
    """Those that lie in none of the others."""
    kept: list[str] = []
    for path in sorted(set(paths), key=lambda path: path.split("/")):
        if not kept or not path.startswith(kept[-1] + "/"):
            kept.append(path)
    return kept


def _translated(refused: Refused, path: str) -> Exception:
    match refused.code:
        case "not_found":
            return FileNotFound(f"{path} is not there; it may have been moved or removed.")
        case "exists":
            return AlreadyExists(f"{path} cannot be put back: something of this name is there. Rename that first.")
        case _:
            return refused
