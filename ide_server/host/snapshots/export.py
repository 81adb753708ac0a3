"""A snapshot as one file: a zip that any program opens, with a manifest that makes it whole again.

`manifest.json` tells of every entry; `files/<path>` holds the files, `state/<number>` the keys of the state in order.
"""

from collections.abc import AsyncIterable, AsyncIterator, Iterator
from typing import IO

import msgspec

from ide_server.errors import InvalidRequest
from ide_server.host.snapshots import plan
from ide_server.host.snapshots.manifest import PIECE_BYTES, Digest, Manifest
from ide_server.host.snapshots.store import Store
from ide_server.host.zips import Unzipped, zipped

MANIFEST = "manifest.json"
MAX_MANIFEST_BYTES = 64 << 20

Content = tuple[str, list[Digest]]


def exported(manifest: Manifest, store: Store) -> AsyncIterator[bytes]:
    return zipped(_files(manifest, store))


async def imported(file: IO[bytes], store: Store) -> Manifest:
    """Its pieces are put into the store, whose lock the caller holds. Raises InvalidRequest."""
    manifest: Manifest | None = None
    expected: dict[str, list[Digest]] = {}
    async for name, content in _whole_pieces(Unzipped(file)):
        if manifest is None:
            manifest = _parsed(name, content)
            expected = {name: list(reversed(pieces)) for name, pieces in _contents(manifest)}
        else:
            await _put(store, name, content, expected)
    missing = next((name for name, pieces in expected.items() if pieces), None)
    if manifest is None or missing is not None:
        raise InvalidRequest(f"The file is not a whole snapshot: {missing or MANIFEST} is missing or cut short.")
    return manifest


def _contents(manifest: Manifest) -> Iterator[Content]:
    for entry in manifest.entries:
        if entry.kind == "file" and not entry.same_as:
            yield f"files/{entry.path}", entry.pieces
    for number, key in enumerate(manifest.state.keys if manifest.state else ()):
        yield f"state/{number}", key.pieces


async def _files(manifest: Manifest, store: Store) -> AsyncIterator[tuple[str, AsyncIterable[bytes]]]:
    yield MANIFEST, _once(msgspec.json.format(msgspec.json.encode(manifest), indent=1))
    for name, pieces in _contents(manifest):
        yield name, store.content(pieces)


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content


async def _whole_pieces(files: AsyncIterable[tuple[str, bytes]]) -> AsyncIterator[tuple[str, bytes]]:
    """The manifest in one, all else in pieces as a snapshot has them; nothing of empty files."""
    current, pending = "", bytearray()
    async for name, chunk in files:
        if name != current:
            if pending:
                yield current, bytes(pending)
            current, pending = name, bytearray()
        pending += chunk
        if len(pending) > (MAX_MANIFEST_BYTES if name == MANIFEST else PIECE_BYTES):
            if name == MANIFEST:
                raise InvalidRequest(f"Expected a {MANIFEST} of at most {MAX_MANIFEST_BYTES:,} bytes; it has more.")
            yield current, bytes(pending[:PIECE_BYTES])
            del pending[:PIECE_BYTES]
    if pending:
        yield current, bytes(pending)


def _parsed(name: str, content: bytes) -> Manifest:
    if name != MANIFEST:
        raise InvalidRequest(f"Expected {MANIFEST} first in the file of a snapshot, got {name!r}.")
    try:
        manifest = msgspec.json.decode(content, type=Manifest)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise InvalidRequest(f"{MANIFEST} is not that of a snapshot: {error}.") from error
    plan.check_manifest(manifest)
    return manifest


async def _put(store: Store, name: str, content: bytes, expected: dict[str, list[Digest]]) -> None:
    [digest] = await store.put([content])
    if not expected.get(name) or expected[name].pop() != digest:
        raise InvalidRequest(f"{name!r} is not what {MANIFEST} says of it; the file is damaged or was changed.")
