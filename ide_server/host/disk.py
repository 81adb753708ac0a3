"""The server's own disk, as far as model code writes to it: states and results, which no filesystem's limit counts."""

import os
from pathlib import Path
from typing import IO

from ide_server.errors import FilesystemUnavailable
from ide_server.settings import MEBIBYTE

RESERVE_BYTES = 256 * MEBIBYTE
"""Kept free for what must go on: the database, journals, models' filesystems."""


def append(path: Path, chunk: bytes) -> None:
    """Raises FilesystemUnavailable rather than fill the disk. Blocks."""
    with path.open("ab") as file:
        write(file, chunk)


def write(file: IO[bytes], chunk: bytes) -> None:
    """As append does."""
    check_room(file.fileno(), len(chunk))
    file.write(chunk)


def check_room(place: Path | int, byte_size: int) -> None:
    """`place`: a folder, or a file's descriptor. Raises FilesystemUnavailable. Blocks."""
    status = os.statvfs(place)
    if status.f_bavail * status.f_frsize < RESERVE_BYTES + byte_size:
        raise FilesystemUnavailable(
            f"The server's disk has less than {RESERVE_BYTES // MEBIBYTE} MiB free, so this was not kept. Delete "
            "models, states or operations, or tell whoever runs the server."
        )
