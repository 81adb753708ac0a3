"""What programs expect of a filesystem, on a real mount."""

import ctypes
import errno
import fcntl
import functools
import mmap
import os
import shutil
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.fsquota import MEBIBYTE, MountedFilesystem, fresh_count, mounted, needs_fuse, wait_until

pytestmark = [pytest.mark.fuse, needs_fuse]
OTHER_USER = 100_000
FS_IOC_GETFLAGS = 0x80086601
FALLOCATE_MODES = (0x00, 0x01, 0x03, 0x08, 0x10, 0x11, 0x20, 0x40)


@pytest.fixture
def filesystem(tmp_path: Path) -> Iterator[MountedFilesystem]:
    with mounted(tmp_path, limit_bytes=64 * MEBIBYTE, limit_files=5000, arguments=("--allow-other",)) as mount:
        yield mount
        mount.wait_usage(*fresh_count(mount.backing))


def as_user(user: int, script: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Runs Python code as another user, in no further group. The interpreter starts as us, who can read it."""
    become = f"import fcntl, os, stat, sys; os.setgroups([]); os.setgid({user}); os.setuid({user})\n"
    command = [sys.executable, "-S", "-c", become + script, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)


def reachable(path: Path) -> None:
    """Lets other users pass through the folders that pytest made for one."""
    for folder in (path, *path.parents):
        if folder.stat().st_uid == os.getuid() and not folder.stat().st_mode & stat.S_IXOTH:
            folder.chmod(0o711)


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root to act as another user")


@needs_root
def test_new_files_belong_to_who_made_them_and_permissions_hold(filesystem: MountedFilesystem) -> None:
    reachable(filesystem.root)
    filesystem.root.chmod(0o777)
    (filesystem.root / "secret").write_bytes(b"secret")
    (filesystem.root / "secret").chmod(0o600)
    script = """
os.chdir(sys.argv[1])
os.mkdir("folder"); os.symlink("folder", "link"); open("file", "w").close(); os.mkfifo("fifo")
for name in ("folder", "link", "file", "fifo"):
    found = os.lstat(name)
    assert (found.st_uid, found.st_gid) == (100000, 100000), (name, found)
for refused in (lambda: open("secret"), lambda: os.chmod("secret", 0o666), lambda: os.chown("file", 0, 0)):
    try:
        refused()
    except PermissionError:
        continue
    raise AssertionError
"""
    ended = as_user(OTHER_USER, script, filesystem.root)
    assert ended.returncode == 0, ended.stderr


@needs_root
def test_files_in_a_set_group_id_folder_get_its_group(filesystem: MountedFilesystem) -> None:
    reachable(filesystem.root)
    shared = filesystem.root / "shared"
    shared.mkdir()
    os.chown(shared, 0, 4242)
    shared.chmod(0o2777)
    script = "os.chdir(sys.argv[1]); open('file', 'w').close(); os.mkdir('folder')"
    assert as_user(OTHER_USER, script, shared).returncode == 0
    assert (shared / "file").stat().st_gid == 4242
    assert (shared / "folder").stat().st_gid == 4242
    assert (shared / "folder").stat().st_mode & stat.S_ISGID


@needs_root
def test_writing_and_giving_away_strip_set_user_id(filesystem: MountedFilesystem) -> None:
    reachable(filesystem.root)
    path = filesystem.root / "program"
    for strip in ("os.write(os.open(p, os.O_WRONLY), b'x')", "os.truncate(p, 0)"):
        path.write_bytes(b"program")
        os.chown(path, OTHER_USER, OTHER_USER)
        path.chmod(0o6777)
        assert stat.S_IMODE(path.stat().st_mode) == 0o6777
        ended = as_user(OTHER_USER, f"p = sys.argv[1]; {strip}", path)
        assert ended.returncode == 0, ended.stderr
        assert stat.S_IMODE(path.stat().st_mode) == 0o777, strip
        assert stat.S_IMODE((filesystem.backing / "program").stat().st_mode) == 0o777
    path.chmod(0o4755)
    os.chown(path, 1, 1)
    assert stat.S_IMODE(path.stat().st_mode) == 0o755


@needs_root
def test_a_sticky_folder_protects_the_files_of_others(filesystem: MountedFilesystem) -> None:
    reachable(filesystem.root)
    folder = filesystem.root / "tmp"
    folder.mkdir()
    folder.chmod(0o1777)
    (folder / "file").touch()
    assert "PermissionError" in as_user(OTHER_USER, "os.unlink(sys.argv[1])", folder / "file").stderr


def test_times_keep_their_nanoseconds(filesystem: MountedFilesystem) -> None:
    path = filesystem.root / "file"
    path.touch()
    os.utime(path, ns=(1_234_567_890_123_456_789, 987_654_321_987_654_321))
    found = path.stat()
    assert (found.st_atime_ns, found.st_mtime_ns) == (1_234_567_890_123_456_789, 987_654_321_987_654_321)
    os.utime(path, ns=(-1, -1_500_000_000))
    assert path.stat().st_mtime_ns == -1_500_000_000
    before = path.stat()
    path.chmod(0o600)
    assert path.stat().st_ctime_ns > before.st_ctime_ns
    assert path.stat().st_mtime_ns == before.st_mtime_ns
    subprocess.run(["touch", "-m", "-d", "@5.25", str(path)], check=True)
    assert path.stat().st_mtime_ns == 5_250_000_000
    assert path.stat().st_atime_ns == before.st_atime_ns


def test_a_write_and_a_new_name_move_the_times_they_should(filesystem: MountedFilesystem) -> None:
    path = filesystem.root / "file"
    path.touch()
    os.utime(path, ns=(0, 0))
    path.write_bytes(b"x")
    assert path.stat().st_mtime_ns > 0
    changes: list[Callable[[], object]] = [
        lambda: os.link(path, filesystem.root / "link"),
        lambda: os.rename(path, filesystem.root / "name"),
        lambda: (filesystem.root / "link").unlink(),
    ]
    for change in changes:
        with (filesystem.root / "link" if (filesystem.root / "link").exists() else path).open("rb") as file:
            before = os.fstat(file.fileno()).st_ctime_ns
            folder_before = filesystem.root.stat().st_mtime_ns
            change()
            assert os.fstat(file.fileno()).st_ctime_ns > before
            assert filesystem.root.stat().st_mtime_ns > folder_before


def test_folders_count_their_subfolders_as_links(filesystem: MountedFilesystem) -> None:
    (filesystem.root / "folder").mkdir()
    (filesystem.root / "folder" / "inner").mkdir()
    assert (filesystem.root / "folder").stat().st_nlink == 3
    (filesystem.root / "folder" / "inner").rmdir()
    assert (filesystem.root / "folder").stat().st_nlink == 2


def rename_with_flags(source: Path, target: Path, flags: int) -> None:
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    if libc.renameat2(-100, os.fsencode(source), -100, os.fsencode(target), flags) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def test_rename_flags(filesystem: MountedFilesystem) -> None:
    no_replace, exchange, whiteout = 1, 2, 4
    first, second = filesystem.root / "first", filesystem.root / "second"
    first.write_bytes(b"first")
    second.mkdir()
    (second / "inner").touch()
    with pytest.raises(FileExistsError):
        rename_with_flags(first, second, no_replace)
    rename_with_flags(first, second, exchange)
    assert second.read_bytes() == b"first"
    assert os.listdir(first) == ["inner"]
    rename_with_flags(second, filesystem.root / "third", no_replace)
    with pytest.raises(OSError) as refused:
        rename_with_flags(filesystem.root / "third", filesystem.root / "fourth", whiteout)
    assert refused.value.errno == errno.EINVAL


def test_refused_renames_change_nothing(filesystem: MountedFilesystem) -> None:
    full, file = filesystem.root / "full", filesystem.root / "file"
    (full / "inner").mkdir(parents=True)
    file.touch()
    (filesystem.root / "empty").mkdir()
    for source, target, number in (
        (filesystem.root / "empty", full, errno.ENOTEMPTY),
        (full, full / "inner" / "self", errno.EINVAL),
        (full, file, errno.ENOTDIR),
        (file, full, errno.EISDIR),
        (filesystem.root / "none", file, errno.ENOENT),
    ):
        with pytest.raises(OSError) as refused:
            os.rename(source, target)
        assert refused.value.errno == number
    assert sorted(os.listdir(filesystem.root)) == ["empty", "file", "full"]


def test_locks_exclude_each_other(filesystem: MountedFilesystem) -> None:
    path = filesystem.root / "file"
    path.touch()
    with path.open("r+b") as first, path.open("r+b") as second:
        fcntl.flock(first, fcntl.LOCK_EX)
        with pytest.raises(BlockingIOError):
            fcntl.flock(second, fcntl.LOCK_EX | fcntl.LOCK_NB)
        fcntl.lockf(first, fcntl.LOCK_EX, 10)
        script = "fcntl.lockf(open(sys.argv[1], 'r+b'), fcntl.LOCK_EX | fcntl.LOCK_NB)"
        assert "BlockingIOError" in as_user(os.getuid(), script, path).stderr


def test_shared_memory_maps_are_written_and_read(filesystem: MountedFilesystem) -> None:
    path = filesystem.root / "file"
    path.write_bytes(bytes(10_000))
    with path.open("r+b") as file, mmap.mmap(file.fileno(), 10_000) as first, mmap.mmap(file.fileno(), 0) as second:
        first[5000:5004] = b"map!"
        assert second[5000:5004] == b"map!"
        assert os.pread(file.fileno(), 4, 5000) == b"map!"
        first.flush()
    assert (filesystem.backing / "file").read_bytes()[5000:5004] == b"map!"


def test_symbolic_links_of_all_lengths(filesystem: MountedFilesystem) -> None:
    for length in (1, 59, 60, 4095):
        link = filesystem.root / f"link{length}"
        os.symlink("x" * length, link)
        assert os.readlink(link) == "x" * length
        assert link.lstat().st_size == length
    assert filesystem.usage() == (0, 4)


def test_fifos_and_sockets(filesystem: MountedFilesystem) -> None:
    os.mkfifo(filesystem.root / "fifo", 0o640)
    assert stat.S_ISFIFO((filesystem.root / "fifo").stat().st_mode)
    (filesystem.root / "fifo").chmod(0o600)
    assert stat.S_IMODE((filesystem.root / "fifo").stat().st_mode) == 0o600
    writer = subprocess.Popen(["sh", "-c", f"echo hello > {filesystem.root}/fifo"])
    assert (filesystem.root / "fifo").read_text() == "hello\n"
    assert writer.wait(10) == 0
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
        server.bind(os.fspath(filesystem.root / "socket"))
        server.listen()
        client.connect(os.fspath(filesystem.root / "socket"))


@needs_root
def test_device_nodes_are_refused(filesystem: MountedFilesystem) -> None:
    with pytest.raises(PermissionError):
        os.mknod(filesystem.root / "null", stat.S_IFCHR | 0o666, os.makedev(1, 3))


def test_names_of_any_bytes_and_of_the_greatest_length(filesystem: MountedFilesystem) -> None:
    root = os.fsencode(filesystem.root)
    names = [b"\xff\xfe", "ä".encode(), b"a\nb", b" ", b"-", b"n" * 255, b"\\"]
    for name in names:
        with open(root + b"/" + name, "wb") as file:
            file.write(name)
    assert sorted(os.listdir(root)) == sorted(names)
    for name in names:
        with open(root + b"/" + name, "rb") as file:
            assert file.read() == name
    for use in (os.stat, os.mkdir):
        with pytest.raises(OSError) as refused:
            use(root + b"/" + b"n" * 256)
        assert refused.value.errno == errno.ENAMETOOLONG


def test_reading_a_folder_while_names_come_and_go_shows_each_that_stays_once(filesystem: MountedFilesystem) -> None:
    folder = filesystem.root / "folder"
    folder.mkdir()
    for number in range(1000):
        (folder / f"stays{number}").touch()
        (folder / f"goes{number}").touch()
    seen = []
    with os.scandir(folder) as entries:
        for position, entry in enumerate(entries):
            seen.append(entry.name)
            if position < 1000:
                (folder / f"goes{position}").unlink()
                (folder / f"comes{position}").touch()
    stays = [name for name in seen if name.startswith("stays")]
    assert sorted(stays) == sorted(f"stays{number}" for number in range(1000))
    assert len(seen) == len(set(seen))
    assert len(os.listdir(folder)) == 2000


def test_a_deep_tree_is_moved_and_read_after_a_remount(filesystem: MountedFilesystem) -> None:
    descriptor = os.open(filesystem.root, os.O_RDONLY)
    for _ in range(1200):
        os.mkdir("d", dir_fd=descriptor)
        below = os.open("d", os.O_RDONLY, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = below
    os.close(os.open("file", os.O_CREAT | os.O_WRONLY, dir_fd=descriptor))
    os.close(descriptor)
    os.rename(filesystem.root / "d" / "d", filesystem.root / "e")
    assert filesystem.stop() == 0
    filesystem.start()
    assert filesystem.usage() == (0, 1201)
    assert "ok" in filesystem.ask("largest_folders", count=3)
    subprocess.run(["rm", "-rf", str(filesystem.root / "e")], check=True)
    assert filesystem.usage() == (0, 1)


def test_more_files_are_open_than_descriptors_are_kept(tmp_path: Path) -> None:
    # A quarter of the least number kept, with the folders on the way.
    with mounted(tmp_path, limit_files=2000) as mount:
        for number in range(300):
            (mount.root / f"folder{number}").mkdir()
            (mount.root / f"folder{number}" / "file").write_bytes(b"%d" % number)
        mount.stop()
        soft = f"ulimit -n 256; exec {' '.join(mount.command)}"
        mount.arguments = ()
        limited = subprocess.Popen(["sh", "-c", soft], stdout=subprocess.PIPE)
        assert limited.stdout is not None
        assert limited.stdout.readline() == b"ready\n"
        for number in range(300):
            path = mount.root / f"folder{number}" / "file"
            assert path.read_bytes() == b"%d" % number
            os.rename(path, mount.root / f"folder{(number + 150) % 300}" / "moved")
        opened = []
        with pytest.raises(OSError) as refused:
            for number in range(300):
                opened.append((mount.root / f"folder{(number + 150) % 300}" / "moved").open("rb"))
        assert refused.value.errno == errno.ENFILE
        assert len(opened) > 100
        (mount.root / "folder0" / "new").mkdir()
        for file in opened:
            assert file.read()
            file.close()
        limited.terminate()
        assert limited.wait(10) == 0
        limited.stdout.close()
        mount.start()


def test_calls_that_are_not_supported_are_refused_and_change_nothing(filesystem: MountedFilesystem) -> None:
    path = filesystem.root / "file"
    path.write_bytes(b"content")
    descriptor = os.open(path, os.O_RDWR)
    refusals: list[tuple[Callable[[], object], int]] = [
        (lambda: os.open(filesystem.root, os.O_TMPFILE | os.O_RDWR), errno.EOPNOTSUPP),
        (lambda: fcntl.ioctl(descriptor, FS_IOC_GETFLAGS, bytes(8)), errno.ENOTTY),
        *((functools.partial(fallocate, descriptor, mode, 0, 8192), errno.EOPNOTSUPP) for mode in FALLOCATE_MODES),
    ]
    for use, number in refusals:
        with pytest.raises(OSError) as refused:
            use()
        assert refused.value.errno == number
    os.close(descriptor)
    assert path.read_bytes() == b"content"
    assert filesystem.usage() == (4096, 1)


def fallocate(descriptor: int, mode: int, offset: int, length: int) -> None:
    """fallocate(2) itself: os.posix_fallocate falls back to writing."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.fallocate(descriptor, mode, ctypes.c_long(offset), ctypes.c_long(length)) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def test_copies_within_the_kernel_are_whole_and_charged(filesystem: MountedFilesystem) -> None:
    content = os.urandom(300_000)
    (filesystem.root / "source").write_bytes(content)
    with (filesystem.root / "source").open("rb") as source, (filesystem.root / "copy").open("wb") as copy:
        copied = 0
        while step := os.copy_file_range(source.fileno(), copy.fileno(), len(content), copied):
            copied += step
    with (filesystem.root / "source").open("rb") as source, (filesystem.root / "sent").open("wb") as sent:
        while os.sendfile(sent.fileno(), source.fileno(), None, len(content)):
            pass
    assert (filesystem.root / "copy").read_bytes() == (filesystem.root / "sent").read_bytes() == content
    assert filesystem.usage() == (3 * 303104, 3)


def test_holes_are_data_to_who_looks_for_them(filesystem: MountedFilesystem) -> None:
    with (filesystem.root / "sparse").open("w+b", buffering=0) as file:
        file.truncate(100_000)
        assert os.lseek(file.fileno(), 0, os.SEEK_DATA) == 0
        assert os.lseek(file.fileno(), 50_000, os.SEEK_HOLE) == 100_000
        with pytest.raises(OSError) as refused:
            os.lseek(file.fileno(), 100_000, os.SEEK_DATA)
        assert refused.value.errno == errno.ENXIO


def test_direct_reads_and_writes_bypass_the_page_cache_and_agree_with_it(filesystem: MountedFilesystem) -> None:
    path = filesystem.root / "file"
    page = mmap.mmap(-1, 4096)
    page.write(b"direct".ljust(4096, b"."))
    direct = os.open(path, os.O_RDWR | os.O_CREAT | os.O_DIRECT)
    assert os.pwritev(direct, [page], 4096) == 4096
    assert path.read_bytes() == bytes(4096) + page[:]
    path.write_bytes(b"buffered".ljust(8192, b"."))
    assert os.preadv(direct, [page], 0) == 4096
    assert page[:8] == b"buffered"
    os.close(direct)


def test_a_slow_sync_holds_nobody_up(filesystem: MountedFilesystem) -> None:
    """Many sync at once, more than are let wait in the background, while names are made and read."""

    def write_and_sync(number: int) -> None:
        with (filesystem.root / f"synced{number}").open("wb", buffering=0) as file:
            for _ in range(5):
                file.write(bytes(50_000))
                os.fsync(file.fileno())

    threads = [threading.Thread(target=write_and_sync, args=(number,)) for number in range(24)]
    for thread in threads:
        thread.start()
    for turn in range(100):
        (filesystem.root / f"file{turn}").touch()
    for thread in threads:
        thread.join(60)
    assert filesystem.usage() == (24 * 253_952, 124)


def test_fsync_of_files_and_folders(filesystem: MountedFilesystem) -> None:
    with (filesystem.root / "file").open("wb") as file:
        file.write(b"content")
        file.flush()
        os.fsync(file.fileno())
        os.fdatasync(file.fileno())
    folder = os.open(filesystem.root, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)


@pytest.mark.skipif(shutil.which("fincore") is None, reason="fincore is missing (apt-get install util-linux)")
def test_what_is_opened_next_is_read_ahead_where_the_last_was_read_from_the_disk(filesystem: MountedFilesystem) -> None:
    paths = [filesystem.root / name for name in ("first", "second", "third")]
    for path in paths:
        with path.open("wb") as file:
            file.write(bytes(200_000))
            file.flush()
            os.fsync(file.fileno())
        for copy in (path, filesystem.backing / path.name):
            forget_content(copy)
    first, second, third = (filesystem.backing / path.name for path in paths)
    if any(remembered_bytes(path) for path in (first, second, third)):
        pytest.skip("the filesystem of the temporary folder keeps all content in memory")
    paths[0].read_bytes()
    with paths[1].open("rb"):
        wait_until(lambda: remembered_bytes(second) >= 200_000, what="the second is read before it is asked for")
    with paths[2].open("rb"):
        assert remembered_bytes(third) == 0
    assert [path.read_bytes() for path in paths] == [bytes(200_000)] * 3


def forget_content(path: Path) -> None:
    """Takes it out of the kernel's page cache, as far as it is clean."""
    with path.open("rb") as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def remembered_bytes(path: Path) -> int:
    """How much of it is in the page cache."""
    command: list[str | Path] = ["fincore", "--bytes", "--noheadings", "--output", "RES", path]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def test_large_writes_take_the_memory_that_the_one_before_had(tmp_path: Path) -> None:
    content, writes, pages = bytes(MEBIBYTE), 64, MEBIBYTE // 4096
    with mounted(tmp_path, limit_bytes=8 * MEBIBYTE) as mount, (mount.root / "file").open("wb", buffering=0) as file:
        faults = []
        for _ in range(2):  # the first fills what is kept
            before = minor_faults(mount.process.pid)
            for _ in range(writes):
                assert os.pwrite(file.fileno(), content, 0) == len(content)
                os.ftruncate(file.fileno(), 0)
            faults.append(minor_faults(mount.process.pid) - before)
    assert faults[1] < writes * pages / 8


def minor_faults(process: int) -> int:
    """How often the kernel had to give it a page."""
    return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[7])


def test_content_beyond_four_gibibytes(tmp_path: Path) -> None:
    with mounted(tmp_path, limit_bytes=6 << 30) as mount:
        with (mount.root / "file").open("w+b", buffering=0) as file:
            os.pwrite(file.fileno(), b"end", (5 << 30) - 3)
            assert os.pread(file.fileno(), 10, (5 << 30) - 3) == b"end"
        assert mount.usage() == (5 << 30, 1)


def test_a_link_that_took_a_files_place_behind_the_mount_is_not_followed(
    filesystem: MountedFilesystem, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(b"outside")
    (filesystem.root / "file").write_bytes(b"inside")
    (filesystem.root / "folder").mkdir()
    filesystem.stop()
    filesystem.start()
    (filesystem.backing / "file").unlink()
    (filesystem.backing / "file").symlink_to(outside)
    (filesystem.backing / "folder").rmdir()
    (filesystem.backing / "folder").symlink_to(tmp_path)
    with pytest.raises(OSError, match="symbolic links"):
        (filesystem.root / "file").read_bytes()
    with pytest.raises(OSError):
        (filesystem.root / "folder" / "new").touch()
    assert outside.read_bytes() == b"outside"
    assert not (tmp_path / "new").exists()
    for name in ("file", "folder"):
        (filesystem.backing / name).unlink()
    (filesystem.backing / "file").write_bytes(b"inside")
    (filesystem.backing / "folder").mkdir()
