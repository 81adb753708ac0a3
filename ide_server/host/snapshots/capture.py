"""Reading what a snapshot is to hold into the store: only what is not there yet."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from ide_server.host.files.failures import attempt
from ide_server.host.mounts import Mount
from ide_server.host.snapshots import plan, tree
from ide_server.host.snapshots.manifest import PIECE_BYTES, Digest, Entry, Key, Manifest
from ide_server.host.snapshots.store import Store


async def read_files(mount: Mount, store: Store, entries: Sequence[Entry], earlier: Manifest | None) -> list[Entry]:
    """The entries with their pieces. What an earlier snapshot has read, and has not changed since, is not read again.

    Raises FilesystemUnavailable.
    """
    before = {} if earlier is None else {entry.path: entry for entry in earlier.entries}
    walked_ns = 0 if earlier is None else earlier.walked_ns
    files = [entry for entry in entries if entry.kind == "file" and not entry.same_as]
    known = {entry.path: plan.known_pieces(entry, before, walked_ns=walked_ns) for entry in files}
    contents = await _read(mount, store, [entry for entry in files if known[entry.path] is None])
    gone = {entry.path for entry in files if entry.byte_size > 0 and contents.get(entry.path) == []}
    there = (entry for entry in entries if entry.path not in gone and entry.same_as not in gone)
    return [_with_content(entry, known.get(entry.path), contents) for entry in there]


async def read_key(store: Store, key: str, path: Path) -> Key:
    """Of a state. Raises FilesystemUnavailable."""
    pieces: list[Digest] = []
    byte_size = 0
    with await asyncio.to_thread(path.open, "rb") as file:
        while content := await asyncio.to_thread(file.read, PIECE_BYTES):
            pieces += await store.put([content])
            byte_size += len(content)
    return Key(key, byte_size, pieces)


async def _read(mount: Mount, store: Store, files: Sequence[Entry]) -> Mapping[str, list[tuple[Digest, int]]]:
    """By path, the digest and size of each piece, as far as the file could be read."""
    contents: dict[str, list[tuple[Digest, int]]] = {entry.path: [] for entry in files}
    for batch in plan.batches(plan.sized_pieces(files)):
        read = await attempt(mount, "", tree.read, batch)
        there = [(piece, content) for piece, content in zip(batch, read, strict=True) if content is not None]
        digests = await store.put([content for _, content in there])
        for (piece, content), digest in zip(there, digests, strict=True):
            if len(contents[piece.path]) == piece.number:
                contents[piece.path].append((digest, len(content)))
    return contents


def _with_content(entry: Entry, known: list[Digest] | None, contents: Mapping[str, list[tuple[Digest, int]]]) -> Entry:
    if known is not None:
        return msgspec.structs.replace(entry, pieces=known)
    return plan.with_pieces(entry, contents[entry.path]) if entry.path in contents else entry
