"""Folders removed with all that is in them, whatever hostile code made of them meanwhile. All here blocks."""

import errno
import os
import secrets

DEPTH = 64
"""Folders held open at once. What lies deeper is moved up and emptied in a later round, so depth costs nothing."""

ROUNDS = 4096


def remove_folder(parent: int, name: bytes) -> None:
    """Every step is relative to a descriptor and follows no link. Raises OSError, ENOTEMPTY if it is filled again."""
    folder = _open(parent, name)
    try:
        for _ in range(ROUNDS):
            if not _empty(folder, top=folder, depth=1):
                break
    finally:
        os.close(folder)
    os.rmdir(name, dir_fd=parent)


def _empty(folder: int, *, top: int, depth: int) -> bool:
    """Whether folders too deep to enter were moved to `top`, which then needs another round."""
    moved = False
    with os.scandir(folder) as entries:
        listed = [(os.fsencode(entry.name), entry.is_dir(follow_symlinks=False)) for entry in entries]
    for name, is_folder in listed:
        if not is_folder:
            _unlink(folder, name)
        elif depth < DEPTH:
            moved |= _remove_inner(folder, name, top=top, depth=depth)
        else:
            os.rename(name, b".removed-" + secrets.token_hex(8).encode(), src_dir_fd=folder, dst_dir_fd=top)
            moved = True
    return moved


def _remove_inner(folder: int, name: bytes, *, top: int, depth: int) -> bool:
    try:
        inner = _open(folder, name)
    except FileNotFoundError:
        return False  # somebody else removed it
    try:
        moved = _empty(inner, top=top, depth=depth + 1)
    finally:
        os.close(inner)
    os.rmdir(name, dir_fd=folder)
    return moved


def _open(folder: int, name: bytes) -> int:
    return os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)


def _unlink(folder: int, name: bytes) -> None:
    try:
        os.unlink(name, dir_fd=folder)
    except OSError as error:
        if error.errno != errno.ENOENT:  # somebody else removed it
            raise
