"""Extended attributes: kept, charged, refused where they are not the user's."""

import errno
import functools
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.fsquota import MountedFilesystem, fresh_count, mounted, needs_fuse

BLOCK = 4096
LIMIT_BYTES = 20 * BLOCK
PAIRS = {"user.comment": b"a comment", "user.empty": b"", "user.binary": bytes(range(256))}


def backing_has_none(folder: Path) -> bool:
    try:
        os.setxattr(folder, "user.probe", b"")
    except OSError as error:
        return error.errno == errno.EOPNOTSUPP
    os.removexattr(folder, "user.probe")
    return False


pytestmark = [pytest.mark.fuse, needs_fuse]


@pytest.fixture
def filesystem(tmp_path: Path) -> Iterator[MountedFilesystem]:
    if backing_has_none(tmp_path):
        pytest.skip("the filesystem of the temporary folder has no extended attributes")
    with mounted(tmp_path, limit_bytes=LIMIT_BYTES, limit_files=40) as mount:
        yield mount
        mount.wait_usage(*fresh_count(mount.backing))


def set_all(path: Path) -> None:
    for name, value in PAIRS.items():
        os.setxattr(path, name, value)


def get_all(path: Path) -> dict[str, bytes]:
    return {name: os.getxattr(path, name) for name in os.listxattr(path)}


def error_of(use: Callable[[], object]) -> str:
    with pytest.raises(OSError) as refused:
        use()
    return errno.errorcode[refused.value.errno or 0]


def test_they_are_kept_on_files_and_folders_over_a_remount(filesystem: MountedFilesystem) -> None:
    (filesystem.root / "file").write_bytes(b"x")
    (filesystem.root / "folder").mkdir()
    for path in (filesystem.root, filesystem.root / "file", filesystem.root / "folder"):
        set_all(path)
        assert get_all(path) == PAIRS
    assert filesystem.usage() == (4 * BLOCK, 2)
    filesystem.kill()
    filesystem.start()
    assert get_all(filesystem.root) == get_all(filesystem.root / "file") == get_all(filesystem.root / "folder") == PAIRS
    assert filesystem.usage() == (4 * BLOCK, 2)


def test_they_are_charged_by_the_block_and_given_back(filesystem: MountedFilesystem) -> None:
    path = filesystem.root / "file"
    path.touch()
    os.setxattr(path, "user.first", b"x" * 1000)
    os.setxattr(path, "user.second", b"x" * 1000)
    assert filesystem.usage() == (BLOCK, 1)
    assert path.stat().st_blocks == BLOCK // 512
    os.setxattr(path, "user.first", b"")
    os.removexattr(path, "user.second")
    assert filesystem.usage() == (BLOCK, 1)
    os.removexattr(path, "user.first")
    assert filesystem.usage() == (0, 1)
    os.setxattr(path, "user.first", b"x")
    path.unlink()
    filesystem.wait_usage(0, 0)


def test_one_that_does_not_fit_is_refused_and_changes_nothing(filesystem: MountedFilesystem) -> None:
    path = filesystem.root / "file"
    path.write_bytes(bytes(LIMIT_BYTES))
    assert error_of(lambda: os.setxattr(path, "user.name", b"value")) == "ENOSPC"
    assert os.listxattr(path) == []
    path.write_bytes(bytes(LIMIT_BYTES - BLOCK))
    os.setxattr(path, "user.name", b"value")
    with path.open("ab", buffering=0) as file:
        assert error_of(lambda: file.write(b"x")) == "ENOSPC"
    assert filesystem.usage() == (LIMIT_BYTES, 1)


def test_flags_and_missing_names_answer_as_elsewhere(filesystem: MountedFilesystem) -> None:
    path = filesystem.root / "file"
    path.touch()
    assert error_of(lambda: os.getxattr(path, "user.name")) == "ENODATA"
    assert error_of(lambda: os.removexattr(path, "user.name")) == "ENODATA"
    assert error_of(lambda: os.setxattr(path, "user.name", b"", os.XATTR_REPLACE)) == "ENODATA"
    os.setxattr(path, "user.name", b"1", os.XATTR_CREATE)
    assert error_of(lambda: os.setxattr(path, "user.name", b"2", os.XATTR_CREATE)) == "EEXIST"
    os.setxattr(path, "user.name", b"3", os.XATTR_REPLACE)
    assert get_all(path) == {"user.name": b"3"}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may try")
def test_other_namespaces_are_refused(filesystem: MountedFilesystem) -> None:
    path = filesystem.root / "file"
    path.touch()
    capability = bytes.fromhex("0000000200040000000000000000000000000000")
    for name, value in (("security.capability", capability), ("trusted.name", b""), ("security.other", b"")):
        assert error_of(functools.partial(os.setxattr, path, name, value)) == "ENOTSUP"
        assert error_of(functools.partial(os.getxattr, path, name)) == "ENOTSUP"
    (filesystem.root / "link").symlink_to("file")
    assert error_of(lambda: os.setxattr(filesystem.root / "link", "user.x", b"", follow_symlinks=False)) == "EPERM"


def test_one_that_the_backing_filesystem_refuses_is_not_charged(filesystem: MountedFilesystem) -> None:
    path = filesystem.root / "file"
    path.touch()
    try:
        os.setxattr(path, "user.name", b"x" * 60_000)
    except OSError:
        assert filesystem.usage() == (0, 1)
    else:
        assert filesystem.usage() == (15 * BLOCK, 1)


def test_a_replaced_file_keeps_them(filesystem: MountedFilesystem) -> None:
    path = filesystem.root / "file"
    path.write_bytes(b"old")
    set_all(path)
    (filesystem.staging / "upload").write_bytes(b"new")
    assert "ok" in filesystem.ask("replace", inode=path.stat().st_ino, staged="upload", expected=None)
    assert path.read_bytes() == b"new"
    assert get_all(path) == PAIRS


@pytest.mark.parametrize(
    "command",
    [
        ["cp", "-a", "source", "copy"],
        ["rsync", "-aX", "source/", "copy/"],
        ["sh", "-c", "mkdir copy && tar --xattrs --xattrs-include='*' -C source -c . | tar --xattrs -C copy -x"],
    ],
    ids=["cp", "rsync", "tar"],
)
def test_programs_copy_them(filesystem: MountedFilesystem, command: list[str]) -> None:
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is missing")
    source = filesystem.root / "source"
    source.mkdir()
    (source / "file").write_bytes(b"content")
    set_all(source / "file")
    subprocess.run(command, cwd=filesystem.root, check=True, timeout=30)
    assert get_all(filesystem.root / "copy" / "file") == PAIRS


def test_small_writes_ask_for_no_capabilities(filesystem: MountedFilesystem) -> None:
    """Else each write would cost two requests; the kernel counts by reads of the process from its device."""
    with (filesystem.root / "file").open("wb", buffering=0) as file:
        file.write(bytes(BLOCK))
        before = requests(filesystem)
        for _ in range(1000):
            os.pwrite(file.fileno(), b"x", 0)
        assert requests(filesystem) - before < 1100


def requests(filesystem: MountedFilesystem) -> int:
    """System calls that read, of which each request takes one."""
    counters = Path(f"/proc/{filesystem.process.pid}/io").read_text()
    return int(counters.split("syscr: ")[1].split()[0])
