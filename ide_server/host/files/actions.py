"""The steps of the files API, each within one thread, relative to the root's descriptor. All here blocks.

They raise OSError and, where they know more than errno does, our errors.
"""

import contextlib
import errno
import os
import stat

from ide_server.errors import FileNotFound, InvalidRequest, NotAFile
from ide_server.host.files import conditions
from ide_server.host.files.beneath import opened, parent_of, rename_without_replacing
from ide_server.host.files.entries import entry_at, entry_of, etag
from ide_server.host.files.removal import remove_folder
from ide_server.host.mounts.names import to_wire
from ide_server.wire import Entry

FILE_MODE = 0o644
FOLDER_MODE = 0o755


def list_folder(root: int, path: bytes) -> list[Entry]:
    prefix = path + b"/" if path else b""
    listed: list[Entry] = []
    with opened(root, path, os.O_RDONLY | os.O_DIRECTORY) as folder:
        for name in sorted(map(os.fsencode, os.listdir(folder))):
            with contextlib.suppress(FileNotFoundError):  # removed since it was listed
                listed.append(entry_at(folder, name, prefix + name))
    return listed


def entry(root: int, path: bytes) -> Entry:
    if not path:
        return entry_of(os.stat(root), path)
    with parent_of(root, path) as (folder, name):
        return entry_at(folder, name, path)


def find_file(root: int, path: bytes) -> os.stat_result | None:
    """The regular file there, links followed; None where a new one could be made. Raises NotAFile, FileNotFound."""
    try:
        with opened(root, path, os.O_PATH) as found:
            status = os.fstat(found)
    except FileNotFoundError:
        _require_absent(root, path)
        return None
    if not stat.S_ISREG(status.st_mode):
        raise NotAFile(f"{to_wire(path)} is not a file that can be written.")
    return status


def make_file(root: int, path: bytes) -> os.stat_result | None:
    """An empty one; None if something has that name."""
    try:
        with opened(root, path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode=FILE_MODE) as made:
            return os.fstat(made)
    except FileExistsError:
        return None


def unmake_file(root: int, path: bytes, made: os.stat_result) -> None:
    """Remove what make_file made, unless somebody has written there since."""
    with contextlib.suppress(FileNotFoundError), parent_of(root, path) as (folder, name):
        if etag(os.stat(name, dir_fd=folder, follow_symlinks=False)) == etag(made):
            os.unlink(name, dir_fd=folder)


def make_folder(root: int, path: bytes) -> Entry:
    with parent_of(root, path) as (folder, name):
        os.mkdir(name, FOLDER_MODE, dir_fd=folder)
        return entry_at(folder, name, path)


def make_folders_above(root: int, path: bytes) -> None:
    names = path.split(b"/")
    for count in range(1, len(names)):
        with contextlib.suppress(FileExistsError):
            make_folder(root, b"/".join(names[:count]))


def move(root: int, source: bytes, destination: bytes) -> Entry:
    with parent_of(root, source) as (folder, name), parent_of(root, destination) as (new_folder, new_name):
        rename_without_replacing(folder, name, new_folder, new_name)
        return entry_at(new_folder, new_name, destination)


def writable_parent(root: int, path: bytes) -> tuple[int, bytes]:
    """The inode number of the folder a path is in, and its last name. Raises PermissionError where it is closed."""
    with parent_of(root, path) as (folder, name):
        if not os.access(b".", os.W_OK | os.X_OK, dir_fd=folder, effective_ids=True):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return os.fstat(folder).st_ino, name


def remove(root: int, path: bytes, condition: conditions.IfMatch) -> None:
    """A file may be written between the check and its removal: unlink(2) knows no condition."""
    with parent_of(root, path) as (folder, name):
        status = os.stat(name, dir_fd=folder, follow_symlinks=False)
        if stat.S_ISREG(status.st_mode):
            conditions.check(condition, to_wire(path), etag(status))
        elif condition.etags is not None:
            raise InvalidRequest(f"{to_wire(path)} is not a file, so it has no etag. Remove it with If-Match: *.")
        if stat.S_ISDIR(status.st_mode):
            remove_folder(folder, name)
        else:
            os.unlink(name, dir_fd=folder)


def _require_absent(root: int, path: bytes) -> None:
    """Where following a path found nothing: its folder must be there, and it must not be a link to nothing."""
    folder = path.rpartition(b"/")[0]
    try:
        with (
            parent_of(root, path) as (descriptor, name),
            contextlib.suppress(OSError),
        ):  # as it should be: no link there
            target = os.readlink(name, dir_fd=descriptor)
            raise NotAFile(f"{to_wire(path)} is a link to {to_wire(target)}, which is not there.")
    except FileNotFoundError as error:
        raise FileNotFound(f"The folder {to_wire(folder)} is not there. Make it first.") from error
