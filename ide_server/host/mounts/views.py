"""A filesystem shown once more, where nobody can write: what sandboxes of other models see of it. All here blocks.

A mount that appears in a sandbox because of a mount on the host has the flags of the latter, whatever those of the
folder that it appears upon. So each one of a view is read-only before it is put in its place.
"""

import ctypes
import os
from pathlib import Path

OPEN_TREE, MOVE_MOUNT, MOUNT_SETATTR = 428, 429, 442
"""The same on every architecture. The youngest came with Linux 5.12."""

OPEN_TREE_CLONE = 1
MOVE_MOUNT_F_EMPTY_PATH = 4
AT_FDCWD = -100
AT_EMPTY_PATH = 0x1000
READ_ONLY = 1
SHARED, PRIVATE = 1 << 20, 1 << 18

_libc = ctypes.CDLL(None, use_errno=True)


class _Attributes(ctypes.Structure):
    _fields_ = (
        ("set", ctypes.c_uint64),
        ("clear", ctypes.c_uint64),
        ("propagation", ctypes.c_uint64),
        ("user_namespace", ctypes.c_uint64),
    )


def show(mountpoint: Path, view: Path) -> None:
    """What is mounted at `mountpoint`, at `view` as well, upon what is shown there. Raises OSError."""
    tree = _call(OPEN_TREE, AT_FDCWD, os.fsencode(mountpoint), OPEN_TREE_CLONE | os.O_CLOEXEC)
    try:
        # A copy of a shared mount is its peer: what is mounted upon the one would appear upon the other.
        _set(tree, _Attributes(READ_ONLY, 0, PRIVATE, 0))
        _set(tree, _Attributes(0, 0, SHARED, 0))
        _call(MOVE_MOUNT, tree, b"", AT_FDCWD, os.fsencode(view), MOVE_MOUNT_F_EMPTY_PATH)
    finally:
        os.close(tree)


def _set(tree: int, attributes: _Attributes) -> None:
    size = ctypes.c_size_t(ctypes.sizeof(attributes))
    _call(MOUNT_SETATTR, tree, b"", AT_EMPTY_PATH, ctypes.byref(attributes), size)


def _call(number: int, *arguments: object) -> int:
    result: int = _libc.syscall(ctypes.c_long(number), *arguments)
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    return result
