"""Where snapshots are kept: a database opened on first need and used from one thread of its own."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from pathlib import Path
from typing import TypeVar

from ide_server.errors import FilesystemUnavailable
from ide_server.host import disk
from ide_server.host.mounts.threads import Threads
from ide_server.host.snapshots.database import Database, SnapshotLost
from ide_server.host.snapshots.manifest import Digest, Manifest
from ide_server.wire import SnapshotId

T = TypeVar("T")


class Store:
    """`lock` is held from the first piece that is put until a manifest names it, and while any is removed."""

    def __init__(self, path: Path) -> None:
        self.lock = asyncio.Lock()
        self._path = path
        self._threads = Threads(1, name="snapshots")
        self._database: Database | None = None

    async def close(self) -> None:
        async with self.lock:
            if self._database is not None:
                await self._threads.run(self._database.close)
            self._threads.close()

    async def put(self, contents: Sequence[bytes]) -> list[Digest]:
        """Raises FilesystemUnavailable, also rather than fill the server's disk."""
        await asyncio.to_thread(disk.check_room, self._path.parents[1], sum(map(len, contents)))
        return await self._act(lambda database: database.put(contents))

    async def piece(self, digest: Digest) -> bytes:
        return await self._act(lambda database: database.piece(digest))

    async def content(self, pieces: Iterable[Digest]) -> AsyncIterator[bytes]:
        for digest in pieces:
            yield await self.piece(digest)

    async def keep(self, snapshot_id: SnapshotId, manifest: Manifest) -> None:
        await self._act(lambda database: database.keep(snapshot_id, manifest))

    async def manifest(self, snapshot_id: SnapshotId) -> Manifest:
        return await self._act(lambda database: database.manifest(snapshot_id))

    async def forget(self, snapshot_ids: Sequence[SnapshotId]) -> None:
        """And the pieces that no other names."""
        await self._act(lambda database: database.forget(snapshot_ids))

    async def forget_all_but(self, snapshot_ids: Iterable[SnapshotId]) -> None:
        """Also what was put and never named. Does nothing where there is no store yet."""
        if self._path.exists():
            await self._act(lambda database: database.forget_all_but(snapshot_ids))

    async def byte_size(self) -> int:
        return await self._act(lambda database: database.byte_size())

    async def _act(self, action: Callable[[Database], T]) -> T:
        try:
            return await self._threads.run(self._in_thread, action)
        except SnapshotLost as lost:
            raise FilesystemUnavailable(
                f"The store of snapshots is not whole: {lost} Restore {self._path} from a backup."
            ) from lost

    def _in_thread(self, action: Callable[[Database], T]) -> T:
        if self._database is None:
            self._database = Database.open(self._path)
        return action(self._database)
