"""What is set aside: out of reach, not charged, put back as it was, or gone for good."""

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.fsquota import MEBIBYTE, MountedFilesystem, fresh_count, mounted, needs_fuse, wait_until

pytestmark = [pytest.mark.fuse, needs_fuse]
LIMIT_BYTES = 1 * MEBIBYTE
LIMIT_FILES = 100


@pytest.fixture
def filesystem(tmp_path: Path) -> Iterator[MountedFilesystem]:
    with mounted(tmp_path, limit_bytes=LIMIT_BYTES, limit_files=LIMIT_FILES) as mount:
        yield mount
        mount.wait_usage(*fresh_count(mount.backing))


def aside(filesystem: MountedFilesystem) -> list[str]:
    return os.listdir(f"{filesystem.backing}.aside")


def set_aside(
    filesystem: MountedFilesystem, path: Path, *, most_bytes: int = LIMIT_BYTES, most_files: int = 100
) -> Any:
    return filesystem.ask(
        "set_aside",
        folder=path.parent.stat().st_ino,
        name=os.fsencode(path.name).decode(errors="surrogateescape"),
        most_bytes=most_bytes,
        most_files=most_files,
    )


def put_back(filesystem: MountedFilesystem, key: str, path: Path) -> Any:
    return filesystem.ask("put_back", key=key, folder=path.parent.stat().st_ino, name=path.name)


def sample(root: Path) -> Path:
    """Two folders, a file of two names, a link: five files and folders, three blocks."""
    (root / "work" / "inner").mkdir(parents=True)
    (root / "work" / "a").write_bytes(b"a" * 5000)
    os.link(root / "work" / "a", root / "work" / "inner" / "same")
    (root / "work" / "inner" / "b").write_bytes(b"b")
    (root / "work" / "inner" / "link").symlink_to("b")
    return root / "work"


def seen(folder: Path) -> dict[str, tuple[Any, ...]]:
    """All that can be told of a tree."""
    found = {}
    for above, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = Path(above, name)
            status = path.lstat()
            content = path.read_bytes() if path.is_file() and not path.is_symlink() else None
            told = (status.st_ino, status.st_mode, status.st_nlink, status.st_uid, status.st_mtime_ns, content)
            found[str(path.relative_to(folder))] = told
    return found


def test_what_is_set_aside_is_gone_and_free_and_comes_back_as_it_was(filesystem: MountedFilesystem) -> None:
    work = sample(filesystem.root)
    before, used = seen(work), filesystem.usage()
    kept = set_aside(filesystem, work)["ok"]
    assert (kept["used_bytes"], kept["used_files"]) == used == (3 * 4096, 5)
    assert filesystem.usage() == (0, 0)
    assert os.listdir(filesystem.root) == []
    assert not work.exists()
    assert aside(filesystem) == [kept["key"]]
    (filesystem.root / "elsewhere").mkdir()
    assert put_back(filesystem, kept["key"], filesystem.root / "elsewhere" / "again") == {"ok": {}}
    assert seen(filesystem.root / "elsewhere" / "again") == before
    assert filesystem.usage() == (3 * 4096, 6)
    assert aside(filesystem) == []
    (filesystem.root / "elsewhere" / "again" / "a").write_bytes(b"changed")
    assert (filesystem.root / "elsewhere" / "again" / "inner" / "same").read_bytes() == b"changed"


def test_it_is_told_as_removed_and_as_created(filesystem: MountedFilesystem) -> None:
    work = sample(filesystem.root)
    with filesystem.connect() as subscriber:
        subscriber.ask("subscribe")
        kept = set_aside(filesystem, work)["ok"]
        removed = subscriber.wait_event(lambda event: event["event"] == "changes")
        assert removed["changes"] == [{"kind": "removed", "path": "work"}]
        put_back(filesystem, kept["key"], work)
        created = subscriber.wait_event(lambda event: event["event"] == "changes")
        assert created["changes"] == [{"kind": "created", "path": "work"}]


def test_it_stays_aside_while_it_does_not_fit_or_its_place_is_taken(filesystem: MountedFilesystem) -> None:
    work = sample(filesystem.root)
    before = seen(work)
    kept = set_aside(filesystem, work)["ok"]
    (filesystem.root / "filler").write_bytes(bytes(LIMIT_BYTES - 2 * 4096))
    refused = put_back(filesystem, kept["key"], work)["error"]
    assert (refused["code"], refused["needed_bytes"], refused["free_bytes"]) == ("full", 3 * 4096, 2 * 4096)
    assert filesystem.usage() == (LIMIT_BYTES - 2 * 4096, 1)
    assert put_back(filesystem, kept["key"], filesystem.root / "filler")["error"]["code"] == "exists"
    (filesystem.root / "filler").unlink()
    assert put_back(filesystem, kept["key"], work) == {"ok": {}}
    assert seen(work) == before


def test_discarding_removes_it_for_good(filesystem: MountedFilesystem) -> None:
    work = sample(filesystem.root)
    for number in range(LIMIT_FILES - 10):
        (work / f"file-{number}").write_bytes(b"x")
    kept = set_aside(filesystem, work)["ok"]
    assert filesystem.ask("discard", key=kept["key"]) == {"ok": {}}
    assert aside(filesystem) == []
    for reply in (filesystem.ask("discard", key=kept["key"]), put_back(filesystem, kept["key"], work)):
        assert reply["error"]["code"] == "not_found"


def test_more_than_may_be_kept_is_refused_and_stays(filesystem: MountedFilesystem) -> None:
    work = sample(filesystem.root)
    before = seen(work)
    for most in ({"most_bytes": 2 * 4096}, {"most_files": 4}):
        refused = set_aside(filesystem, work, **most)["error"]
        assert (refused["code"], refused["used_bytes"], refused["used_files"]) == ("too_large", 3 * 4096, 5)
    assert seen(work) == before
    assert set_aside(filesystem, filesystem.root / "none")["error"]["code"] == "not_found"


def test_a_program_inside_can_change_nothing_and_take_nothing_out(filesystem: MountedFilesystem) -> None:
    work = sample(filesystem.root)
    (work / "inner" / "big").write_bytes(bytes(50 * 4096))
    (filesystem.root / "outside").mkdir()
    held = os.open(work / "inner", os.O_RDONLY | os.O_DIRECTORY)
    outside = os.open(filesystem.root / "outside", os.O_RDONLY | os.O_DIRECTORY)
    path_only = os.open(work / "inner" / "big", os.O_PATH)
    try:
        kept = set_aside(filesystem, work)["ok"]
        attempts = (
            lambda: os.open("b", os.O_RDWR, dir_fd=held),
            lambda: os.open("new", os.O_WRONLY | os.O_CREAT, dir_fd=held),
            lambda: os.mkdir("new", dir_fd=held),
            lambda: os.rename("big", "big", src_dir_fd=held, dst_dir_fd=outside),
            lambda: os.link("big", "big", src_dir_fd=held, dst_dir_fd=outside),
            lambda: os.unlink("b", dir_fd=held),
            lambda: os.truncate(f"/proc/self/fd/{path_only}", 0),
            lambda: os.open(f"/proc/self/fd/{path_only}", os.O_RDWR),
            lambda: os.chmod(f"/proc/self/fd/{path_only}", 0o777),
        )
        for attempt in attempts:
            with pytest.raises(OSError) as caught:
                attempt()
            assert caught.value.errno == errno.ENOENT
        assert filesystem.usage() == (0, 1)
        assert put_back(filesystem, kept["key"], work) == {"ok": {}}
        os.rename("big", "big", src_dir_fd=held, dst_dir_fd=outside)
    finally:
        for descriptor in (held, outside, path_only):
            os.close(descriptor)
    assert (filesystem.root / "outside" / "big").stat().st_size == 50 * 4096


def test_an_open_file_stays_charged_while_it_is_aside(filesystem: MountedFilesystem) -> None:
    work = sample(filesystem.root)
    with (work / "inner" / "b").open("ab") as file:
        kept = set_aside(filesystem, work)["ok"]
        assert filesystem.usage() == (4096, 1)
        file.write(b"more" * 4096)
        file.flush()
        assert filesystem.usage() == (5 * 4096, 1)
    assert put_back(filesystem, kept["key"], work) == {"ok": {}}
    assert (work / "inner" / "b").read_bytes() == b"b" + b"more" * 4096
    with (work / "inner" / "b").open("ab") as file:
        kept = set_aside(filesystem, work)["ok"]
        filesystem.ask("discard", key=kept["key"])
        file.write(b"still written")
        assert filesystem.usage() == (5 * 4096, 1)
    filesystem.wait_usage(0, 0)


def test_a_file_with_a_name_elsewhere_stays_charged_and_whole(filesystem: MountedFilesystem) -> None:
    work = sample(filesystem.root)
    os.link(work / "a", filesystem.root / "other-name")
    kept = set_aside(filesystem, work)["ok"]
    assert filesystem.usage() == (2 * 4096, 1)
    (filesystem.root / "other-name").write_bytes(b"written meanwhile")
    (filesystem.root / "other-name").unlink()
    assert filesystem.usage() == (4096, 1)
    assert put_back(filesystem, kept["key"], work) == {"ok": {}}
    assert (work / "a").read_bytes() == b"written meanwhile"


def test_a_file_in_a_folder_of_the_root_comes_back_to_a_name_that_was_looked_for(filesystem: MountedFilesystem) -> None:
    path = filesystem.root / "caf\udce9"
    path.write_bytes(b"x")
    kept = set_aside(filesystem, path)["ok"]
    for name in ("back", "caf"):
        assert not (filesystem.root / name).exists()  # the kernel remembers that
    assert put_back(filesystem, kept["key"], filesystem.root / "back") == {"ok": {}}
    assert (filesystem.root / "back").read_bytes() == b"x"
    assert os.listdir(filesystem.root) == ["back"]


def test_after_a_kill_what_was_aside_is_gone_however_deep(tmp_path: Path) -> None:
    with mounted(tmp_path, limit_files=4000) as filesystem:
        folder = filesystem.root
        with contextlib.chdir(folder):
            for _ in range(1500):
                os.mkdir("deeper")
                os.chdir("deeper")
            Path("file").write_bytes(b"x")
        set_aside(filesystem, filesystem.root / "deeper", most_files=4000)
        filesystem.kill()
        assert aside(filesystem) != []
        filesystem.start()
        assert aside(filesystem) == []
        assert filesystem.usage() == (0, 0)


def test_a_folder_that_is_discarded_holds_nobody_up(tmp_path: Path) -> None:
    with mounted(tmp_path, limit_files=30_000) as filesystem:
        (filesystem.root / "many").mkdir()
        for number in range(1000):
            os.mknod(filesystem.root / "many" / str(number))
        kept = set_aside(filesystem, filesystem.root / "many", most_files=30_000)["ok"]
        with filesystem.connect() as discarding:
            discarding.connection.sendall(b'{"id": 1, "operation": "discard", "key": "%s"}\n' % kept["key"].encode())
            (filesystem.root / "meanwhile").write_bytes(b"x")
            assert discarding.receive() == {"id": 1, "ok": {}}
        wait_until(lambda: aside(filesystem) == [], what="all is gone")
