"""What the host asks of a mounted filesystem and hears from it."""

import contextlib
import errno
import functools
import itertools
import json
import os
import signal
import socket
import stat
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fsquota import device
from fsquota.device import Place
from tests.support.fsquota import (
    MEBIBYTE,
    ControlClient,
    MountedFilesystem,
    fresh_count,
    mounted,
    needs_fuse,
    wait_until,
)

pytestmark = [pytest.mark.fuse, needs_fuse]
LIMIT_BYTES = 1 * MEBIBYTE
INIT = 26

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root to mount")


@pytest.fixture
def filesystem(tmp_path: Path) -> Iterator[MountedFilesystem]:
    with mounted(tmp_path, limit_bytes=LIMIT_BYTES, limit_files=100) as mount:
        yield mount
        mount.wait_usage(*fresh_count(mount.backing))
        assert os.listdir(mount.staging) == []


def replace(filesystem: MountedFilesystem, path: Path, content: bytes, *, since: os.stat_result | None) -> Any:
    (filesystem.staging / "upload").write_bytes(content)
    expected = None if since is None else {"modified_ns": since.st_mtime_ns, "byte_size": since.st_size}
    reply = filesystem.ask("replace", inode=path.stat().st_ino, staged="upload", expected=expected)
    if "error" in reply:
        assert (filesystem.staging / "upload").read_bytes() == content
        (filesystem.staging / "upload").unlink()
    return reply


def fill(filesystem: MountedFilesystem, name: str = "filler") -> None:
    used_bytes, _ = filesystem.usage()
    (filesystem.root / name).write_bytes(bytes(LIMIT_BYTES - used_bytes))


@pytest.mark.parametrize("byte_size", [0, 10, 4096, 8192])
def test_replacing_by_the_same_or_a_smaller_size_works_while_full(
    filesystem: MountedFilesystem, byte_size: int
) -> None:
    path = filesystem.root / "file"
    path.write_bytes(bytes(8192))
    path.chmod(0o4750)
    os.chown(path, 1234, 2345)
    fill(filesystem)
    before = path.stat()
    reply = replace(filesystem, path, b"n" * byte_size, since=before)
    after = path.stat()
    assert reply["ok"] == {"modified_ns": after.st_mtime_ns, "byte_size": byte_size}
    assert path.read_bytes() == b"n" * byte_size
    kept = ("st_ino", "st_mode", "st_uid", "st_gid", "st_nlink")
    assert [getattr(after, name) for name in kept] == [getattr(before, name) for name in kept]
    assert after.st_mtime_ns > before.st_mtime_ns


def test_replacing_by_more_than_fits_is_refused_with_the_numbers(filesystem: MountedFilesystem) -> None:
    path = filesystem.root / "file"
    path.write_bytes(b"old")
    (filesystem.root / "filler").write_bytes(bytes(LIMIT_BYTES - 8192))
    error = replace(filesystem, path, bytes(8193), since=path.stat())["error"]
    assert "8192 bytes and 0 files more do not fit" in error.pop("message")
    assert error == {"code": "full", "needed_bytes": 8192, "free_bytes": 4096, "limit_bytes": LIMIT_BYTES}
    assert path.read_bytes() == b"old"
    assert "ok" in replace(filesystem, path, bytes(8192), since=path.stat())
    assert filesystem.usage() == (LIMIT_BYTES, 2)


def test_replacing_a_file_that_has_changed_is_refused(filesystem: MountedFilesystem) -> None:
    path = filesystem.root / "file"
    path.write_bytes(b"first")
    since = path.stat()
    path.write_bytes(b"second")
    error = replace(filesystem, path, b"mine", since=since)["error"]
    assert (error["code"], error["byte_size"], error["modified_ns"]) == ("changed", 6, path.stat().st_mtime_ns)
    assert path.read_bytes() == b"second"
    assert "ok" in replace(filesystem, path, b"mine", since=None)
    assert path.read_bytes() == b"mine"


def test_an_open_handle_sees_the_new_content(filesystem: MountedFilesystem) -> None:
    path = filesystem.root / "file"
    path.write_bytes(b"old" * 10_000)
    with path.open("r+b", buffering=0) as file:
        assert file.read() == b"old" * 10_000
        replace(filesystem, path, b"new content", since=None)
        assert os.pread(file.fileno(), 100_000, 0) == b"new content"
        assert os.fstat(file.fileno()).st_size == 11
        file.seek(0, os.SEEK_END)
        file.write(b", appended")
    assert path.read_bytes() == b"new content, appended"
    assert (filesystem.backing / "file").read_bytes() == b"new content, appended"


def test_a_folder_or_a_removed_file_or_nothing_staged_cannot_be_replaced(filesystem: MountedFilesystem) -> None:
    folder, removed = filesystem.root / "folder", filesystem.root / "removed"
    folder.mkdir()
    with removed.open("wb") as file:
        number = os.fstat(file.fileno()).st_ino
        removed.unlink()
        (filesystem.staging / "upload").write_bytes(b"new")
        for inode in (folder.stat().st_ino, number, 987654321):
            reply = filesystem.ask("replace", inode=inode, staged="upload", expected=None)
            assert reply["error"]["code"] == "not_found"
    (filesystem.staging / "upload").unlink()
    (filesystem.staging / "link").symlink_to("/etc/passwd")
    os.mkfifo(filesystem.staging / "fifo")
    (filesystem.root / "file").touch()
    for staged in ("missing", "link", "fifo", "../backing/file", "", "..", "/etc/passwd"):
        inode = (filesystem.root / "file").stat().st_ino
        reply = filesystem.ask("replace", inode=inode, staged=staged, expected=None)
        assert reply["error"]["code"] == "not_found", staged
    (filesystem.staging / "link").unlink()
    (filesystem.staging / "fifo").unlink()


def test_replacing_a_hard_linked_file_replaces_all_its_names(filesystem: MountedFilesystem) -> None:
    names = [filesystem.root / name for name in ("first", "second", "third")]
    names[0].write_bytes(b"old")
    for name in names[1:]:
        os.link(names[0], name)
    number = names[0].stat().st_ino
    replace(filesystem, names[0], b"new", since=None)
    assert [name.read_bytes() for name in names] == [b"new"] * 3
    assert {(name.stat().st_ino, name.stat().st_nlink) for name in names} == {(number, 3)}
    assert filesystem.usage() == (4096, 1)


def test_a_file_can_be_replaced_again_and_again(filesystem: MountedFilesystem) -> None:
    path = filesystem.root / "file"
    path.write_bytes(b"0")
    number = path.stat().st_ino
    for turn in range(20):
        replace(filesystem, path, b"%d" % turn, since=path.stat())
        (filesystem.root / f"other{turn}").touch()
        assert path.read_bytes() == b"%d" % turn
    assert path.stat().st_ino == number
    numbers = [entry.stat().st_ino for entry in filesystem.root.iterdir()]
    assert len(set(numbers)) == 21


def test_replacements_never_share_a_time_of_modification(filesystem: MountedFilesystem) -> None:
    path = filesystem.root / "file"
    path.touch()
    began = time.time_ns()
    times = []
    for _ in range(5):
        (filesystem.staging / "upload").write_bytes(b"new")
        replaced = filesystem.ask("replace", inode=path.stat().st_ino, staged="upload", expected=None)
        times.append(replaced["ok"]["modified_ns"])
    assert began < times[0]
    assert times == sorted(set(times))
    assert path.stat().st_mtime_ns == times[-1] < time.time_ns()


def test_replacing_while_the_file_is_read_and_written_blocks_nobody(filesystem: MountedFilesystem) -> None:
    path = filesystem.root / "file"
    path.write_bytes(bytes(200_000))
    stop = threading.Event()

    def read_and_write() -> None:
        with path.open("r+b", buffering=0) as file:
            while not stop.is_set():
                os.pread(file.fileno(), 200_000, 0)
                os.pwrite(file.fileno(), bytes(5000), 100_000)

    threads = [threading.Thread(target=read_and_write) for _ in range(2)]
    for thread in threads:
        thread.start()
    for turn in range(30):
        assert "ok" in replace(filesystem, path, bytes([turn]) * 150_000, since=None)
    stop.set()
    for thread in threads:
        thread.join()
    assert path.read_bytes()[:100] == bytes([29]) * 100


def test_changes_are_told_in_order_with_their_paths(filesystem: MountedFilesystem) -> None:
    with filesystem.connect() as client:
        assert client.ask("subscribe") == {"ok": {}}
        root = filesystem.root
        (root / "folder").mkdir()
        (root / "folder" / "file").write_bytes(b"content")
        (root / "folder" / "file").chmod(0o600)
        os.rename(root / "folder" / "file", root / "name")
        os.link(root / "name", root / "link")
        os.truncate(root / "name", 0)
        (root / "name").unlink()
        (root / "folder").rmdir()
        changes = collect_changes(client, until={"kind": "removed", "path": "folder"})
    assert changes == [
        {"kind": "created", "path": "folder"},
        {"kind": "created", "path": "folder/file"},
        {"kind": "written", "path": "folder/file"},
        {"kind": "attributes", "path": "folder/file"},
        {"kind": "renamed", "path": "folder/file", "destination": "name"},
        {"kind": "created", "path": "link"},
        {"kind": "written", "path": "name"},
        {"kind": "written", "path": "link"},
        {"kind": "removed", "path": "name"},
        {"kind": "removed", "path": "folder"},
    ]


def test_a_replacement_is_told_as_written_and_an_exchange_as_a_rescan(filesystem: MountedFilesystem) -> None:
    (filesystem.root / "file").write_bytes(b"old")
    (filesystem.root / "folder").mkdir()
    with filesystem.connect() as client:
        client.ask("subscribe")
        replace(filesystem, filesystem.root / "file", b"new", since=None)
        assert client.wait_event(lambda event: event["event"] == "changes")["changes"] == [
            {"kind": "written", "path": "file"}
        ]
        exchange(filesystem.root / "file", filesystem.root / "folder")
        assert client.wait_event(lambda event: event["event"] == "rescan") == {"event": "rescan", "path": ""}
    assert (filesystem.root / "folder").read_bytes() == b"new"


def exchange(first: Path, second: Path) -> None:
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.renameat2(-100, os.fsencode(first), -100, os.fsencode(second), 2) == 0


def collect_changes(client: ControlClient, *, until: dict[str, str]) -> list[dict[str, str]]:
    changes: list[dict[str, str]] = []
    while until not in changes:
        changes += client.wait_event(lambda event: event["event"] == "changes")["changes"]
    return changes


def test_usage_is_told_at_most_ten_times_a_second_and_the_last_value_always(filesystem: MountedFilesystem) -> None:
    with filesystem.connect() as client:
        client.ask("subscribe")
        with (filesystem.root / "file").open("wb", buffering=0) as file:
            for _ in range(200):
                file.write(bytes(4096))
        events: list[dict[str, Any]] = []
        while not events or events[-1]["used_bytes"] != 200 * 4096:
            events.append(client.wait_event(lambda event: event["event"] == "usage"))
    assert events[0] == {
        "event": "usage",
        "used_bytes": events[0]["used_bytes"],
        "limit_bytes": LIMIT_BYTES,
        "used_files": events[0]["used_files"],
        "limit_files": 100,
    }
    assert len(events) < 20
    assert all(before != after for before, after in itertools.pairwise(events))


def test_a_subscriber_that_does_not_read_is_told_to_rescan_and_holds_nobody_up(
    filesystem: MountedFilesystem,
) -> None:
    with filesystem.connect() as slow:
        slow.ask("subscribe")
        first = filesystem.root / ("a" * 200)
        second = filesystem.root / ("b" * 200)
        first.touch()
        for _ in range(3000):
            os.rename(first, second)
            os.rename(second, first)
        assert "ok" in filesystem.ask("usage")
        received = 0
        while True:
            event = slow.receive()
            received += len(json.dumps(event))
            if event["event"] == "rescan":
                break
        assert event["path"] == ""
        assert received < 3 * MEBIBYTE
        second.touch()
        created = {"kind": "created", "path": second.name}
        assert created in collect_changes(slow, until=created)


def test_largest_folders_are_listed_with_all_below_them(filesystem: MountedFilesystem) -> None:
    (filesystem.root / "small").mkdir()
    (filesystem.root / "large" / "inner").mkdir(parents=True)
    (filesystem.root / "small" / "file").write_bytes(bytes(10))
    (filesystem.root / "large" / "inner" / "file").write_bytes(bytes(100_000))
    folders = filesystem.ask("largest_folders", count=2)["ok"]["folders"]
    assert folders == [
        {"path": "large", "used_bytes": 102_400, "used_files": 3},
        {"path": "large/inner", "used_bytes": 102_400, "used_files": 2},
    ]


@pytest.mark.parametrize("garbage", [b"garbage\n", b"[1]\n", b'{"operation": "usage"}\n', b"x" * 200_000, b"\xff\n"])
def test_garbage_ends_only_the_client_that_sent_it(filesystem: MountedFilesystem, garbage: bytes) -> None:
    with filesystem.connect() as good, filesystem.connect() as bad:
        # The server may close before all has been sent.
        try:
            bad.connection.sendall(garbage)
            assert bad.connection.recv(100) == b""
        except ConnectionError:
            pass
        assert "ok" in good.ask("usage")


@pytest.mark.parametrize(
    ("operation", "arguments"),
    [
        ("format", {}),
        ("usage", {"more": 1}),
        ("resize", {"limit_bytes": -1, "limit_files": 1}),
        ("resize", {"limit_bytes": "1", "limit_files": 1}),
        ("replace", {"inode": 1, "staged": "x", "expected": {}}),
    ],
)
def test_a_wrong_request_is_answered_with_what_was_expected(
    filesystem: MountedFilesystem, operation: str, arguments: dict[str, Any]
) -> None:
    error = filesystem.ask(operation, **arguments)["error"]
    assert error["code"] == "invalid_request"
    assert (
        "expected usage, resize, largest_folders, replace, set_aside, put_back, discard or subscribe"
        in error["message"]
    )
    assert operation in error["message"]


def test_many_clients_and_pipelined_requests_are_answered(filesystem: MountedFilesystem) -> None:
    requests = b"".join(b'{"id": %d, "operation": "usage"}\n' % number for number in range(100))
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(filesystem.connect()) for _ in range(20)]
        for client in clients:
            client.connection.sendall(requests)
        for client in clients:
            assert [client.receive()["id"] for _ in range(100)] == list(range(100))


def test_a_request_of_the_kernel_that_is_taken_back_holds_nobody_up(filesystem: MountedFilesystem) -> None:
    """As that of a program that is killed: here after it was seen, and while others are answered before it is read."""
    questions = b'{"id": 0, "operation": "usage"}\n' * 1000
    with filesystem.connect() as client:
        client.ask("usage")
        for number in range(20):  # more often than pyfuse3 has tasks
            filesystem.process.send_signal(signal.SIGSTOP)
            caller = subprocess.Popen(["stat", filesystem.root / f"missing{number}"], stderr=subprocess.DEVNULL)
            wait_until(functools.partial(waits_for_an_answer, caller.pid))
            client.connection.sendall(questions)
            filesystem.process.send_signal(signal.SIGCONT)
            client.receive()
            caller.kill()
            assert caller.wait() == -signal.SIGKILL
            for _ in range(1, 1000):
                client.receive()
            assert "ok" in filesystem.ask("usage")


def waits_for_an_answer(process: int) -> bool:
    return "fuse" in Path(f"/proc/{process}/stack").read_text()


def test_only_the_owner_may_open_the_control_socket(filesystem: MountedFilesystem) -> None:
    assert stat.S_IMODE(filesystem.control.stat().st_mode) == 0o600


def fsquota(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "fsquota", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)


def test_status_and_resize_find_the_socket_by_the_mountpoint(filesystem: MountedFilesystem) -> None:
    (filesystem.root / "file").write_bytes(b"x")
    shown = fsquota("status", filesystem.root)
    assert shown.stdout == f"bytes  4096 of {LIMIT_BYTES} used\nfiles  1 of 100 used\n"
    usage = {"used_bytes": 4096, "limit_bytes": 2 * MEBIBYTE, "used_files": 1, "limit_files": 100}
    assert json.loads(fsquota("resize", filesystem.root, "--size=2MiB", "--json").stdout) == usage
    assert json.loads(fsquota("status", "--control", filesystem.control, "--json").stdout) == usage
    refused = fsquota("resize", filesystem.root, "--files=0")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.startswith("fsquota: limits of 2097152 bytes and 0 files are below the use")


def test_status_says_what_is_wrong(tmp_path: Path) -> None:
    refused = fsquota("status", tmp_path)
    assert refused.stderr == (
        f"fsquota: no fsquota process that can be seen serves {tmp_path}; --control names a socket\n"
    )
    assert refused.returncode == 1
    refused = fsquota("status", "--control", tmp_path / "none.sock")
    assert f"the control socket {tmp_path}/none.sock does not answer" in refused.stderr


def test_a_limit_below_the_use_stops_growth_and_nothing_else_when_asked_for(filesystem: MountedFilesystem) -> None:
    path = filesystem.root / "file"
    path.write_bytes(bytes(40_960))
    lowered = fsquota("resize", filesystem.root, "--size=8KiB", "--files=0", "--below-use", "--json")
    assert json.loads(lowered.stdout) == {
        "used_bytes": 40_960,
        "limit_bytes": 8192,
        "used_files": 1,
        "limit_files": 0,
    }
    for grow in (functools.partial(append, path, b"x"), (filesystem.root / "new").touch):
        with pytest.raises(OSError) as refused:
            grow()
        assert refused.value.errno == errno.ENOSPC
    with path.open("r+b") as file:
        file.write(b"overwritten")
    os.truncate(path, 4096)
    assert append(path, bytes(9000)) == 4096
    path.unlink()
    assert filesystem.usage() == (0, 0)


def append(path: Path, data: bytes) -> int:
    with path.open("ab", buffering=0) as file:
        return file.write(data)


def test_check_counts_what_a_mount_would_and_says_what_is_in_the_way(
    filesystem: MountedFilesystem, tmp_path: Path
) -> None:
    (filesystem.root / "folder").mkdir()
    (filesystem.root / "folder" / "file").write_bytes(bytes(5000))
    refused = fsquota("check", filesystem.backing)
    assert refused.returncode == 1
    assert "is mounted by another fsquota process" in refused.stderr
    filesystem.stop()
    counted = fsquota("check", filesystem.backing, "--json")
    assert (counted.returncode, counted.stderr) == (0, "")
    assert json.loads(counted.stdout) == {"used_bytes": 8192, "limit_bytes": 8192, "used_files": 2, "limit_files": 2}
    above = fsquota("check", filesystem.backing, "--size=4KiB", "--files=2")
    assert above.stdout == "bytes  8192 of 4096 used\nfiles  2 of 2 used\n"
    assert above.returncode == 1
    assert "holds more than these limits" in above.stderr
    assert fsquota("check", tmp_path / "none").returncode == 1
    assert fsquota("check").returncode == 2
    filesystem.start()


def test_control_and_staging_lie_beside_the_backing_folder_unless_named(tmp_path: Path) -> None:
    for name in ("backing", "mount"):
        (tmp_path / name).mkdir()
    command = [sys.executable, "-m", "fsquota", "mount", "backing", "mount", "--size=1MiB", "--files=9"]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE)
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == b"ready\n"
        assert fsquota("status", tmp_path / "mount").stdout.startswith("bytes  0 of 1048576 used")
        shown = subprocess.run(["df", "--output=source", tmp_path / "mount"], capture_output=True, check=True)
        assert shown.stdout.split() == [b"Filesystem", b"fsquota"]
        found = {path.name for path in tmp_path.iterdir()}
        assert found == {"backing", "backing.aside", "backing.sock", "backing.staging", "mount"}
    finally:
        process.terminate()
        assert process.wait(15) == 0
        process.stdout.close()


def test_a_second_mount_of_a_backing_folder_is_refused(filesystem: MountedFilesystem, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    refused = fsquota(
        "mount",
        filesystem.backing,
        other,
        "--size=1MiB",
        "--files=1",
        f"--control={tmp_path}/2",
        f"--staging={tmp_path}",
        f"--aside={tmp_path}",
    )
    assert refused.returncode == 1
    assert "is mounted by another fsquota process" in refused.stderr
    assert (tmp_path / "control.sock").exists()


def test_a_staging_folder_within_the_backing_folder_is_refused(tmp_path: Path) -> None:
    inside = tmp_path / "backing" / "staging"
    inside.mkdir(parents=True)
    refused = fsquota(
        "mount",
        tmp_path / "backing",
        tmp_path,
        "--size=1",
        "--files=1",
        f"--control={tmp_path}/c",
        f"--staging={inside}",
    )
    assert refused.returncode == 1
    assert "lies in the backing folder" in refused.stderr


def test_mount_empties_the_staging_folder_and_sets_the_roots_owner(tmp_path: Path) -> None:
    (tmp_path / "staging").mkdir()
    (tmp_path / "staging" / "left").write_bytes(b"left over")
    with mounted(tmp_path, arguments=("--owner=1000:1001", "--allow-other")) as mount:
        assert os.listdir(mount.staging) == []
        found = mount.root.stat()
        assert (found.st_uid, found.st_gid) == (1000, 1001)


def test_unmounting_from_outside_ends_the_process(filesystem: MountedFilesystem) -> None:
    subprocess.run(["umount", str(filesystem.root)], check=True)
    assert filesystem.process.wait(10) == 0
    assert not filesystem.control.exists()
    filesystem._reap()
    filesystem.start()


@needs_root
def test_who_is_not_root_mounts_with_the_help_of_fusermount(tmp_path: Path) -> None:
    place = Place(mountpoint=tmp_path, name="a,b\\c d", allow_other=False, shared=False)
    descriptor = device.attach_by_helper(place)
    try:
        request = os.read(descriptor, device.MESSAGE_BYTES)
        assert struct.unpack_from("=II", request) == (len(request), INIT)
        assert device.is_attached(descriptor)
        sources = [line.split(" - ")[1] for line in mounts() if str(tmp_path) in line]
        assert sources == ["fuse.fsquota a,b\\134c\\040d rw,user_id=0,group_id=0,default_permissions"]
    finally:
        os.close(descriptor)
        device.detach(tmp_path)
    assert not [line for line in mounts() if str(tmp_path) in line]


def mounts() -> list[str]:
    return Path("/proc/self/mountinfo").read_text().splitlines()


@needs_root
def test_a_shared_mount_appears_where_the_one_that_died_is_a_slave(tmp_path: Path) -> None:
    with mounted(tmp_path, arguments=("--shared",)) as filesystem:
        (filesystem.root / "file").write_text("content")
        script = f"mount --make-rslave {filesystem.root}; cd {filesystem.root}; echo in; read line; cd . && cat file"
        inside = subprocess.Popen(
            ["unshare", "-m", "--propagation=unchanged", "sh", "-c", script],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert inside.stdout is not None
        assert inside.stdout.readline() == "in\n"
        filesystem.kill()
        filesystem.start()
        assert inside.communicate("go\n", timeout=10)[0] == "content"
    assert not [line for line in mounts() if str(tmp_path) in line]


def test_a_busy_mount_is_detached_on_the_signal_to_stop(filesystem: MountedFilesystem) -> None:
    file = os.open(filesystem.root / "file", os.O_CREAT | os.O_WRONLY)
    os.write(file, b"kept")
    assert filesystem.stop() == 0
    assert not os.path.ismount(filesystem.root)
    for use in (lambda: os.write(file, b"lost"), lambda: os.close(file)):
        with pytest.raises(OSError, match="connect"):
            use()
    assert (filesystem.backing / "file").read_bytes() == b"kept"
    filesystem.start()


def test_an_idle_mount_uses_no_processor_time(filesystem: MountedFilesystem) -> None:
    with filesystem.connect() as client:
        client.ask("subscribe")
        (filesystem.root / "file").write_bytes(b"x")
        client.wait_event(lambda event: event.get("used_files") == 1)
    status = Path(f"/proc/{filesystem.process.pid}/status")

    def switches() -> int:
        return int(status.read_text().split("voluntary_ctxt_switches:")[1].split()[0])

    def is_quiet() -> bool:
        before = switches()
        threading.Event().wait(0.3)
        return switches() == before

    wait_until(is_quiet, what="an idle process sleeps")


def test_a_socket_file_left_by_a_crash_is_replaced(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(os.fspath(tmp_path / "control.sock"))
    with mounted(tmp_path) as mount:
        assert mount.usage() == (0, 0)
