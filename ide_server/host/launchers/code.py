"""A model's code, as the host sees it: which file it is, and its digest. Read beneath the root folder's descriptor."""

import hashlib
import os
import stat

from ide_server.host.launchers.spawn import Language

CODE_FILES: dict[str, Language] = {"main.py": "python", "index.js": "node", "index.mjs": "node", "index.ts": "node"}


def language_of(root: int) -> Language | None:
    """What the code is written in; None if there is none. Blocks."""
    name = code_file_of(root)
    return None if name is None else CODE_FILES[name]


def digest_of(root: int) -> str:
    """SHA-256 of the code file; "" if there is none that can be read. Blocks."""
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
