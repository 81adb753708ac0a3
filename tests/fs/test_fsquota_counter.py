"""How often something has changed, counted where another process can see it before whoever changed it goes on."""

import contextlib
import mmap
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.fsquota import ControlClient, MountedFilesystem, mounted, needs_fuse

pytestmark = [pytest.mark.fuse, needs_fuse]


@pytest.fixture
def filesystem(tmp_path: Path) -> Iterator[MountedFilesystem]:
    with mounted(tmp_path, arguments=(f"--counter={tmp_path / 'count'}",)) as filesystem:
        yield filesystem


@pytest.fixture
def count(filesystem: MountedFilesystem, tmp_path: Path) -> Iterator[Callable[[], int]]:
    with (tmp_path / "count").open("rb") as file, mmap.mmap(file.fileno(), 8, prot=mmap.PROT_READ) as counted:
        yield lambda: int.from_bytes(counted[:8], "little")


def test_every_change_has_been_counted_when_its_call_returns(
    filesystem: MountedFilesystem, count: Callable[[], int]
) -> None:
    root, seen = filesystem.root, [count()]
    descriptor = os.open(root / "a", os.O_RDWR | os.O_CREAT)

    def counts(act: Callable[[], object]) -> None:
        act()
        seen.append(count())
        assert seen[-1] > seen[-2], f"not counted: step {len(seen)}"

    counts(lambda: os.write(descriptor, b"text"))
    counts(lambda: os.pwrite(descriptor, b"over", 0))
    counts(lambda: os.ftruncate(descriptor, 1))
    counts(lambda: os.truncate(root / "a", 0))
    counts(lambda: os.utime(root / "a"))
    counts(lambda: (root / "a").chmod(0o600))
    counts(lambda: (root / "folder").mkdir())
    counts(lambda: (root / "link").symlink_to("a"))
    counts(lambda: os.link(root / "a", root / "b"))
    counts(lambda: (root / "b").rename(root / "folder/b"))
    counts(lambda: (root / "a").unlink())
    counts(lambda: os.pwrite(descriptor, b"of no name", 0))
    os.close(descriptor)
    (filesystem.staging / "new").write_bytes(b"saved")
    inode = (root / "folder/b").stat().st_ino
    with contextlib.closing(ControlClient(filesystem.control)) as control:
        counts(lambda: control.ask("replace", inode=inode, staged="new", expected=None))
    counts(lambda: (root / "folder/b").unlink())
    counts(lambda: (root / "folder").rmdir())


def test_who_only_reads_changes_nothing(filesystem: MountedFilesystem, count: Callable[[], int]) -> None:
    (filesystem.root / "a").write_bytes(b"text")
    before = count()
    assert ((filesystem.root / "a").read_bytes(), os.listdir(filesystem.root)) == (b"text", ["a"])
    assert count() == before
