"""The lock on data_dir: one server at a time, and where to find the one that runs."""

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

STOPPING_SECONDS = 30.0
"""How long the children of a server that was killed may take to end; they hold the lock too."""
POLL_SECONDS = 0.05


class Holder(msgspec.Struct, frozen=True):
    """The server that holds the lock; url is empty until it listens."""

    pid: int
    url: str = ""


class AlreadyServed(Exception):
    """Another server runs on this data_dir."""

    def __init__(self, data_dir: Path, holder: Holder | None) -> None:
        who = f"process {holder.pid}" if holder else "a process that has not said its id yet"
        super().__init__(f"{data_dir} is in use by another server, {who}. Stop it, or choose another --data-dir.")


class Lease:
    """Held for as long as the descriptor is open here or in a child that inherited it."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self._path = path
        self.descriptor = descriptor

    def write(self, holder: Holder) -> None:
        # In one step: a reader sees the old text or the new one.
        temporary = self._path.with_suffix(".new")
        temporary.write_bytes(msgspec.json.encode(holder))
        temporary.replace(self._path)

    def forget(self) -> None:
        self._path.unlink()


@contextlib.contextmanager
def taken(data_dir: Path) -> Iterator[Lease]:
    """Raises AlreadyServed; only what is left of a killed server is waited for."""
    descriptor = os.open(data_dir / "server.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        lock(descriptor, data_dir)
        lease = Lease(data_dir / "server.json", descriptor)
        lease.write(Holder(os.getpid()))
        yield lease
        lease.forget()
    finally:
        os.close(descriptor)


def lock(descriptor: int, data_dir: Path) -> None:
    deadline = time.monotonic() + STOPPING_SECONDS
    while not lock_nowait(descriptor):
        holder = read(data_dir)
        if holder is None or is_alive(holder.pid) or time.monotonic() > deadline:
            raise AlreadyServed(data_dir, holder)
        time.sleep(POLL_SECONDS)


def lock_nowait(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def holder_of(data_dir: Path) -> Holder | None:
    """The server that runs on this data_dir now."""
    holder = read(data_dir)
    return holder if holder and is_alive(holder.pid) else None


def read(data_dir: Path) -> Holder | None:
    try:
        return msgspec.json.decode((data_dir / "server.json").read_bytes(), type=Holder)
    except FileNotFoundError:
        return None


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
