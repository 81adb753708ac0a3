"""Files and folders as one zip, made while it is sent."""

import contextlib
import os
import stat
import time
import zipfile
from collections.abc import AsyncGenerator, Generator, Sequence

import anyio

from ide_server.host.files.failures import attempt
from ide_server.host.files.steps import held_root
from ide_server.host.files.trees import CHUNK_BYTES, Found, open_file, walk
from ide_server.host.mounts import Mount
from ide_server.host.mounts.names import to_wire
from ide_server.host.zips import Sink

FASTEST = 1
"""Of the levels of compression: a third of a text's size is left, and the network is what one waits for."""

FIRST_YEAR, LAST_YEAR = 1980, 2107
IS_FOLDER = 0x10

Chunks = Generator[bytes, None, None]


async def archive(mount: Mount, path: str, names: Sequence[bytes]) -> AsyncGenerator[bytes, None]:
    """What has these names, with all below it. Raises FileNotFound before the first chunk."""
    with held_root(mount) as root:
        chunks = _archived(root, names)
        try:
            while chunk := await attempt(mount, path, _next, chunks):
                yield chunk
        finally:
            with anyio.CancelScope(shield=True):
                await mount.threads.run(chunks.close)


def _next(_: int, chunks: Chunks) -> bytes:
    """Empty at the end only."""
    return next((chunk for chunk in chunks if chunk), b"")


def _archived(root: int, names: Sequence[bytes]) -> Chunks:
    sink = Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED, compresslevel=FASTEST) as made:  # type: ignore[call-overload]  # it needs no close
        for name in names:
            for found in walk(root, name):
                yield from _add(made, sink, found)
    yield sink.take()


def _add(made: zipfile.ZipFile, sink: Sink, found: Found) -> Chunks:
    """Links are links in it, as Info-ZIP has them. What was removed since it was found is left out."""
    entry = _described(found)
    if found.is_folder:
        made.writestr(entry, b"", zipfile.ZIP_STORED)
    elif found.is_link:
        made.writestr(entry, found.link_target(), zipfile.ZIP_STORED)
    else:
        with (
            contextlib.suppress(FileNotFoundError),
            open_file(found) as file,
            made.open(entry, "w", force_zip64=True) as member,
        ):
            while chunk := os.read(file, CHUNK_BYTES):
                member.write(chunk)
                yield sink.take()
    yield sink.take()


def _described(found: Found) -> zipfile.ZipInfo:
    modified = time.localtime(found.status.st_mtime)[:6]
    if not FIRST_YEAR <= modified[0] <= LAST_YEAR:
        modified = (FIRST_YEAR, 1, 1, 0, 0, 0)
    entry = zipfile.ZipInfo(to_wire(found.path) + ("/" if found.is_folder else ""), modified)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.create_system = 3  # Unix: the mode is in the upper half
    entry.external_attr = (stat.S_IFMT(found.status.st_mode) | found.status.st_mode & 0o777) << 16
    if found.is_folder:
        entry.external_attr |= IS_FOLDER
    return entry
