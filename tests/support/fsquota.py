"""A real fsquota process on a real mount, for tests."""

import json
import os
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import pytest

from ide_server.host.mounts.group import POLICY, Group

MEBIBYTE = 1 << 20
READY_SECONDS = 30.0
STOP_SECONDS = 15.0

needs_fuse = pytest.mark.skipif(
    not os.path.exists("/dev/fuse") or shutil.which("fusermount3") is None,
    reason="/dev/fuse or fusermount3 is missing (apt-get install fuse3)",
)


class FsquotaDied(AssertionError):
    """The process ended though nobody asked it to."""


def wait_until(condition: Callable[[], bool], *, timeout_seconds: float = 5.0, what: str = "the condition") -> None:
    deadline = time.monotonic() + timeout_seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not come true within {timeout_seconds} s")
        time.sleep(0.005)


class ControlClient:
    """A connection to the control socket."""

    def __init__(self, path: Path) -> None:
        self.connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.connection.settimeout(10.0)
        try:
            self.connection.connect(os.fspath(path))
        except OSError:
            self.connection.close()
            raise
        self._lines = self.connection.makefile("rb")
        self._next_id = 0
        self.events: list[dict[str, Any]] = []
        """Received while waiting for something else."""

    def ask(self, operation: str, **arguments: Any) -> dict[str, Any]:
        """The whole reply without its id; events before it are kept."""
        self._next_id += 1
        request = {"id": self._next_id, "operation": operation, **arguments}
        self.connection.sendall(json.dumps(request).encode() + b"\n")
        while True:
            message = self.receive()
            if message.get("id") == self._next_id:
                del message["id"]
                return message
            self.events.append(message)

    def receive(self) -> dict[str, Any]:
        line = self._lines.readline()
        if not line:
            raise ConnectionError("the control socket was closed")
        message: dict[str, Any] = json.loads(line)
        return message

    def wait_event(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        while True:
            while self.events:
                event = self.events.pop(0)
                if wanted(event):
                    return event
            self.events.append(self.receive())

    def close(self) -> None:
        self._lines.close()
        self.connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@dataclass
class MountedFilesystem:
    """Made by `mounted`. After `kill` it can be started again by `start`."""

    folder: Path
    limit_bytes: int
    limit_files: int
    arguments: tuple[str, ...] = ()
    group: Group | None = None
    process: subprocess.Popen[bytes] = field(init=False)

    def __post_init__(self) -> None:
        for part in (self.backing, self.root, self.staging):
            part.mkdir(parents=True, exist_ok=True)
        self.start()

    @property
    def backing(self) -> Path:
        return self.folder / "backing"

    @property
    def root(self) -> Path:
        """Where it is mounted."""
        return self.folder / "mount"

    @property
    def staging(self) -> Path:
        return self.folder / "staging"

    @property
    def control(self) -> Path:
        return self.folder / "control.sock"

    @property
    def command(self) -> list[str]:
        limits = [f"--size={self.limit_bytes}", f"--files={self.limit_files}"]
        places = [f"--control={self.control}", f"--staging={self.staging}"]
        start = [
            *(POLICY if self.group else ()),
            sys.executable,
            "-m",
            "fsquota",
            "mount",
            str(self.backing),
            str(self.root),
        ]
        return [*start, *limits, *places, *self.arguments]

    def start(self) -> None:
        self._stderr = (self.folder / "stderr").open("ab")
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, stderr=self._stderr)
        try:
            if self.group is not None:
                self.group.join_now(self.process.pid)
            self._wait_ready()
        except BaseException:
            self.kill()
            raise

    def _wait_ready(self) -> None:
        assert self.process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            if not selector.select(READY_SECONDS):
                raise FsquotaDied(f"fsquota was not ready within {READY_SECONDS} s: {self.errors}")
        line = self.process.stdout.readline()
        if line != b"ready\n":
            self.process.wait(STOP_SECONDS)
            raise FsquotaDied(f"expected 'ready', got {line!r}; exit {self.process.returncode}: {self.errors}")

    @property
    def errors(self) -> str:
        return (self.folder / "stderr").read_text(errors="replace")

    def kill(self) -> None:
        """As a crash: the mount is left behind without its process."""
        self.process.kill()
        self._reap()

    def stop(self) -> int:
        """Asks it to end; answers its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self._reap()

    def _reap(self) -> int:
        status = self.process.wait(STOP_SECONDS)
        assert self.process.stdout is not None
        self.process.stdout.close()
        self._stderr.close()
        return status

    def connect(self) -> ControlClient:
        return ControlClient(self.control)

    def ask(self, operation: str, **arguments: Any) -> dict[str, Any]:
        with self.connect() as client:
            return client.ask(operation, **arguments)

    def usage(self) -> tuple[int, int]:
        """Bytes and files used."""
        usage = self.ask("usage")["ok"]
        return usage["used_bytes"], usage["used_files"]

    def wait_usage(self, used_bytes: int, used_files: int) -> None:
        """The kernel tells of a last close after close(2) has returned."""
        wanted = (used_bytes, used_files)
        wait_until(lambda: self.usage() == wanted, what=f"usage {wanted} (is {self.usage()})")


@contextmanager
def mounted(
    folder: Path,
    *,
    limit_bytes: int = 4 * MEBIBYTE,
    limit_files: int = 256,
    arguments: tuple[str, ...] = (),
    group: Group | None = None,
) -> Iterator[MountedFilesystem]:
    """Mounts at folder/mount over folder/backing. Fails when the process dies meanwhile, with what it wrote. In a
    control group it runs as the server's do, alone as from a shell."""
    filesystem = MountedFilesystem(folder, limit_bytes, limit_files, arguments, group)
    try:
        yield filesystem
        if filesystem.process.poll() is not None:
            raise FsquotaDied(f"fsquota exited with {filesystem.process.returncode}: {filesystem.errors}")
    finally:
        status = filesystem.stop() if filesystem.process.returncode is None else None
        # Where a test has failed half-way.
        subprocess.run(["umount", "-l", str(filesystem.root)], check=False, capture_output=True)
    assert status == 0, f"fsquota exited with {status}: {filesystem.errors}"


def fresh_count(backing: Path) -> tuple[int, int]:
    """What a tree costs, counted from the tree itself: the oracle for the accounting."""
    charges: dict[int, int] = {}
    for folder, folders, files in os.walk(backing):
        for name in (*folders, *files):
            path = os.path.join(folder, name)
            found = os.lstat(path)
            is_file = (found.st_mode & 0o170000) == 0o100000
            charges[found.st_ino] = (whole_blocks(found.st_size) if is_file else 0) + extended_charge(path)
    return sum(charges.values()) + extended_charge(str(backing)), len(charges)


def extended_charge(path: str) -> int:
    names = [name for name in os.listxattr(path, follow_symlinks=False) if name.startswith("user.")]
    return whole_blocks(sum(len(os.fsencode(name)) + len(os.getxattr(path, name)) for name in names))


def whole_blocks(size: int) -> int:
    return -(-size // 4096) * 4096
