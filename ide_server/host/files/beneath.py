"""Paths resolved beneath a directory descriptor, by the kernel: openat2(2). All here blocks.

A link that stays inside is followed; one that leads out, at whatever moment it is put there, ends in EXDEV.
"""

import ctypes
import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager

from ide_server.errors import NameNotAllowed
from ide_server.host.mounts.names import from_wire

OPENAT2 = 437  # the same on every architecture since Linux 5.6
RESOLVE_NO_MAGICLINKS = 0x02
RESOLVE_BENEATH = 0x08
RENAME_NOREPLACE = 1
NAME_BYTES = 255
RACE_TRIES = 128
"""The kernel gives up with EAGAIN when a rename anywhere may have moved a ".." out of the tree while it looked."""

_libc = ctypes.CDLL(None, use_errno=True)


class _OpenHow(ctypes.Structure):
    _fields_ = (("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64), ("resolve", ctypes.c_uint64))


def checked_path(path: str) -> bytes:
    """The bytes of a path of the page, of names only; empty for the root. Raises NameNotAllowed."""
    if not path:
        return b""
    names = from_wire(path).split(b"/")
    for name in names:
        if not name or name in (b".", b"..") or b"\0" in name:
            raise NameNotAllowed(
                f"Expected a path of names divided by '/', none of them empty, '.' or '..'; got {path!r}."
            )
        if len(name) > NAME_BYTES:
            raise NameNotAllowed(f"A name may be {NAME_BYTES} bytes long, but one in {path[:80]!r} has {len(name)}.")
    return b"/".join(names)


def checked_name(path: str) -> bytes:
    """As checked_path, for what must not be the root. Raises NameNotAllowed."""
    if not path:
        raise NameNotAllowed("Expected the path of a file or folder, got the filesystem's root.")
    return checked_path(path)


def open_beneath(root: int, path: bytes, flags: int, *, mode: int = 0) -> int:
    """Raises OSError: EXDEV where the path leads out of root."""
    how = _OpenHow(flags | os.O_CLOEXEC, mode, RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS)
    for _ in range(RACE_TRIES):
        descriptor = _libc.syscall(OPENAT2, root, path or b".", ctypes.byref(how), ctypes.sizeof(how))
        if descriptor >= 0:
            return int(descriptor)
        if (number := ctypes.get_errno()) not in (errno.EAGAIN, errno.EINTR):
            break
    raise OSError(number, os.strerror(number), os.fsdecode(path))


@contextmanager
def opened(root: int, path: bytes, flags: int, *, mode: int = 0) -> Iterator[int]:
    descriptor = open_beneath(root, path, flags, mode=mode)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def parent_of(root: int, path: bytes) -> Iterator[tuple[int, bytes]]:
    """The folder a path is in, as a descriptor, and its last name, of which links are not followed."""
    folder, _, name = path.rpartition(b"/")
    with opened(root, folder, os.O_PATH | os.O_DIRECTORY) as descriptor:
        yield descriptor, name


def rename_without_replacing(source: int, source_name: bytes, destination: int, destination_name: bytes) -> None:
    """renameat2(2) with RENAME_NOREPLACE. Raises OSError: EEXIST."""
    if _libc.renameat2(source, source_name, destination, destination_name, RENAME_NOREPLACE) < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), os.fsdecode(source_name), None, os.fsdecode(destination_name))
