"""What is known of a name in a folder, and the etag of what it holds."""

import os
import stat

from ide_server.host.mounts.names import to_wire
from ide_server.wire import Entry, EntryKind


def etag(found: os.stat_result) -> str:
    """Strong: it changes with every write, and with every rename, which sets the change time. Nothing sets that back.

    Without the inode number, which another mount of the same files may give anew.
    """
    numbers = (found.st_mtime_ns, found.st_ctime_ns, found.st_size)
    return '"' + "-".join(format(number, "x") for number in numbers) + '"'


def entry_at(folder: int, name: bytes, path: bytes) -> Entry:
    """Of the name itself: a link is not followed. Raises FileNotFoundError. Blocks."""
    found = os.stat(name, dir_fd=folder, follow_symlinks=False)
    target = os.readlink(name, dir_fd=folder) if stat.S_ISLNK(found.st_mode) else None
    return entry_of(found, path, link_target=target)


def entry_of(found: os.stat_result, path: bytes, *, link_target: bytes | None = None) -> Entry:
    is_file = stat.S_ISREG(found.st_mode)
    return Entry(
        name=to_wire(path.rpartition(b"/")[2]),
        path=to_wire(path),
        kind=kind_of(found.st_mode),
        byte_size=found.st_size,
        modified_at=found.st_mtime_ns / 1e9,
        etag=etag(found) if is_file else None,
        executable=is_file and bool(found.st_mode & stat.S_IXUSR),
        link_target=None if link_target is None else to_wire(link_target),
    )


def kind_of(mode: int) -> EntryKind:
    if stat.S_ISREG(mode):
        return "file"
    if stat.S_ISDIR(mode):
        return "folder"
    return "link" if stat.S_ISLNK(mode) else "other"
