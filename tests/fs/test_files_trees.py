"""Whole trees on a real mount: copied, deleted so that it can be undone, sent as a zip."""

import asyncio
import io
import os
import stat
import zipfile
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from pathlib import Path

import pytest

from ide_server import errors
from ide_server.host.files import Trash, steps, trees
from ide_server.host.files.copies import PREFIX
from ide_server.wire import FilesChanged, TrashId
from tests.support.fsquota import needs_fuse
from tests.support.mounted_models import BLOCK, MODEL, OTHER, MountedModels, mounted_models, until

pytestmark = [pytest.mark.anyio, pytest.mark.fuse, needs_fuse]
LIMIT = 64 * BLOCK


@pytest.fixture
async def models(tmp_path: Path) -> AsyncIterator[MountedModels]:
    async with mounted_models(tmp_path, limit_bytes=LIMIT, limit_files=40) as models:
        await models.mount()
        yield models


async def usage(models: MountedModels) -> tuple[int, int]:
    found = await (await models.mount()).usage()
    return found.used_bytes // BLOCK, found.used_files


async def sample(models: MountedModels) -> Path:
    """Two folders, two files, two links: six of them, three blocks."""
    root = (await models.mount()).path
    await models.files.write_new(MODEL, "work/a.py", b"a" * 5000)
    await models.files.write_new(MODEL, "work/inner/run.sh", b"b")
    (root / "work/inner/run.sh").chmod(0o755)
    (root / "work/link").symlink_to("inner/run.sh")
    (root / "work/away").symlink_to("/etc/passwd")
    return root


def tree(folder: Path) -> dict[str, tuple[int, bytes]]:
    found = {}
    for path in sorted(folder.rglob("*")):
        content = os.readlink(path).encode() if path.is_symlink() else path.read_bytes() if path.is_file() else b""
        found[str(path.relative_to(folder))] = (path.lstat().st_mode, content)
    return found


async def names(models: MountedModels, path: str = "") -> list[str]:
    return [entry.name for entry in await models.files.list_folder(MODEL, path)]


# --- copies ---


async def test_a_folder_is_copied_whole_with_modes_and_links_and_charged(models: MountedModels) -> None:
    root = await sample(models)
    (root / "work/inner").chmod(0o500)
    entry = await models.files.copy(MODEL, "work", "work copy")
    assert (entry.path, entry.kind) == ("work copy", "folder")
    assert tree(root / "work copy") == tree(root / "work")
    assert (root / "work copy").stat().st_uid == (root / "work").stat().st_uid
    assert await usage(models) == (6, 12)
    await models.files.copy(MODEL, "work/a.py", "work/inner copy.py")
    await models.files.copy(MODEL, "work", "work/again")
    assert "again" not in await names(models, "work/again")


async def test_a_copy_never_replaces_and_needs_its_folder(models: MountedModels) -> None:
    await sample(models)
    await models.files.write_new(MODEL, "there", b"kept")
    with pytest.raises(errors.AlreadyExists, match="there exists already"):
        await models.files.copy(MODEL, "work", "there")
    with pytest.raises(errors.FileNotFound):
        await models.files.copy(MODEL, "work", "no/such/place")
    with pytest.raises(errors.FileNotFound, match="none is not there"):
        await models.files.copy(MODEL, "none", "some")
    assert await usage(models) == (4, 7)


async def test_a_copy_that_does_not_fit_says_so_before_anything_is_made(models: MountedModels) -> None:
    root = await sample(models)
    (root / "big").write_bytes(bytes(40 * BLOCK))
    with pytest.raises(errors.FilesystemFull) as caught:
        await models.files.copy(MODEL, "big", "big copy")
    assert (caught.value.details["needed_bytes"], caught.value.details["free_bytes"]) == (40 * BLOCK, 21 * BLOCK)
    (root / "many").mkdir()
    for number in range(20):
        (root / "many" / str(number)).touch()
    with pytest.raises(errors.FilesystemFull) as caught:
        await models.files.copy(MODEL, "many", "many copy")
    assert (caught.value.details["needed_files"], caught.value.details["free_files"]) == (21, 12)
    assert await names(models) == ["big", "many", "work"]


@pytest.fixture
def after_a_step(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Callable[[int], object]], None]]:
    """Copies go block by block; what it is called with is called after the first, with the root's descriptor."""
    copy = trees.copy
    monkeypatch.setattr(trees, "CHUNK_BYTES", BLOCK)
    monkeypatch.setattr(steps, "STEPS_AT_ONCE", 1)

    def when_begun(act: Callable[[int], object]) -> None:
        def copying(root: int, source: bytes, target: int, name: bytes) -> Generator[None, None, None]:
            for number, _ in enumerate(copy(root, source, target, name)):
                if number == 0:
                    act(root)
                yield

        monkeypatch.setattr(trees, "copy", copying)

    yield when_begun


async def test_a_copy_for_which_room_is_taken_meanwhile_leaves_nothing(
    models: MountedModels, after_a_step: Callable[[Callable[[int], object]], None]
) -> None:
    root = await sample(models)
    (root / "big").write_bytes(bytes(25 * BLOCK))

    def fill(descriptor: int) -> None:
        with open(os.open("filler", os.O_CREAT | os.O_WRONLY, dir_fd=descriptor), "wb") as file:
            file.write(bytes(31 * BLOCK))

    after_a_step(fill)
    with pytest.raises(errors.FilesystemFull):
        await models.files.copy(MODEL, "big", "big copy")
    assert sorted(os.listdir(root)) == ["big", "filler", "work"]


async def test_what_a_copy_that_was_cut_off_has_left_goes_when_the_root_is_listed(models: MountedModels) -> None:
    root = await sample(models)
    await models.files.write_new(MODEL, f"{PREFIX}dead/inner/file", b"x")
    await models.files.write_new(MODEL, f"{PREFIX}closed/file", b"x")
    (root / f"{PREFIX}closed").chmod(0)
    assert await names(models) == [f"{PREFIX}closed", "work"] if os.geteuid() == 0 else ["work"]
    assert f"{PREFIX}dead" not in os.listdir(root)


async def test_a_cancelled_copy_leaves_nothing(
    models: MountedModels, after_a_step: Callable[[Callable[[int], object]], None]
) -> None:
    root = await sample(models)
    (root / "big").write_bytes(bytes(25 * BLOCK))
    loop, begun = asyncio.get_running_loop(), asyncio.Event()
    after_a_step(lambda _: loop.call_soon_threadsafe(begun.set))
    copying = asyncio.create_task(models.files.copy(MODEL, "big", "big copy"))
    await begun.wait()
    assert await names(models) == ["big", "work"]
    copying.cancel()
    await asyncio.wait([copying])
    assert copying.cancelled()
    assert sorted(os.listdir(root)) == ["big", "work"]


# --- the trash ---


async def test_what_is_deleted_frees_its_space_and_comes_back_as_it_was(models: MountedModels) -> None:
    root = await sample(models)
    before = tree(root)
    deleted = await models.files.trash.put_in(MODEL, ["work/inner", "work/a.py"])
    assert sorted(deleted.paths) == ["work/a.py", "work/inner"]
    assert (await usage(models), sorted(os.listdir(root / "work"))) == ((0, 3), ["away", "link"])
    restored = await models.files.trash.restore(MODEL, deleted.id)
    assert [entry.path for entry in restored] == deleted.paths
    assert tree(root) == before
    assert await usage(models) == (3, 6)
    with pytest.raises(errors.TrashNotFound):
        await models.files.trash.restore(MODEL, deleted.id)

    def told() -> list[str]:
        changes = [change for event in models.heard if isinstance(event, FilesChanged) for change in event.changes]
        return [change.kind for change in changes if change.path == "work/inner"]

    await until(lambda: told() == ["created", "removed", "created"], what="both are told")


async def test_a_folder_and_what_is_in_it_are_deleted_once(models: MountedModels) -> None:
    await sample(models)
    deleted = await models.files.trash.put_in(MODEL, ["work/inner/run.sh", "work", "work/inner"])
    assert deleted.paths == ["work"]
    assert await names(models) == []


async def test_all_of_a_selection_is_deleted_or_nothing(models: MountedModels) -> None:
    root = await sample(models)
    with pytest.raises(errors.FileNotFound, match="work/none is not there"):
        await models.files.trash.put_in(MODEL, ["work/a.py", "work/none"])
    assert sorted(os.listdir(root / "work")) == ["a.py", "away", "inner", "link"]
    (root / "work").chmod(0o500)
    if os.geteuid() == 0:
        with pytest.raises(errors.AccessDenied):
            await models.files.trash.put_in(MODEL, ["work/a.py"])
    (root / "work").chmod(0o700)


async def test_on_a_full_filesystem_a_deletion_frees_and_an_undo_that_does_not_fit_waits(models: MountedModels) -> None:
    root = await sample(models)
    (root / "big").write_bytes(bytes(61 * BLOCK))
    deleted = await models.files.trash.put_in(MODEL, ["big"])
    (root / "filler").write_bytes(bytes(40 * BLOCK))
    with pytest.raises(errors.FilesystemFull) as caught:
        await models.files.trash.restore(MODEL, deleted.id)
    assert (caught.value.details["needed_bytes"], caught.value.details["free_bytes"]) == (61 * BLOCK, 21 * BLOCK)
    (root / "filler").unlink()
    await models.files.trash.restore(MODEL, deleted.id)
    assert (root / "big").stat().st_size == 61 * BLOCK


async def test_an_undo_never_replaces_what_has_the_name_by_now(models: MountedModels) -> None:
    root = await sample(models)
    deleted = await models.files.trash.put_in(MODEL, ["work/a.py"])
    (root / "work/a.py").write_bytes(b"new")
    with pytest.raises(errors.AlreadyExists, match="something of this name is there"):
        await models.files.trash.restore(MODEL, deleted.id)
    assert (root / "work/a.py").read_bytes() == b"new"
    (root / "work/a.py").rename(root / "work/newer.py")
    assert [entry.name for entry in await models.files.trash.restore(MODEL, deleted.id)] == ["a.py"]


async def test_the_trash_holds_no_more_than_the_filesystem_may(models: MountedModels) -> None:
    root = await sample(models)
    first = await models.files.trash.put_in(MODEL, ["work"])
    (root / "big").write_bytes(bytes(62 * BLOCK))
    second = await models.files.trash.put_in(MODEL, ["big"])
    with pytest.raises(errors.TrashNotFound, match="gone for good"):
        await models.files.trash.restore(MODEL, first.id)
    assert [entry.name for entry in await models.files.trash.restore(MODEL, second.id)] == ["big"]
    aside = models.settings.data_dir / "models" / MODEL / "aside"
    assert os.listdir(aside) == []


async def test_what_is_deleted_goes_for_good_after_a_while(models: MountedModels) -> None:
    trash = Trash(models.mounts, kept_seconds=0.05)
    await sample(models)
    deleted = await trash.put_in(MODEL, ["work"])
    aside = models.settings.data_dir / "models" / MODEL / "aside"
    await until(lambda: os.listdir(aside) == [], what="it is gone")
    with pytest.raises(errors.TrashNotFound):
        await trash.restore(MODEL, deleted.id)


async def test_a_trash_is_its_models_own(models: MountedModels) -> None:
    await sample(models)
    deleted = await models.files.trash.put_in(MODEL, ["work"])
    await models.mount(OTHER)
    for attempt in (models.files.trash.restore, models.files.trash.discard):
        with pytest.raises(errors.TrashNotFound):
            await attempt(OTHER, deleted.id)
        with pytest.raises(errors.TrashNotFound):
            await attempt(MODEL, TrashId("none"))
    await models.files.trash.discard(MODEL, deleted.id)
    with pytest.raises(errors.TrashNotFound):
        await models.files.trash.restore(MODEL, deleted.id)


async def test_after_the_filesystem_died_what_was_deleted_is_gone(models: MountedModels) -> None:
    await sample(models)
    mount = await models.mount()
    deleted = await models.files.trash.put_in(MODEL, ["work"])
    os.kill(models.pid(), 9)
    await until(lambda: mount.generation == 2 and mount.standing.status == "ready", what="it is mounted again")
    with pytest.raises(errors.TrashNotFound):
        await models.files.trash.restore(MODEL, deleted.id)
    assert await usage(models) == (0, 0)
    await models.files.write_new(MODEL, "new", b"")
    await models.files.trash.put_in(MODEL, ["new"])


# --- zips ---


async def zipped(models: MountedModels, *paths: str) -> zipfile.ZipFile:
    chunks = await models.files.archive(MODEL, paths)
    return zipfile.ZipFile(io.BytesIO(b"".join([chunk async for chunk in chunks])))


async def test_a_zip_holds_files_folders_modes_and_links_as_links(models: MountedModels, tmp_path: Path) -> None:
    root = await sample(models)
    (root / "work/empty").mkdir()
    os.utime(root / "work/a.py", (0, 0))
    (root / "large").write_bytes(os.urandom(3 * BLOCK))
    archive = await zipped(models, "work", "large", "work/inner")
    assert archive.testzip() is None
    modes = {entry.filename: entry.external_attr >> 16 for entry in archive.infolist()}
    assert {name: stat.filemode(mode) for name, mode in modes.items()} == {
        "large": "-rw-r--r--",
        "work/": "drwxr-xr-x",
        "work/a.py": "-rw-r--r--",
        "work/away": "lrwxrwxrwx",
        "work/empty/": "drwxr-xr-x",
        "work/inner/": "drwxr-xr-x",
        "work/inner/run.sh": "-rwxr-xr-x",
        "work/link": "lrwxrwxrwx",
    }
    assert archive.read("work/a.py") == b"a" * 5000
    assert archive.read("work/away") == b"/etc/passwd"
    assert archive.read("large") == (root / "large").read_bytes()


async def test_a_zip_of_what_is_not_there_is_refused_before_it_begins(models: MountedModels) -> None:
    chunks = await models.files.archive(MODEL, ["none"])
    with pytest.raises(errors.FileNotFound):
        await anext(chunks)
    with pytest.raises(errors.NameNotAllowed):
        await models.files.archive(MODEL, [""])


async def test_a_reader_who_leaves_leaves_nothing_open(models: MountedModels) -> None:
    root = await sample(models)
    (root / "large").write_bytes(os.urandom(50 * BLOCK))
    before = len(os.listdir("/proc/self/fd"))
    chunks = await models.files.archive(MODEL, ["large", "work"])
    await anext(chunks)
    await chunks.aclose()
    assert len(os.listdir("/proc/self/fd")) == before


async def test_a_tree_that_is_too_deep_is_refused_with_what_to_do(tmp_path: Path) -> None:
    async with mounted_models(tmp_path, limit_files=400) as models:
        root = (await models.mount()).path
        (root / "/".join(["d"] * 150)).mkdir(parents=True)
        with pytest.raises(errors.InvalidRequest, match="more than 100 folders deep"):
            await models.files.copy(MODEL, "d", "copy")
        assert os.listdir(root) == ["d"]
