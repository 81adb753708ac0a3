"""What a mount holds, charges, refuses and gives back."""

import errno
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.fsquota import MEBIBYTE, MountedFilesystem, fresh_count, mounted, needs_fuse, whole_blocks

pytestmark = [pytest.mark.fuse, needs_fuse]
LIMIT_BYTES = 1 * MEBIBYTE
LIMIT_FILES = 40
RACES = int(os.environ.get("FSQUOTA_RACES", "30"))


@pytest.fixture
def filesystem(tmp_path: Path) -> Iterator[MountedFilesystem]:
    with mounted(tmp_path, limit_bytes=LIMIT_BYTES, limit_files=LIMIT_FILES) as mount:
        yield mount
        mount.wait_usage(*fresh_count(mount.backing))


def fill(path: Path) -> int:
    """Writes until the filesystem is full; answers how many bytes went in."""
    written = 0
    with path.open("wb", buffering=0) as file:
        while True:
            try:
                written += file.write(bytes(100_000))
            except OSError as error:
                assert error.errno == errno.ENOSPC
                return written


def test_a_write_ends_with_no_space_at_exactly_the_limit(filesystem: MountedFilesystem) -> None:
    (filesystem.root / "kept").write_bytes(b"kept")
    assert fill(filesystem.root / "big") == LIMIT_BYTES - 4096
    assert (filesystem.root / "kept").read_bytes() == b"kept"
    assert (filesystem.root / "big").stat().st_size == LIMIT_BYTES - 4096
    assert filesystem.usage() == (LIMIT_BYTES, 2)


def test_head_from_dev_zero_reports_no_space_left(filesystem: MountedFilesystem) -> None:
    command = f"head -c 4M /dev/zero > {filesystem.root}/big"
    ended = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    assert ended.returncode != 0
    assert "No space left on device" in ended.stderr
    assert (filesystem.root / "big").stat().st_size == LIMIT_BYTES


def test_removing_a_file_frees_it_at_once(filesystem: MountedFilesystem) -> None:
    fill(filesystem.root / "big")
    (filesystem.root / "big").unlink()
    assert fill(filesystem.root / "next") == LIMIT_BYTES


def test_the_file_that_is_one_too_many_is_refused(filesystem: MountedFilesystem) -> None:
    for number in range(LIMIT_FILES):
        (filesystem.root / f"file{number}").touch()
    refused: list[Callable[[], object]] = [
        lambda: (filesystem.root / "more").touch(),
        lambda: (filesystem.root / "more").mkdir(),
        lambda: (filesystem.root / "more").symlink_to("file0"),
        lambda: os.mkfifo(filesystem.root / "more"),
    ]
    for create in refused:
        with pytest.raises(OSError, match="No space left on device"):
            create()
    assert sorted(os.listdir(filesystem.root)) == sorted(f"file{number}" for number in range(LIMIT_FILES))
    assert filesystem.usage() == (0, LIMIT_FILES)


def test_statfs_shows_limits_and_use(filesystem: MountedFilesystem) -> None:
    (filesystem.root / "file").write_bytes(bytes(5000))
    found = os.statvfs(filesystem.root)
    assert (found.f_frsize, found.f_blocks, found.f_bfree, found.f_bavail) == (4096, 256, 254, 254)
    assert (found.f_files, found.f_ffree) == (LIMIT_FILES, LIMIT_FILES - 1)


def test_a_removed_file_is_charged_until_its_last_close(filesystem: MountedFilesystem) -> None:
    path = filesystem.root / "file"
    with path.open("w+b", buffering=0) as file:
        file.write(bytes(8192))
        path.unlink()
        assert filesystem.usage() == (8192, 1)
        file.write(bytes(4096))
        assert filesystem.usage() == (12288, 1)
        assert os.pread(file.fileno(), 100_000, 0) == bytes(12288)
        assert os.fstat(file.fileno()).st_nlink == 0
    filesystem.wait_usage(0, 0)


def test_renaming_over_a_file_frees_it(filesystem: MountedFilesystem) -> None:
    (filesystem.root / "old").write_bytes(bytes(100_000))
    (filesystem.root / "new").write_bytes(b"new")
    os.rename(filesystem.root / "new", filesystem.root / "old")
    assert (filesystem.root / "old").read_bytes() == b"new"
    filesystem.wait_usage(4096, 1)


def test_renaming_over_an_open_file_frees_it_at_its_close(filesystem: MountedFilesystem) -> None:
    (filesystem.root / "old").write_bytes(bytes(8192))
    (filesystem.root / "new").write_bytes(b"new")
    with (filesystem.root / "old").open("rb") as old:
        os.rename(filesystem.root / "new", filesystem.root / "old")
        assert filesystem.usage() == (12288, 2)
        assert old.read() == bytes(8192)
    filesystem.wait_usage(4096, 1)


def test_hard_links_are_charged_once_until_the_last_name_goes(filesystem: MountedFilesystem) -> None:
    first, second = filesystem.root / "first", filesystem.root / "second"
    first.write_bytes(bytes(10_000))
    os.link(first, second)
    assert filesystem.usage() == (12288, 1)
    assert second.stat().st_nlink == 2
    assert second.stat().st_ino == first.stat().st_ino
    first.unlink()
    assert filesystem.usage() == (12288, 1)
    assert second.stat().st_nlink == 1
    second.unlink()
    filesystem.wait_usage(0, 0)


def test_renaming_a_hard_link_over_the_other_changes_nothing(filesystem: MountedFilesystem) -> None:
    first, second = filesystem.root / "first", filesystem.root / "second"
    first.write_bytes(b"content")
    os.link(first, second)
    os.rename(first, second)
    assert sorted(os.listdir(filesystem.root)) == ["first", "second"]
    assert filesystem.usage() == (4096, 1)


def test_there_are_at_most_as_many_additional_names_as_files(filesystem: MountedFilesystem) -> None:
    (filesystem.root / "file").touch()
    for number in range(LIMIT_FILES):
        os.link(filesystem.root / "file", filesystem.root / f"name{number}")
    with pytest.raises(OSError, match="No space left on device"):
        os.link(filesystem.root / "file", filesystem.root / "more")
    (filesystem.root / "name0").unlink()
    os.link(filesystem.root / "file", filesystem.root / "more")


def test_truncate_charges_and_frees_by_length(filesystem: MountedFilesystem) -> None:
    path = filesystem.root / "file"
    path.write_bytes(b"begin")
    os.truncate(path, 100_000)
    assert filesystem.usage() == (102_400, 1)
    assert path.read_bytes() == b"begin" + bytes(99_995)
    with pytest.raises(OSError, match="No space left on device"):
        os.truncate(path, LIMIT_BYTES + 1)
    os.truncate(path, 3)
    assert path.read_bytes() == b"beg"
    assert filesystem.usage() == (4096, 1)


def test_a_write_far_beyond_the_end_is_charged_for_the_hole(filesystem: MountedFilesystem) -> None:
    with (filesystem.root / "file").open("wb", buffering=0) as file:
        os.pwrite(file.fileno(), b"x", 200_000)
        assert filesystem.usage() == (200_704, 1)
        with pytest.raises(OSError, match="No space left on device"):
            os.pwrite(file.fileno(), b"x", LIMIT_BYTES)
        assert filesystem.usage() == (200_704, 1)


def test_opening_with_truncation_frees_before_the_new_write(filesystem: MountedFilesystem) -> None:
    fill(filesystem.root / "big")
    (filesystem.root / "big").write_bytes(bytes(LIMIT_BYTES))
    assert filesystem.usage() == (LIMIT_BYTES, 1)


def test_overwriting_and_reading_work_while_full(filesystem: MountedFilesystem) -> None:
    fill(filesystem.root / "big")
    with (filesystem.root / "big").open("r+b", buffering=0) as file:
        assert file.write(b"changed") == 7
        assert os.pread(file.fileno(), 7, 0) == b"changed"


def test_fallocate_is_refused_and_its_emulation_is_charged(filesystem: MountedFilesystem) -> None:
    path = filesystem.root / "file"
    with path.open("w+b") as file:
        os.posix_fallocate(file.fileno(), 0, 50_000)
        assert filesystem.usage() == (53_248, 1)
        with pytest.raises(OSError, match="No space left on device"):
            os.posix_fallocate(file.fileno(), 0, 2 * LIMIT_BYTES)
    ended = subprocess.run(["fallocate", "-p", "-l", "4096", str(path)], capture_output=True, check=False)
    assert b"unsupported" in ended.stderr


def test_resize_takes_effect_on_the_next_write(filesystem: MountedFilesystem) -> None:
    path = filesystem.root / "big"
    fill(path)
    with path.open("ab", buffering=0) as file:
        with pytest.raises(OSError, match="No space left on device"):
            file.write(b"x")
        reply = filesystem.ask("resize", limit_bytes=2 * LIMIT_BYTES, limit_files=LIMIT_FILES)
        assert reply["ok"]["limit_bytes"] == 2 * LIMIT_BYTES
        assert file.write(bytes(LIMIT_BYTES)) == LIMIT_BYTES


def test_resize_below_the_use_is_refused(filesystem: MountedFilesystem) -> None:
    (filesystem.root / "file").write_bytes(bytes(8192))
    error = filesystem.ask("resize", limit_bytes=4096, limit_files=LIMIT_FILES)["error"]
    assert error.pop("message").startswith("limits of 4096 bytes and 40 files are below the use of 8192 bytes")
    assert error == {
        "code": "limit_below_use",
        "used_bytes": 8192,
        "limit_bytes": 4096,
        "used_files": 1,
        "limit_files": LIMIT_FILES,
    }
    assert filesystem.ask("usage")["ok"]["limit_bytes"] == LIMIT_BYTES
    filesystem.ask("resize", limit_bytes=8192, limit_files=1)
    with pytest.raises(OSError, match="No space left on device"):
        (filesystem.root / "more").touch()


RACER = """
import os, sys
for round in range(int(sys.argv[2])):
    sys.stdin.readline()
    file = os.open(f"{sys.argv[1]}.{round}", os.O_WRONLY | os.O_CREAT)
    written = 0
    try:
        while True:
            written += os.write(file, bytes(10_000))
    except OSError as error:
        os.close(file)
        print(error.errno, written, flush=True)
"""


def test_writers_racing_for_the_last_mebibyte_fill_it_exactly_each_time(tmp_path: Path) -> None:
    """Each writes what fits and is told so; together they have written every byte there was, and not one more."""
    with mounted(tmp_path, limit_bytes=LIMIT_BYTES + 12_288, limit_files=100) as mount:
        (mount.root / "kept").write_bytes(bytes(12_288))
        command = [sys.executable, "-S", "-c", RACER]
        racers = [
            subprocess.Popen(
                [*command, str(mount.root / f"file{number}"), str(RACES)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for number in range(8)
        ]
        for _ in range(RACES):
            for racer in racers:
                assert racer.stdin is not None
                racer.stdin.write("go\n")
                racer.stdin.flush()
            said = [racer.stdout.readline().split() for racer in racers if racer.stdout is not None]
            assert {int(number) for number, _ in said} == {errno.ENOSPC}
            files = [path for path in mount.root.iterdir() if path.name != "kept"]
            sizes = [path.stat().st_size for path in files]
            assert sorted(sizes) == sorted(int(written) for _, written in said)
            assert sum(whole_blocks(size) for size in sizes) == LIMIT_BYTES
            mount.wait_usage(LIMIT_BYTES + 12_288, 9)
            for path in files:
                path.unlink()
            mount.wait_usage(12_288, 1)
        for racer in racers:
            racer.communicate()
            assert racer.returncode == 0


APPENDER = """
import os, sys
file = os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
for number in range(200):
    os.write(file, sys.argv[2].encode() * 99 + b"\\n")
"""


def test_appends_of_several_writers_stay_whole(filesystem: MountedFilesystem) -> None:
    path = filesystem.root / "log"
    command = [sys.executable, "-S", "-c", APPENDER, str(path)]
    writers = [subprocess.Popen([*command, letter]) for letter in "abc"]
    assert [writer.wait(30) for writer in writers] == [0, 0, 0]
    lines = path.read_text().splitlines()
    assert sorted(lines) == sorted(letter * 99 for letter in "abc" for _ in range(200))


def test_accounting_equals_a_fresh_count_after_kill_and_remount(filesystem: MountedFilesystem) -> None:
    (filesystem.root / "folder").mkdir()
    (filesystem.root / "folder" / "file").write_bytes(bytes(10_000))
    os.link(filesystem.root / "folder" / "file", filesystem.root / "link")
    removed = (filesystem.root / "removed").open("wb", buffering=0)
    removed.write(bytes(50_000))
    (filesystem.root / "removed").unlink()
    assert filesystem.usage() == (12288 + 53_248, 3)
    filesystem.kill()
    with pytest.raises(OSError, match="Transport endpoint is not connected"):
        os.statvfs(filesystem.root)
    filesystem.start()
    assert filesystem.usage() == (12288, 2) == fresh_count(filesystem.backing)
    assert (filesystem.root / "link").read_bytes() == bytes(10_000)
    with pytest.raises(OSError, match=r"not connected|connection abort"):
        os.fsync(removed.fileno())
    removed.close()
