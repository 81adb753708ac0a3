"""The files of a model on a real mount: ordinary use, names, links that lead out, who owns what."""

import asyncio
import os
import stat
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ide_server import errors
from ide_server.host.files import IfAbsent, IfMatch
from ide_server.host.mounts.names import to_wire
from ide_server.host.mounts.threads import container_root
from ide_server.wire import Entry
from tests.support.fsquota import needs_fuse
from tests.support.mounted_models import MODEL, OTHER, MountedModels, body, mounted_models

pytestmark = [pytest.mark.anyio, pytest.mark.fuse, needs_fuse]

ANY = IfMatch(None)


@pytest.fixture
async def models(tmp_path: Path) -> AsyncIterator[MountedModels]:
    async with mounted_models(tmp_path) as models:
        await models.mount()
        yield models


async def read(models: MountedModels, path: str) -> bytes:
    file = await models.files.open(MODEL, path)
    try:
        return b"".join([chunk async for chunk in file.chunks(0, file.entry.byte_size)])
    finally:
        await file.close()


async def root(models: MountedModels) -> Path:
    return (await models.mount()).path


async def test_what_is_written_is_read_and_listed(models: MountedModels) -> None:
    written = await models.files.write(MODEL, "main.py", body(b"print", b"(1)\n"), condition=IfAbsent())
    assert written.created
    assert written.entry == Entry("main.py", "main.py", "file", 9, written.entry.modified_at, written.entry.etag)
    assert await read(models, "main.py") == b"print(1)\n"
    assert await models.files.list_folder(MODEL, "") == [written.entry]
    assert await models.files.entry(MODEL, "main.py") == written.entry


async def test_a_folder_lists_each_kind_by_name_and_follows_no_link(models: MountedModels) -> None:
    folder = await root(models)
    (folder / "inner").mkdir()
    (folder / "inner" / "b").write_text("b")
    (folder / "inner" / "c").symlink_to("b")
    (folder / "inner" / "d").mkdir()
    os.mkfifo(folder / "inner" / "e")
    (folder / "inner" / "b").chmod(0o755)
    listed = await models.files.list_folder(MODEL, "inner")
    assert [(entry.path, entry.kind, entry.executable, entry.link_target) for entry in listed] == [
        ("inner/b", "file", True, None),
        ("inner/c", "link", False, "b"),
        ("inner/d", "folder", False, None),
        ("inner/e", "other", False, None),
    ]
    assert [entry.etag is None for entry in listed] == [False, True, True, True]


async def test_every_change_changes_the_etag(models: MountedModels) -> None:
    etags = [(await models.files.write_new(MODEL, "a", b"1")).etag]
    for content in (b"2", b"3", b""):
        written = await models.files.write(MODEL, "a", body(content), condition=IfMatch(frozenset([str(etags[-1])])))
        assert not written.created
        etags.append(written.entry.etag)
    os.utime((await root(models)) / "a", (1, 1))
    etags.append((await models.files.entry(MODEL, "a")).etag)
    assert len(set(etags)) == 5


async def test_a_write_from_outside_is_not_overwritten(models: MountedModels) -> None:
    read_before = await models.files.write_new(MODEL, "a", b"ours")
    ((await root(models)) / "a").write_bytes(b"theirs")
    with pytest.raises(errors.FileChanged) as caught:
        await models.files.write(MODEL, "a", body(b"lost?"), condition=IfMatch(frozenset([str(read_before.etag)])))
    assert caught.value.details == {"etag": (await models.files.entry(MODEL, "a")).etag}
    assert await read(models, "a") == b"theirs"
    await models.files.write(MODEL, "a", body(b"on purpose"), condition=ANY)
    assert await read(models, "a") == b"on purpose"


async def test_what_a_write_expects_is_checked_before_its_body_is_read(models: MountedModels) -> None:
    async def never() -> AsyncIterator[bytes]:
        raise AssertionError("the body was read")
        yield b""

    await models.files.write_new(MODEL, "here", b"")
    for path, condition in (("here", IfAbsent()), ("gone", ANY), ("gone", IfMatch(frozenset(['"a"'])))):
        with pytest.raises(errors.FileChanged):
            await models.files.write(MODEL, path, never(), condition=condition)
    with pytest.raises(errors.FileNotFound, match=r"The folder no/such is not there\. Make it first\."):
        await models.files.write(MODEL, "no/such/file", never(), condition=IfAbsent())
    with pytest.raises(errors.NotAFolder):
        await models.files.write(MODEL, "here/file", never(), condition=IfAbsent())


async def test_a_write_keeps_mode_owner_and_other_names(models: MountedModels) -> None:
    folder = await root(models)
    await models.files.write_new(MODEL, "run.sh", b"old")
    (folder / "run.sh").chmod(0o750)
    (folder / "other-name").hardlink_to(folder / "run.sh")
    written = await models.files.write(MODEL, "run.sh", body(b"new"), condition=ANY)
    assert written.entry.executable
    assert (folder / "other-name").read_bytes() == b"new"
    assert stat.S_IMODE((folder / "run.sh").stat().st_mode) == 0o750


async def test_what_is_made_belongs_to_the_sandboxs_root(models: MountedModels) -> None:
    await models.files.write_new(MODEL, "folder/file", b"x")
    owner = container_root()
    for path in ("folder", "folder/file"):
        found = (models.backing() / path).stat()
        assert (found.st_uid, found.st_gid) == (owner, owner)
        assert found.st_mode & 0o022 == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has powers to lose")
async def test_nothing_is_done_with_the_servers_power(models: MountedModels) -> None:
    folder = await root(models)
    await models.files.write_new(MODEL, "closed/file", b"x")
    (folder / "closed").chmod(0)
    for attempt in (
        models.files.list_folder(MODEL, "closed"),
        models.files.entry(MODEL, "closed/file"),
        models.files.remove(MODEL, "closed", condition=ANY),
    ):
        with pytest.raises(errors.AccessDenied, match="permissions"):
            await attempt
    (folder / "closed").chmod(0o700)
    os.chown(folder / "closed" / "file", 0, 0)
    (folder / "closed" / "file").chmod(0o600)
    with pytest.raises(errors.AccessDenied):
        await models.files.open(MODEL, "closed/file")


async def test_a_move_never_replaces(models: MountedModels) -> None:
    await models.files.write_new(MODEL, "a", b"a")
    await models.files.write_new(MODEL, "b", b"b")
    await models.files.make_folder(MODEL, "folder")
    with pytest.raises(errors.AlreadyExists):
        await models.files.move(MODEL, "a", "b")
    moved = await models.files.move(MODEL, "a", "folder/c")
    assert (moved.path, moved.kind) == ("folder/c", "file")
    assert await read(models, "folder/c") == b"a"
    with pytest.raises(errors.InvalidRequest, match="into itself"):
        await models.files.move(MODEL, "folder", "folder/inner")
    with pytest.raises(errors.FileNotFound):
        await models.files.move(MODEL, "a", "d")


async def test_a_folder_is_made_once(models: MountedModels) -> None:
    made = await models.files.make_folder(MODEL, "folder")
    assert (made.path, made.kind, made.etag) == ("folder", "folder", None)
    with pytest.raises(errors.AlreadyExists):
        await models.files.make_folder(MODEL, "folder")
    with pytest.raises(errors.FileNotFound):
        await models.files.make_folder(MODEL, "no/such")


async def test_a_file_is_removed_only_as_it_was_read(models: MountedModels) -> None:
    entry = await models.files.write_new(MODEL, "a", b"a")
    with pytest.raises(errors.FileChanged) as caught:
        await models.files.remove(MODEL, "a", condition=IfMatch(frozenset(['"another"'])))
    assert caught.value.details == {"etag": entry.etag}
    await models.files.remove(MODEL, "a", condition=IfMatch(frozenset([str(entry.etag)])))
    assert await models.files.list_folder(MODEL, "") == []
    with pytest.raises(errors.FileNotFound):
        await models.files.remove(MODEL, "a", condition=ANY)


async def test_a_folder_is_removed_with_all_in_it_and_its_links_lead_to_no_loss(
    models: MountedModels, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").write_text("precious")
    folder = await root(models)
    await models.files.write_new(MODEL, "folder/inner/file", b"x")
    await models.files.write_new(MODEL, "kept/file", b"x")
    (folder / "folder" / "outside").symlink_to(outside)
    (folder / "folder" / "inner" / "kept").symlink_to("../../kept")
    os.mkfifo(folder / "folder" / "fifo")
    with pytest.raises(errors.InvalidRequest, match=r"If-Match: \*"):
        await models.files.remove(MODEL, "folder", condition=IfMatch(frozenset(['"a"'])))
    await models.files.remove(MODEL, "folder", condition=ANY)
    assert [entry.name for entry in await models.files.list_folder(MODEL, "")] == ["kept"]
    assert await read(models, "kept/file") == b"x"
    assert (outside / "precious").read_text() == "precious"


async def test_a_folder_deeper_than_any_path_is_removed(tmp_path: Path) -> None:
    depth = 700
    async with mounted_models(tmp_path, limit_files=depth + 10) as models:
        deepest = os.open(await root(models), os.O_PATH)
        for _ in range(depth):
            os.mkdir("a-name-of-twenty-byte", dir_fd=deepest)
            os.chown("a-name-of-twenty-byte", container_root(), container_root(), dir_fd=deepest)
            deeper = os.open("a-name-of-twenty-byte", os.O_PATH, dir_fd=deepest)
            os.close(deepest)
            deepest = deeper
        os.close(deepest)
        await models.files.remove(MODEL, "a-name-of-twenty-byte", condition=ANY)
        assert (await (await models.mount()).usage()).used_files == 0


async def test_links_inside_are_followed_and_kept(models: MountedModels) -> None:
    folder = await root(models)
    await models.files.write_new(MODEL, "folder/target", b"old")
    (folder / "to-folder").symlink_to("folder")
    (folder / "folder" / "link").symlink_to("../to-folder/target")
    assert await read(models, "to-folder/link") == b"old"
    written = await models.files.write(MODEL, "to-folder/link", body(b"new"), condition=ANY)
    assert (written.entry.path, written.entry.kind) == ("to-folder/link", "file")
    assert (folder / "folder" / "target").read_bytes() == b"new"
    assert (folder / "folder" / "link").is_symlink()
    assert [entry.path for entry in await models.files.list_folder(MODEL, "to-folder")] == [
        "to-folder/link",
        "to-folder/target",
    ]


LINKS_OUT = ["/etc", "../../../../../../../../etc", "inner/../../../../../../../../etc", "/proc/self/root/etc"]


@pytest.mark.parametrize("target", LINKS_OUT)
async def test_a_link_that_leads_out_is_refused_whatever_is_asked(models: MountedModels, target: str) -> None:
    folder = await root(models)
    (folder / "inner").mkdir()
    (folder / "out").symlink_to(target)
    (folder / "file").symlink_to(f"{target}/passwd")
    (folder / "mine").write_text("mine")
    files = models.files
    for attempt in (
        files.list_folder(MODEL, "out"),
        files.open(MODEL, "out/passwd"),
        files.open(MODEL, "file"),
        files.entry(MODEL, "out/passwd"),
        files.make_folder(MODEL, "out/new"),
        files.write(MODEL, "file", body(b"x"), condition=ANY),
        files.write(MODEL, "out/new", body(b"x"), condition=IfAbsent()),
        files.move(MODEL, "out/passwd", "stolen"),
        files.move(MODEL, "mine", "out/new"),
        files.remove(MODEL, "out/passwd", condition=ANY),
    ):
        with pytest.raises(errors.UnsafePath, match="leads out of the model's filesystem"):
            await attempt
    assert (await files.entry(MODEL, "out")).link_target == target
    await files.remove(MODEL, "out", condition=ANY)
    assert Path("/etc/passwd").exists()  # noqa: ASYNC240 - one stat


@contextmanager
def swapping(folder: Path) -> Iterator[None]:
    """`step` is a folder one moment and a link to / the next, as fast as a thread can."""
    stopped = threading.Event()
    (folder / "real" / "etc").mkdir(parents=True)
    (folder / "real" / "etc" / "passwd").write_text("harmless")
    (folder / "link").symlink_to("/")

    def swap() -> None:
        while not stopped.is_set():
            for source in ("real", "link"):
                (folder / source).rename(folder / "step")
                (folder / "step").rename(folder / source)

    thread = threading.Thread(target=swap)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()


async def test_a_folder_swapped_for_a_link_during_the_walk_never_leads_out(models: MountedModels) -> None:
    read_as, refusals = set(), set()
    with swapping(await root(models)):
        for _ in range(300):
            try:
                read_as.add(await read(models, "step/etc/passwd"))
            except errors.SlipwayError as error:
                refusals.add(type(error))
    assert read_as <= {b"harmless"}
    assert refusals <= {errors.UnsafePath, errors.FileNotFound}
    assert errors.UnsafePath in refusals


async def test_only_regular_files_are_opened(models: MountedModels) -> None:
    folder = await root(models)
    os.mkfifo(folder / "fifo")
    (folder / "folder").mkdir()
    for path in ("fifo", "folder"):
        with pytest.raises(errors.NotAFile):
            await asyncio.wait_for(models.files.open(MODEL, path), 5)
        with pytest.raises(errors.NotAFile):
            await asyncio.wait_for(models.files.write(MODEL, path, body(b"x"), condition=ANY), 5)


async def test_links_to_nothing_and_in_circles_say_so(models: MountedModels) -> None:
    folder = await root(models)
    (folder / "circle").symlink_to("circle")
    (folder / "nothing").symlink_to("no-such-file")
    with pytest.raises(errors.NotAFile, match="circle"):
        await models.files.open(MODEL, "circle")
    with pytest.raises(errors.FileNotFound):
        await models.files.open(MODEL, "nothing")
    with pytest.raises(errors.NotAFile, match="a link to no-such-file, which is not there"):
        await models.files.write(MODEL, "nothing", body(b"x"), condition=IfAbsent())


async def test_a_name_that_is_not_utf_8_is_listed_and_can_be_used(models: MountedModels) -> None:
    ((await root(models)) / os.fsdecode(b"caf\xe9")).write_bytes(b"latin")
    [entry] = await models.files.list_folder(MODEL, "")
    assert entry.name == to_wire(b"caf\xe9") == "caf\uf7e9"
    assert await read(models, entry.path) == b"latin"
    await models.files.move(MODEL, entry.path, "caf\u00e9")
    assert [entry.name for entry in await models.files.list_folder(MODEL, "")] == ["caf\u00e9"]


async def test_a_path_longer_than_the_kernel_takes_is_refused(models: MountedModels) -> None:
    with pytest.raises(errors.NameNotAllowed, match="too long"):
        await models.files.entry(MODEL, "/".join(["n" * 200] * 30))


async def test_models_see_nothing_of_each_other(models: MountedModels) -> None:
    await models.files.write_new(MODEL, "a", b"a")
    assert await models.files.list_folder(OTHER, "") == []
