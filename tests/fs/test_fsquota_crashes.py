"""The process is killed at any moment; what a remount finds is whole and exactly accounted."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.fsquota import MEBIBYTE, MountedFilesystem, fresh_count, mounted, needs_fuse

pytestmark = [pytest.mark.fuse, needs_fuse]
ROUNDS = 4


@pytest.fixture
def filesystem(tmp_path: Path) -> Iterator[MountedFilesystem]:
    with mounted(tmp_path, limit_bytes=4 * MEBIBYTE, limit_files=500) as mount:
        yield mount


@contextmanager
def repeated_until_it_fails(act: Callable[[int], object]) -> Iterator[threading.Event]:
    """Runs it in a thread with 0, 1, 2, ... until the mount is gone; the event is set when it has run three times."""
    under_way = threading.Event()

    def run() -> None:
        try:
            turn = 0
            while True:
                act(turn)
                turn += 1
                if turn == 3:
                    under_way.set()
        except OSError:
            pass  # the mount or the socket has gone, which is what is waited for

    thread = threading.Thread(target=run)
    thread.start()
    try:
        assert under_way.wait(10)
        yield under_way
    finally:
        thread.join(10)
    assert not thread.is_alive()


def test_a_replaced_file_has_the_old_or_the_new_content(filesystem: MountedFilesystem) -> None:
    path = filesystem.root / "file"
    path.write_bytes(bytes(200_000))

    def replace(turn: int) -> None:
        (filesystem.staging / "upload").write_bytes(bytes([turn % 256]) * 200_000)
        filesystem.ask("replace", inode=path.stat().st_ino, staged="upload", expected=None)

    for _ in range(ROUNDS):
        with repeated_until_it_fails(replace):
            filesystem.kill()
        filesystem.start()
        content = path.read_bytes()
        assert content == content[:1] * 200_000
        assert os.listdir(filesystem.staging) == []
        assert filesystem.usage() == fresh_count(filesystem.backing)


def test_accounting_is_exact_after_a_crash_under_load(filesystem: MountedFilesystem) -> None:
    def work(turn: int) -> None:
        path = filesystem.root / f"file{turn % 50}"
        with path.open("ab") as file:
            file.write(bytes(turn % 9000))
        os.rename(path, filesystem.root / f"moved{turn % 30}")
        if turn % 3 == 0:
            (filesystem.root / f"moved{turn % 30}").unlink()

    for _ in range(ROUNDS):
        with repeated_until_it_fails(work):
            filesystem.kill()
        filesystem.start()
        assert filesystem.usage() == fresh_count(filesystem.backing)


def test_synced_content_is_there_after_a_crash(filesystem: MountedFilesystem) -> None:
    synced = []

    def write(turn: int) -> None:
        with (filesystem.root / f"file{turn}").open("wb", buffering=0) as file:
            file.write(b"%d" % turn)
            os.fsync(file.fileno())
        synced.append(turn)

    with repeated_until_it_fails(write):
        filesystem.kill()
    filesystem.start()
    assert [(filesystem.root / f"file{turn}").read_bytes() for turn in synced] == [b"%d" % turn for turn in synced]


def test_a_dead_mount_is_told_at_once_and_mounted_anew(filesystem: MountedFilesystem) -> None:
    (filesystem.root / "folder").mkdir()
    shell = subprocess.Popen(["sh"], cwd=filesystem.root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    filesystem.root.stat()  # the kernel remembers this answer beyond the death of who gave it
    filesystem.kill()
    assert filesystem.root.stat()
    with pytest.raises(OSError, match="not connected"):
        os.statvfs(filesystem.root)
    filesystem.start()
    assert os.listdir(filesystem.root) == ["folder"]
    output, _ = shell.communicate(f"cd {filesystem.root} && ls\n", timeout=10)
    assert output == "folder\n"


def test_a_mountpoint_in_use_is_refused(filesystem: MountedFilesystem, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    limits = ("--size=1MiB", "--files=1", f"--control={tmp_path}/2.sock", f"--staging={filesystem.staging}")
    command = [sys.executable, "-m", "fsquota", "mount", str(other), str(filesystem.root), *limits]
    refused = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    assert refused.returncode == 1
    assert "another filesystem is mounted at" in refused.stderr
