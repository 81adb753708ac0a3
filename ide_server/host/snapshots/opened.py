"""Snapshots that are open to be run: their files and their state in a folder, for as long as anything uses them."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from weakref import WeakValueDictionary

import msgspec

from ide_server.errors import FilesystemUnavailable
from ide_server.host import disk
from ide_server.host.files.removal import remove_folder
from ide_server.host.mounts.threads import Threads, container_root
from ide_server.host.snapshots import plan, tree
from ide_server.host.snapshots.manifest import Entry, Key, Manifest
from ide_server.host.snapshots.store import Store
from ide_server.wire import EnvironmentChoice, SnapshotId


@dataclass(frozen=True)
class Places:
    folder: Path

    @property
    def files(self) -> Path:
        return self.folder / "files"

    def key(self, number: int) -> Path:
        return self.folder / "state" / str(number)


class Opened:
    """Nobody writes to what it holds."""

    def __init__(self, owner: "OpenSnapshots", snapshot_id: SnapshotId, places: Places, manifest: Manifest) -> None:
        self.snapshot_id = snapshot_id
        self.files = places.files
        self.environment: EnvironmentChoice | None = manifest.environment
        self.state: Mapping[str, Path] | None = None
        """The file of each key; None: the snapshot holds no state."""
        if manifest.state is not None:
            self.state = {key.key: places.key(number) for number, key in enumerate(manifest.state.keys)}
        self.users = 0
        self._owner = owner

    @contextmanager
    def use(self) -> Iterator[None]:
        """Keeps it open. To be entered by who has it from `OpenSnapshots.hold`, before that is left."""
        self.users += 1
        try:
            yield
        finally:
            self.users -= 1
            if self.users == 0:
                self._owner.let_go(self)


class OpenSnapshots:
    def __init__(self, folder: Path, store: Store) -> None:
        self._folder = folder
        self._store = store
        self._threads = Threads.of_container_root(1, name="open-snapshots")
        self._open: dict[SnapshotId, Opened] = {}
        self._turns: WeakValueDictionary[SnapshotId, asyncio.Lock] = WeakValueDictionary()
        self._removals: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Before the first: removes what a host that was killed left."""
        await asyncio.to_thread(_remove, self._folder)

    async def close(self) -> None:
        """Once nothing uses them any more."""
        await asyncio.gather(*self._removals)
        self._threads.close()

    @asynccontextmanager
    async def hold(self, snapshot_id: SnapshotId) -> AsyncIterator[Opened]:
        """Opened if it is not yet. Raises FilesystemUnavailable, also rather than fill the server's disk."""
        async with self._turn(snapshot_id):
            opened = self._open.get(snapshot_id)
            if opened is None:
                opened = self._open[snapshot_id] = await self._unpack(snapshot_id)
            using = opened.use()
            using.__enter__()  # before another one gets the turn, which may be to remove it
        try:
            yield opened
        finally:
            using.__exit__(None, None, None)

    def let_go(self, opened: Opened) -> None:
        removal = asyncio.create_task(self._remove_unused(opened), name=f"removal of snapshot {opened.snapshot_id}")
        self._removals.add(removal)
        removal.add_done_callback(self._removals.discard)

    async def _remove_unused(self, opened: Opened) -> None:
        async with self._turn(opened.snapshot_id):
            if opened.users == 0 and self._open.get(opened.snapshot_id) is opened:
                del self._open[opened.snapshot_id]
                await asyncio.to_thread(_remove, self._folder / opened.snapshot_id)

    def _turn(self, snapshot_id: SnapshotId) -> asyncio.Lock:
        return self._turns.setdefault(snapshot_id, asyncio.Lock())

    async def _unpack(self, snapshot_id: SnapshotId) -> Opened:
        places = Places(self._folder / snapshot_id)
        try:
            async with self._store.lock:  # a snapshot that is deleted meanwhile keeps its pieces until then
                manifest = await self._store.manifest(snapshot_id)
                root = await asyncio.to_thread(_prepare, places, manifest)
                try:
                    await self._write_files(root, manifest)
                finally:
                    os.close(root)
                for number, key in enumerate(manifest.state.keys if manifest.state else ()):
                    await self._write_key(places.key(number), key)
        except BaseException as error:
            await asyncio.shield(asyncio.to_thread(_remove, places.folder))
            if isinstance(error, OSError):
                raise FilesystemUnavailable(f"The snapshot cannot be unpacked: {error}.") from error
            raise
        return Opened(self, snapshot_id, places, manifest)

    async def _write_files(self, root: int, manifest: Manifest) -> None:
        await self._threads.run(tree.make, root, manifest.entries)
        digests = {
            piece: digest
            for entry in manifest.entries
            for piece, digest in zip(plan.pieces_of(entry), entry.pieces, strict=True)
        }
        for batch in plan.batches(plan.sized_pieces(manifest.entries)):
            contents = {piece: await self._store.piece(digests[piece]) for piece in batch}
            await self._threads.run(tree.write, root, contents)
        await self._threads.run(tree.finish, root, [_removable(entry) for entry in manifest.entries])

    async def _write_key(self, path: Path, key: Key) -> None:
        await asyncio.to_thread(path.touch)
        async for content in self._store.content(key.pieces):
            await asyncio.to_thread(disk.append, path, content)


def _prepare(places: Places, manifest: Manifest) -> int:
    """The folder of files, open: it belongs to the sandbox's root, as a model's does."""
    places.key(0).parent.mkdir(mode=0o700, parents=True)
    places.files.mkdir(mode=0o700)
    os.chown(places.files, container_root(), container_root())
    disk.check_room(places.folder, manifest.byte_size)
    return os.open(places.files, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)


def _removable(entry: Entry) -> Entry:
    """A folder that its owner may not change could not be removed by a server that is not root."""
    return msgspec.structs.replace(entry, mode=entry.mode | 0o700) if entry.kind == "folder" else entry


def _remove(folder: Path) -> None:
    if not folder.exists():
        return
    parent = os.open(folder.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        remove_folder(parent, os.fsencode(folder.name))
    finally:
        os.close(parent)
