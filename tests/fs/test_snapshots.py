"""Snapshots of real filesystems: what comes back is what was there, and what is the same costs nothing."""

import asyncio
import io
import os
import zipfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ide_server.catalog import Catalog
from ide_server.errors import FilesystemFull, SlipwayError, SnapshotNotFound
from ide_server.host.mounts import Mount
from ide_server.host.snapshots import Snapshots
from ide_server.host.snapshots.export import MANIFEST
from ide_server.host.snapshots.manifest import Manifest
from ide_server.host.states import Origin, States
from ide_server.wire import ModelId, NewSnapshot, Snapshot, StateId, Usage
from tests.support.catalogs import make_catalog
from tests.support.mounted_models import MountedModels, mounted_models

pytestmark = [pytest.mark.anyio, pytest.mark.fuse]

MIB = 1 << 20


@dataclass
class World:
    models: MountedModels
    catalog: Catalog
    states: States
    snapshots: Snapshots
    model_id: ModelId

    async def mount(self, model_id: ModelId | None = None) -> Mount:
        return await self.models.mounts.get(model_id or self.model_id)

    async def take(self, name: str = "one") -> Snapshot:
        return await self.snapshots.create(self.model_id, NewSnapshot(name))

    async def new_model(self, *, limit_bytes: int = 16 * MIB, limit_files: int = 1024) -> ModelId:
        record = await self.catalog.models.create("model", limit_bytes=limit_bytes)
        self.models.limits[record.id] = Usage(0, limit_bytes, 0, limit_files)
        return record.id

    async def state(self, **keys: bytes) -> StateId:
        async with self.states.draft(self.model_id) as draft:
            for key, content in keys.items():
                await draft.append(key, content)
            kept = await self.states.keep(draft, model_id=self.model_id, name="state", origin=Origin("created"))
        await self.catalog.models.set_active_state(self.model_id, kept.id)
        return kept.id

    async def exported(self, snapshot: Snapshot) -> bytes:
        return b"".join([chunk async for chunk in await self.snapshots.exported(snapshot.id)])


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with mounted_models(tmp_path) as models:
        models.settings.data_dir.mkdir(parents=True, exist_ok=True)
        make_catalog(models.settings)
        catalog = Catalog.open(models.settings)
        states = States(models.settings, catalog, models.events)
        snapshots = Snapshots(models.settings, catalog, mounts=models.mounts, states=states, events=models.events)
        world = World(models, catalog, states, snapshots, ModelId(""))
        world.model_id = await world.new_model()
        yield world
        await snapshots.close()
        await catalog.close()


def seen(top: Path) -> dict[str, Any]:
    """All that a program sees of a tree, but for inode numbers and ctimes."""
    found: dict[str, Any] = {}
    for folder, folders, files in os.walk(os.fsencode(top)):
        for name in (*folders, *files):
            path = os.path.join(folder, name)
            status = os.lstat(path)
            shown = os.fsdecode(os.path.relpath(path, os.fsencode(top)))
            content: Any = None
            if os.path.islink(path):
                found[shown] = (os.readlink(path), status.st_mtime_ns)
                continue
            if os.path.isfile(path):
                with open(path, "rb") as file:
                    content = file.read()
            attributes = {each: os.getxattr(path, each) for each in os.listxattr(path)}
            names = status.st_nlink if os.path.isfile(path) else 0
            found[shown] = (content, status.st_mode, status.st_mtime_ns, attributes, names)
    return found


def fill(root: int) -> None:
    """Run as the sandbox's root: one of everything that a snapshot keeps, and a FIFO, which it does not."""

    def write(name: str | bytes, content: bytes, mode: int = 0o644) -> None:
        descriptor = os.open(name, os.O_WRONLY | os.O_CREAT, 0o600, dir_fd=root)
        os.write(descriptor, content)
        os.fchmod(descriptor, mode)
        os.close(descriptor)

    write("main.py", b"print('hello')\n", 0o755)
    write("empty", b"")
    write("piece", b"p" * MIB)
    write("longer", b"l" * (2 * MIB + 5))
    write(b"odd \xff\n name", b"odd")
    write("secret", b"s", 0o600)
    sparse = os.open("sparse", os.O_WRONLY | os.O_CREAT, 0o644, dir_fd=root)
    os.pwrite(sparse, b"end", 3 * MIB)
    os.setxattr(sparse, "user.note", b"\0\xff")
    os.close(sparse)
    os.mkdir("folder", 0o755, dir_fd=root)
    os.mkdir("folder/closed", 0o555, dir_fd=root)
    write("folder/inner", b"inner")
    os.link("folder/inner", "another name", src_dir_fd=root, dst_dir_fd=root)
    os.symlink("folder/inner", "link", dir_fd=root)
    os.symlink("/etc/passwd", "link out", dir_fd=root)
    os.mkfifo("fifo", dir_fd=root)
    os.utime("folder", ns=(1, 1_234_567_891), dir_fd=root)


def empty(root: int) -> None:
    os.unlink("fifo", dir_fd=root)


async def test_a_restored_filesystem_is_what_it_was(world: World) -> None:
    mount = await world.mount()
    await mount.run(fill)
    before = seen(mount.path)
    usage = await mount.usage()
    snapshot = await world.take()
    assert (snapshot.left_out, snapshot.file_count) == (["fifo"], len(before) - 1)

    def ruin(root: int) -> None:
        os.unlink("main.py", dir_fd=root)
        os.mkdir("main.py", dir_fd=root)
        os.rename("folder", "moved", src_dir_fd=root, dst_dir_fd=root)
        os.unlink("link", dir_fd=root)
        descriptor = os.open("longer", os.O_WRONLY, dir_fd=root)
        os.pwrite(descriptor, b"changed", MIB)
        os.close(descriptor)
        os.chmod("secret", 0o644, dir_fd=root)
        os.unlink("another name", dir_fd=root)

    await mount.run(ruin)
    assert seen(mount.path) != before
    await world.snapshots.restore(world.model_id, snapshot.id)
    assert seen(mount.path) == before
    assert await mount.usage() == usage


async def test_what_there_was_before_a_restore_is_a_snapshot_too(world: World) -> None:
    mount = await world.mount()
    first = await world.take()
    await mount.run(fill)
    later = seen(mount.path)
    before = await world.snapshots.restore(world.model_id, first.id)
    assert list(seen(mount.path)) == ["fifo"]
    assert before.name == "Before one"
    await world.snapshots.restore(world.model_id, before.id)
    assert seen(mount.path) == later


async def test_a_second_snapshot_of_the_same_costs_and_reads_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    mount = await world.mount()
    await mount.run(fill)
    monkeypatch.setattr("ide_server.host.snapshots.plan.TICK_NS", 0)
    first = await world.take()
    kept = await world.snapshots.store.byte_size()
    read: list[Any] = []
    from ide_server.host.snapshots import tree

    monkeypatch.setattr(tree, "read", lambda root, pieces: read.extend(pieces))
    second = await world.take("two")
    assert (await world.snapshots.store.byte_size(), read) == (kept, [])
    manifests = [await world.snapshots.manifest(each.id) for each in (first, second)]
    assert manifests[0].entries == manifests[1].entries


async def test_a_change_just_before_a_snapshot_is_in_the_next(world: World) -> None:
    mount = await world.mount()

    def write(root: int, content: bytes) -> None:
        descriptor = os.open("a", os.O_WRONLY | os.O_CREAT, 0o644, dir_fd=root)
        os.pwrite(descriptor, content, 0)
        os.utime(descriptor, ns=(5, 5))
        os.close(descriptor)

    for number in range(20):
        await mount.run(write, b"%03d" % number)
        snapshot = await world.take(str(number))
        await mount.run(write, b"---")
        [entry] = (await world.snapshots.manifest(snapshot.id)).entries
        assert await world.snapshots.store.piece(entry.pieces[0]) == b"%03d" % number


async def test_pieces_go_with_the_last_snapshot_that_has_them(world: World) -> None:
    mount = await world.mount()
    await mount.run(fill)
    first, second = await world.take(), await world.take("two")
    kept = await world.snapshots.store.byte_size()
    await world.snapshots.delete(world.model_id, first.id)
    assert await world.snapshots.store.byte_size() == kept
    await world.snapshots.restore(world.model_id, second.id)
    for snapshot in await world.snapshots.list(world.model_id):
        await world.snapshots.delete(world.model_id, snapshot.id)
    assert await world.snapshots.store.byte_size() == 0
    with pytest.raises(SnapshotNotFound):
        await world.snapshots.restore(world.model_id, second.id)


async def test_what_a_killed_host_left_unfinished_goes_at_the_next_start(world: World) -> None:
    snapshot = await world.take()
    async with world.snapshots.store.lock:
        await world.snapshots.store.put([b"never named"])
        manifest = await world.snapshots.manifest(snapshot.id)
        await world.snapshots.store.keep(snapshot.id + "x", manifest)  # type: ignore[arg-type]  # as an id would be
    await world.snapshots.start()
    assert await world.snapshots.store.byte_size() == 0
    assert (await world.snapshots.manifest(snapshot.id)).entries == []


async def test_a_snapshot_that_does_not_fit_changes_nothing(world: World) -> None:
    mount = await world.mount()
    await mount.run(fill)
    snapshot = await world.take()

    def shrink(root: int) -> None:
        for name in ("longer", "piece", "sparse"):
            os.unlink(name, dir_fd=root)

    await mount.run(shrink)
    await mount.resize(MIB, 1024)
    before = seen(mount.path)
    with pytest.raises(FilesystemFull, match="Nothing was changed") as caught:
        await world.snapshots.restore(world.model_id, snapshot.id)
    assert caught.value.details["limit_bytes"] == MIB
    assert seen(mount.path) == before


async def test_a_state_comes_back_with_its_snapshot(world: World) -> None:
    kept = await world.state(weights=b"w" * (MIB + 1), empty=b"")
    snapshot = await world.take()
    assert snapshot.state_name == "state"
    other = await world.state(weights=b"other")
    await world.snapshots.restore(world.model_id, snapshot.id)
    assert (await world.catalog.models.get(world.model_id)).active_state_id == kept
    await world.catalog.models.set_active_state(world.model_id, other)
    await world.states.delete(world.model_id, kept)
    await world.snapshots.restore(world.model_id, snapshot.id)
    again = (await world.catalog.models.get(world.model_id)).active_state_id
    assert again is not None and again not in (kept, other)
    files = await world.states.keys(world.model_id, again)
    assert {key: path.read_bytes() for key, path in files.items()} == {"weights": b"w" * (MIB + 1), "empty": b""}
    assert (await world.catalog.states.get(world.model_id, again)).origin == "restored"


async def test_a_new_model_is_made_from_a_snapshot(world: World) -> None:
    mount = await world.mount()
    await mount.run(fill)
    await world.state(weights=b"w")
    snapshot = await world.take()
    await mount.run(empty)
    other = await world.new_model()
    await world.snapshots.pour(other, snapshot.id)
    assert seen((await world.mount(other)).path) == seen(mount.path)
    state = (await world.catalog.models.get(other)).active_state_id
    assert state is not None
    assert list(await world.states.keys(other, state)) == ["weights"]


async def test_an_exported_snapshot_comes_back_elsewhere_and_opens_as_a_zip(world: World) -> None:
    mount = await world.mount()
    await mount.run(fill)
    await world.state(a=b"1", b=b"")
    snapshot = await world.take()
    await mount.run(empty)
    content = await world.exported(snapshot)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        assert archive.read("files/main.py") == b"print('hello')\n"
    await world.snapshots.delete(world.model_id, snapshot.id)
    other = await world.new_model()
    await world.snapshots.pour_file(other, io.BytesIO(content))
    assert seen((await world.mount(other)).path) == seen(mount.path)
    assert [each.name for each in await world.snapshots.list(other)] == ["Imported"]


def remade(content: bytes, change: Any) -> bytes:
    """The archive with its files changed by change(name, data): new data, or None to leave it out."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as archive, zipfile.ZipFile(made, "w") as copy:
        for name in archive.namelist():
            data = change(name, archive.read(name))
            if data is not None:
                copy.writestr(name, data)
    return made.getvalue()


def with_entries(**changes: Any) -> Any:
    """Changes the manifest's entry of main.py."""

    def change(name: str, data: bytes) -> bytes:
        if name != MANIFEST:
            return data
        manifest = msgspec.json.decode(data, type=Manifest)
        entries = [msgspec.structs.replace(entry, **changes) for entry in manifest.entries]
        return msgspec.json.encode(msgspec.structs.replace(manifest, entries=entries))

    return change


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda name, data: b"other content" if name == "files/main.py" else data, "damaged or was changed"),
        (lambda name, data: None if name == "files/main.py" else data, "missing or cut short"),
        (lambda name, data: None if name == MANIFEST else data, "Expected manifest.json first"),
        (lambda name, data: b"{}" if name == MANIFEST else data, "not that of a snapshot"),
        (with_entries(path="../main.py"), "a path of names"),
        (with_entries(path="folder/main.py"), "after its folder"),
        (with_entries(path="main\uf700.py"), "a path of names"),
        (with_entries(mode=0o170000), "mode, size and pieces"),
        (with_entries(byte_size=1 << 40), "mode, size and pieces"),
        (with_entries(modified_ns=1 << 70), "none that there could be"),
        (with_entries(same_as="nothing", pieces=[], byte_size=0), "no file before it"),
        (with_entries(attributes={"trusted.x": b""}), "attribute"),
        (with_entries(target="x"), "none that there could be"),
    ],
)
async def test_a_file_that_is_no_snapshot_is_refused(world: World, change: Any, expected: str) -> None:
    mount = await world.mount()

    def write(root: int) -> None:
        descriptor = os.open("main.py", os.O_WRONLY | os.O_CREAT, 0o644, dir_fd=root)
        os.write(descriptor, b"content")
        os.close(descriptor)

    await mount.run(write)
    content = remade(await world.exported(await world.take()), change)
    other = await world.new_model()
    with pytest.raises(SlipwayError, match=expected):
        await world.snapshots.pour_file(other, io.BytesIO(content))
    assert seen((await world.mount(other)).path) == {}
    assert await world.snapshots.list(other) == []


async def test_a_tree_that_changes_while_it_is_read_makes_a_whole_snapshot(world: World) -> None:
    mount = await world.mount()
    stop = False

    def churn(root: int) -> None:
        number = 0
        while not stop:
            number += 1
            descriptor = os.open("a", os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o644, dir_fd=root)
            os.write(descriptor, b"x" * (number % 7 * 300_000))
            os.close(descriptor)
            os.rename("a", f"b{number % 3}", src_dir_fd=root, dst_dir_fd=root)

    churning = asyncio.create_task(mount.run(churn))
    taken = [await world.take(str(number)) for number in range(10)]
    stop = True
    await churning
    for snapshot in taken:
        other = await world.new_model()
        await world.snapshots.pour(other, snapshot.id)
        sizes = {entry.path: entry.byte_size for entry in (await world.snapshots.manifest(snapshot.id)).entries}
        assert {name: len(content[0]) for name, content in seen((await world.mount(other)).path).items()} == sizes
