"""Files and folders as trees: walked, measured, copied. All here blocks, and pauses after each step it yields.

Every step is relative to a descriptor and follows no link, whatever hostile code makes of the tree meanwhile.
"""

import contextlib
import os
import stat
from collections.abc import Generator, Iterator
from dataclasses import dataclass

from ide_server.errors import InvalidRequest
from ide_server.host.files.beneath import parent_of
from ide_server.host.files.space import charged_bytes
from ide_server.host.mounts.names import to_wire

DEPTH = 100
"""Folders held open at once."""

CHUNK_BYTES = 1 << 20
READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
WRITE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass
class Size:
    """What a copy will be charged."""

    byte_size: int = 0
    files: int = 0


@dataclass(frozen=True)
class Found:
    """A name in a folder, which is held open until the next one is asked for."""

    folder: int
    name: bytes
    path: bytes
    """From where the walk began, with the name of what it began at."""
    status: os.stat_result

    @property
    def is_folder(self) -> bool:
        return stat.S_ISDIR(self.status.st_mode)

    @property
    def is_file(self) -> bool:
        return stat.S_ISREG(self.status.st_mode)

    @property
    def is_link(self) -> bool:
        return stat.S_ISLNK(self.status.st_mode)

    def link_target(self) -> bytes:
        return os.readlink(self.name, dir_fd=self.folder)


def walk(root: int, path: bytes) -> Iterator[Found]:
    """What is at a path and all below it, folders before what is in them. FIFOs and sockets are left out."""
    with parent_of(root, path) as (folder, name):
        yield from _walk(folder, name, name)


def _walk(folder: int, name: bytes, path: bytes) -> Iterator[Found]:
    found = Found(folder, name, path, os.stat(name, dir_fd=folder, follow_symlinks=False))
    if found.is_file or found.is_link:
        yield found
    if not found.is_folder:
        return
    yield found
    if path.count(b"/") >= DEPTH:
        raise InvalidRequest(f"{to_wire(path[:80])}... lies more than {DEPTH} folders deep. Do this in a terminal.")
    with opened_folder(folder, name) as inner:
        for child in sorted(map(os.fsencode, os.listdir(inner))):
            with contextlib.suppress(FileNotFoundError):  # removed since it was listed
                yield from _walk(inner, child, path + b"/" + child)


@contextlib.contextmanager
def opened_folder(folder: int, name: bytes) -> Iterator[int]:
    descriptor = os.open(name, READ | os.O_DIRECTORY, dir_fd=folder)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def measure(root: int, path: bytes) -> Generator[None, None, Size]:
    size = Size()
    for found in walk(root, path):
        size.files += 1
        size.byte_size += charged_bytes(found.status.st_size) if found.is_file else 0
        yield
    return size


def copy(root: int, source: bytes, target: int, name: bytes) -> Generator[None, None, None]:
    """To a new name in the folder `target`. Modes are kept; a file of two names becomes two files."""
    made: list[tuple[int, bytes, int]] = []
    """The folders made on the way to where the walk is: descriptor, path in the source, mode."""
    try:
        for found in walk(root, source):
            while made and not found.path.startswith(made[-1][1] + b"/"):
                _finish_folder(made.pop())
            folder, new_name = (made[-1][0], found.name) if made else (target, name)
            mode = stat.S_IMODE(found.status.st_mode) & 0o777
            if found.is_folder:
                os.mkdir(new_name, 0o700, dir_fd=folder)
                made.append((os.open(new_name, READ | os.O_DIRECTORY, dir_fd=folder), found.path, mode))
            elif found.is_link:
                os.symlink(found.link_target(), new_name, dir_fd=folder)
            else:
                with contextlib.suppress(FileNotFoundError):  # removed since it was found
                    yield from _copy_file(found, folder, new_name, mode)
            yield
    finally:
        while made:
            _finish_folder(made.pop())


def _finish_folder(made: tuple[int, bytes, int]) -> None:
    """Its mode comes last: it may forbid to write in it."""
    descriptor, _, mode = made
    try:
        os.fchmod(descriptor, mode)
    finally:
        os.close(descriptor)


def _copy_file(found: Found, folder: int, name: bytes, mode: int) -> Iterator[None]:
    with open_file(found) as source, open(os.open(name, WRITE, 0o600, dir_fd=folder), "wb", buffering=0) as target:
        while chunk := os.read(source, CHUNK_BYTES):
            rest = memoryview(chunk)
            while rest:
                rest = rest[target.write(rest) :]
            yield
        os.fchmod(target.fileno(), mode)


@contextlib.contextmanager
def open_file(found: Found) -> Iterator[int]:
    """Raises FileNotFoundError where something else has taken the name: opening a FIFO or a device does things."""
    descriptor = os.open(found.name, READ, dir_fd=found.folder)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise FileNotFoundError(os.fsdecode(found.path))
        yield descriptor
    finally:
        os.close(descriptor)
