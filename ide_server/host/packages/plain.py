"""Files and folders of a model, read for their content. They are the person's: links, pipes, of any size, not text.

All here blocks. What is not there, leads out of the model or cannot be read is as good as absent.
"""

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from itertools import islice

from ide_server.host.files.beneath import open_beneath, opened

MAX_FILE_BYTES = 256 << 10
MAX_NAMES = 20_000
"""As many names of a folder are looked at; a folder of packages has hundreds."""

ABSENT = frozenset(
    (
        *(errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ENXIO, errno.ENAMETOOLONG),
        *(errno.EXDEV, errno.ELOOP, errno.EACCES, errno.EPERM),
    )
)


@contextlib.contextmanager
def absent_if_unreadable() -> Iterator[None]:
    """Lets through only what is no property of the file, such as a filesystem that is being mounted again."""
    try:
        yield
    except OSError as error:
        if error.errno not in ABSENT:
            raise


def read_text(root: int, path: bytes, *, max_bytes: int = MAX_FILE_BYTES) -> str | None:
    """None for what is no plain file of UTF-8 text, and for a larger one."""
    with absent_if_unreadable(), opened(root, path, os.O_RDONLY | os.O_NONBLOCK) as descriptor:
        status = os.fstat(descriptor)
        if stat.S_ISREG(status.st_mode) and status.st_size <= max_bytes:
            with contextlib.suppress(UnicodeDecodeError), os.fdopen(os.dup(descriptor), "rb") as file:
                return file.read(max_bytes).decode()
    return None


def read_start(root: int, path: bytes, *, max_bytes: int) -> str:
    """As much of a plain file; empty for what is none. What is no UTF-8 becomes U+FFFD."""
    with absent_if_unreadable(), opened(root, path, os.O_RDONLY | os.O_NONBLOCK) as descriptor:
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            with os.fdopen(os.dup(descriptor), "rb") as file:
                return file.read(max_bytes).decode(errors="replace")
    return ""


def folder_names(root: int, path: bytes) -> list[str]:
    """Of the folders in a folder."""
    with absent_if_unreadable():
        descriptor = open_beneath(root, path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            with os.scandir(descriptor) as entries:
                return [entry.name for entry in islice(entries, MAX_NAMES) if entry.is_dir(follow_symlinks=False)]
        finally:
            os.close(descriptor)
    return []


def changed_ns(root: int, path: bytes) -> int | None:
    """When the file was written, or the folder got or lost a name."""
    with absent_if_unreadable(), opened(root, path, os.O_PATH) as descriptor:
        return os.fstat(descriptor).st_mtime_ns
    return None
