"""A filesystem's tree, walked, read, emptied and filled: each step in one thread, beneath its root. All here blocks.

It may change at any moment, and by hostile code: no step believes what an earlier one saw, and none leaves the root.
"""

import errno
import os
import stat
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ide_server.host.files.beneath import opened, parent_of
from ide_server.host.files.removal import remove_folder
from ide_server.host.mounts.names import from_wire, to_wire
from ide_server.host.snapshots.manifest import PIECE_BYTES, Entry

CLOSED = (errno.EACCES, errno.EPERM, errno.ENAMETOOLONG)
"""What the model's own permissions close, or its depth, is left out and named."""
GONE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ESTALE)
FOLDER_MODE = 0o700
READING = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK


class Piece(NamedTuple):
    """Of a file, the part that begins at number * PIECE_BYTES."""

    path: str
    number: int


class Walked(NamedTuple):
    entries: list[Entry]
    """Folders before what is in them; files without their pieces."""
    left_out: list[str]


def walk(root: int) -> Walked:
    walked = Walked([], [])
    names: dict[tuple[int, int], str] = {}
    waiting = [b""]
    while waiting:
        folder = waiting.pop()
        try:
            with opened(root, folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW) as descriptor:
                for name in sorted(map(os.fsencode, os.listdir(descriptor)), reverse=True):
                    path = folder + b"/" + name if folder else name
                    if _look(descriptor, name, path, walked, names):
                        waiting.append(path)
        except OSError as error:
            _note(error, folder, walked)
    return walked


def _look(folder: int, name: bytes, path: bytes, walked: Walked, names: dict[tuple[int, int], str]) -> bool:
    """Whether it is a folder, to be walked as well."""
    try:
        status = os.stat(name, dir_fd=folder, follow_symlinks=False)
        entry = _entry(folder, name, path, status)
    except OSError as error:
        _note(error, path, walked)
        return False
    if entry is None:
        walked.left_out.append(to_wire(path))
        return False
    if entry.kind == "file" and status.st_nlink > 1:
        first = names.setdefault((status.st_dev, status.st_ino), entry.path)
        if first != entry.path:
            entry = Entry(entry.path, "file", same_as=first)
    walked.entries.append(entry)
    return entry.kind == "folder"


def _entry(folder: int, name: bytes, path: bytes, status: os.stat_result) -> Entry | None:
    shown, mode = to_wire(path), stat.S_IMODE(status.st_mode)
    if stat.S_ISDIR(status.st_mode):
        attributes = _attributes(folder, name, os.O_DIRECTORY)
        return Entry(shown, "folder", mode, status.st_mtime_ns, attributes=attributes)
    if stat.S_ISLNK(status.st_mode):
        target = to_wire(os.readlink(name, dir_fd=folder))
        return Entry(shown, "link", modified_ns=status.st_mtime_ns, target=target)
    if stat.S_ISREG(status.st_mode):
        attributes = _attributes(folder, name, 0)
        return Entry(shown, "file", mode, status.st_mtime_ns, status.st_ctime_ns, status.st_size, attributes=attributes)
    return None


def _attributes(folder: int, name: bytes, flags: int) -> dict[str, bytes]:
    descriptor = os.open(name, READING | flags | os.O_CLOEXEC, dir_fd=folder)
    try:
        names = [each for each in os.listxattr(descriptor) if each.startswith("user.")]
        return {to_wire(each): os.getxattr(descriptor, each) for each in names}
    finally:
        os.close(descriptor)


def _note(error: OSError, path: bytes, walked: Walked) -> None:
    if error.errno in CLOSED:
        walked.left_out.append(to_wire(path))
    elif error.errno not in GONE:  # removed, or replaced, while the tree was walked
        raise error


def read(root: int, pieces: Sequence[Piece]) -> list[bytes | None]:
    """Their content, shorter where the file ends; None where there is no such file any more."""
    contents: list[bytes | None] = []
    for path, number in pieces:
        try:
            with opened(root, from_wire(path), READING) as descriptor:
                is_file = stat.S_ISREG(os.fstat(descriptor).st_mode)
                contents.append(os.pread(descriptor, PIECE_BYTES, number * PIECE_BYTES) if is_file else None)
        except OSError as error:
            if error.errno not in GONE + CLOSED:
                raise
            contents.append(None)
    return contents


def open_up(root: int, paths: Sequence[str]) -> None:
    """Folders that stay become the owner's to change, until `finish`."""
    for path in paths:
        with opened(root, from_wire(path), READING | os.O_DIRECTORY) as descriptor:
            os.fchmod(descriptor, FOLDER_MODE)


def remove(root: int, paths: Sequence[str]) -> None:
    """Files, links, and folders with all that is in them; what is gone already is passed over."""
    for path in paths:
        try:
            with parent_of(root, from_wire(path)) as (folder, name):
                _remove(folder, name)
        except OSError as error:
            if error.errno not in GONE:
                raise


def _remove(folder: int, name: bytes) -> None:
    if stat.S_ISDIR(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
        remove_folder(folder, name)
    else:
        os.unlink(name, dir_fd=folder)


def make(root: int, entries: Sequence[Entry]) -> None:
    """Folders, empty files, links: what lies in a folder after it."""
    for entry in entries:
        with parent_of(root, from_wire(entry.path)) as (folder, name):
            if entry.kind == "folder":
                os.mkdir(name, FOLDER_MODE, dir_fd=folder)
            elif entry.kind == "link":
                os.symlink(from_wire(entry.target), name, dir_fd=folder)
                os.utime(name, ns=(entry.modified_ns, entry.modified_ns), dir_fd=folder, follow_symlinks=False)
            elif entry.same_as:
                with parent_of(root, from_wire(entry.same_as)) as (other, first):
                    os.link(first, name, src_dir_fd=other, dst_dir_fd=folder, follow_symlinks=False)
            else:
                flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
                os.close(os.open(name, flags, 0o600, dir_fd=folder))


def write(root: int, contents: Mapping[Piece, bytes]) -> None:
    """Pieces of files that `make` has made. A piece of zeros is left a hole."""
    for (path, number), content in contents.items():
        with opened(root, from_wire(path), os.O_WRONLY | os.O_NOFOLLOW) as descriptor:
            end = number * PIECE_BYTES + len(content)
            if content.count(0) == len(content):
                os.ftruncate(descriptor, max(end, os.fstat(descriptor).st_size))
            else:
                _write_all(descriptor, content, number * PIECE_BYTES)


def _write_all(descriptor: int, content: bytes, offset: int) -> None:
    rest = memoryview(content)
    while rest:
        written = os.pwrite(descriptor, rest, offset)
        rest, offset = rest[written:], offset + written


def finish(root: int, entries: Sequence[Entry]) -> None:
    """Attributes, modes and times of files and folders, once all is in them: what lies deeper first."""
    for entry in reversed(entries):
        if entry.kind == "link" or entry.same_as:
            continue
        with opened(root, from_wire(entry.path), READING) as descriptor:
            for name, value in entry.attributes.items():
                os.setxattr(descriptor, from_wire(name), value)
            os.fchmod(descriptor, entry.mode)
            os.utime(descriptor, ns=(entry.modified_ns, entry.modified_ns))
