"""The server's own disk, as far as model code writes to it: states and results, which no filesystem's limit counts."""

import shutil
from pathlib import Path

from ide_server.errors import FilesystemUnavailable
from ide_server.settings import MEBIBYTE

RESERVE_BYTES = 256 * MEBIBYTE
"""Kept free for what must go on: the database, journals, models' filesystems."""


def append(path: Path, chunk: bytes) -> None:
    """Raises FilesystemUnavailable rather than fill the disk. Blocks."""
    if shutil.disk_usage(path.parent).free < RESERVE_BYTES + len(chunk):
        raise FilesystemUnavailable(
            f"The server's disk has less than {RESERVE_BYTES // MEBIBYTE} MiB free, so what the code returned was not "
            "kept. Delete models, states or operations, or tell whoever runs the server."
        )
    with path.open("ab") as file:
        file.write(chunk)
