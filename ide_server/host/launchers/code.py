"""A model's code, as the host sees it: which file it is, its digest, and whether any of it has changed.

All here blocks, and works beneath the root folder, which is open as `root`.
"""

import hashlib
import os
import secrets
import stat
from typing import NamedTuple

from ide_server.host.files.beneath import opened
from ide_server.host.launchers.spawn import Language

NO_CODE = (b"node_modules", b"__pycache__")
"""Folders of many files, in which nobody writes code."""
PACKAGES = ("node_modules/.package-lock.json", *(f".venv/lib/python3.{minor}/site-packages" for minor in range(9, 20)))
"""What installing a person's own packages changes."""
MARKED_ENTRIES = 2000

CODE_FILES: dict[str, Language] = {"main.py": "python", "index.js": "node", "index.mjs": "node", "index.ts": "node"}


def language_of(root: int) -> Language | None:
    """What the code is written in; None if there is none."""
    name = code_file_of(root)
    return None if name is None else CODE_FILES[name]


def digest_of(root: int) -> str:
    """SHA-256 of the code file; "" if there is none that can be read."""
    name = code_file_of(root)
    if name is None:
        return ""
    try:
        descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=root)
    except OSError:  # a link, or gone meanwhile; the launcher says what it makes of it
        return ""
    try:
        return _digest(descriptor) if stat.S_ISREG(os.fstat(descriptor).st_mode) else ""
    finally:
        os.close(descriptor)


def _digest(descriptor: int) -> str:
    with open(descriptor, "rb", closefd=False) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def code_file_of(root: int) -> str | None:
    """The first of CODE_FILES that is there. Blocks."""
    return next((name for name in CODE_FILES if _exists(root, name)), None)


def _exists(root: int, name: str) -> bool:
    try:
        os.stat(name, dir_fd=root, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


class Code(NamedTuple):
    digest: str
    mark: str
    """Differs from an earlier one where any file was changed, added or removed since: code reads more than code."""


def mark_of(root: int) -> str:
    digest = hashlib.sha256()
    waiting, left = [b""], MARKED_ENTRIES
    while waiting and left > 0:
        path = waiting.pop()
        try:
            with opened(root, path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW) as folder:
                names = sorted(map(os.fsencode, os.listdir(folder)))
                left -= len(names)
                for name in names[:MARKED_ENTRIES]:
                    waiting += _mark(folder, name, path + b"/" + name if path else name, digest)
        except OSError as error:  # removed meanwhile, or closed by its own permissions
            digest.update(b"%s %d\0" % (path, error.errno or 0))
    for place in PACKAGES:
        digest.update(_change_of(root, place))
    # Of a larger tree it is not known, which has to count as changed.
    return digest.hexdigest() if left > 0 else secrets.token_hex()


def _mark(folder: int, name: bytes, path: bytes, digest: "hashlib._Hash") -> list[bytes]:
    """The path again, if it is a folder to be looked into."""
    status = os.stat(name, dir_fd=folder, follow_symlinks=False)
    if stat.S_ISDIR(status.st_mode):
        return [] if name.startswith(b".") or name in NO_CODE else [path]
    if not name.startswith(b"."):
        digest.update(b"%s %d %d %d\0" % (path, status.st_ino, status.st_size, status.st_ctime_ns))
    return []


def _change_of(root: int, path: str) -> bytes:
    try:
        return b"%d\0" % os.stat(path, dir_fd=root).st_mtime_ns
    except OSError:
        return b"\0"
