"""What is to be read for a snapshot, and what is to be done for one to come back: pure decisions over entries."""

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

import msgspec

from ide_server.errors import InvalidRequest
from ide_server.host.files.beneath import checked_name
from ide_server.host.files.space import charged_bytes
from ide_server.host.mounts.names import from_wire
from ide_server.host.snapshots.manifest import PIECE_BYTES, Digest, Entry, Manifest, piece_count
from ide_server.host.snapshots.tree import Piece

BATCH_BYTES = 4 << 20
BATCH_PIECES = 256
TICK_NS = 1_000_000_000
"""A file changed so shortly before the tree was looked at may have been changed again with the same time."""


@dataclass(frozen=True)
class Restoring:
    """How a tree becomes the one that a manifest tells of."""

    staying: list[str]
    """Folders."""
    removed: list[str]
    made: list[Entry]
    finished: list[Entry]
    """What gets its attributes, mode and time at the end: all that is made, and the folders that stay."""


def known_pieces(entry: Entry, earlier: Mapping[str, Entry], *, walked_ns: int) -> list[Digest] | None:
    """What an earlier snapshot read of this file; None if it may have changed since."""
    before = earlier.get(entry.path)
    if before is None or before.kind != "file" or before.same_as or entry.same_as:
        return None
    if _content_of(before) != _content_of(entry) or entry.changed_ns > walked_ns - TICK_NS:
        return None
    return before.pieces


def pieces_of(entry: Entry) -> list[Piece]:
    return [Piece(entry.path, number) for number in range(piece_count(entry.byte_size))]


def batches(pieces: Iterable[tuple[Piece, int]]) -> Iterator[list[Piece]]:
    """Of pieces with their sizes in bytes: as many at once as memory should hold."""
    batch: list[Piece] = []
    byte_size = 0
    for piece, size in pieces:
        if batch and (byte_size + size > BATCH_BYTES or len(batch) == BATCH_PIECES):
            yield batch
            batch, byte_size = [], 0
        batch.append(piece)
        byte_size += size
    if batch:
        yield batch


def sized_pieces(entries: Iterable[Entry]) -> Iterator[tuple[Piece, int]]:
    for entry in entries:
        for piece in pieces_of(entry):
            yield piece, min(PIECE_BYTES, entry.byte_size - piece.number * PIECE_BYTES)


def restoring(present: Sequence[Entry], foreign: Sequence[str], wanted: Sequence[Entry]) -> Restoring:
    """`foreign`: paths of what is there and no snapshot can hold; it goes only where it is in the way."""
    there, aims = {entry.path: entry for entry in present}, {entry.path: entry for entry in wanted}
    linked = _linked(present) | _linked(wanted)
    kept = {path for path, entry in there.items() if path in aims and _stays(entry, aims[path], linked)}
    gone = [path for path in there if path not in kept] + [path for path in foreign if path in aims]
    return Restoring(
        staying=[path for path in kept if aims[path].kind == "folder"],
        removed=_outermost(gone),
        made=[entry for entry in wanted if entry.path not in kept],
        finished=[entry for entry in wanted if entry.path not in kept or entry.kind == "folder"],
    )


def needed(entries: Iterable[Entry]) -> tuple[int, int]:
    """Bytes, as a filesystem charges them, and files and folders."""
    own = [entry for entry in entries if not entry.same_as]
    return sum(charged_bytes(entry.byte_size) for entry in own), len(own)


def check_manifest(manifest: Manifest) -> None:
    """Raises InvalidRequest where one that came from elsewhere tells of nothing that there could be."""
    before: dict[str, Entry] = {}
    for entry in manifest.entries:
        checked_name(entry.path)
        _check_place(entry, before)
        _check_content(entry)
        before[entry.path] = entry
    keys = manifest.state.keys if manifest.state else []
    if any(len(key.pieces) != piece_count(key.byte_size) for key in keys) or len({key.key for key in keys}) != len(
        keys
    ):
        raise InvalidRequest("The keys of the snapshot's state do not fit its pieces.")


def _check_place(entry: Entry, before: Mapping[str, Entry]) -> None:
    above = entry.path.rpartition("/")[0]
    if entry.path in before or (above and (above not in before or before[above].kind != "folder")):
        raise InvalidRequest(f"Expected each path of a snapshot once and after its folder, got {entry.path!r}.")
    first = before.get(entry.same_as)
    if entry.same_as and (first is None or first.kind != "file" or entry.kind != "file" or first.same_as):
        raise InvalidRequest(f"{entry.path!r} is another name of {entry.same_as!r}, which is no file before it.")


def _check_content(entry: Entry) -> None:
    has_content = entry.kind == "file" and not entry.same_as
    if len(entry.pieces) != (piece_count(entry.byte_size) if has_content else 0) or entry.mode & ~0o7777:
        raise InvalidRequest(f"The kind, mode, size and pieces of {entry.path!r} do not go together.")
    if not 0 <= entry.modified_ns < 1 << 63 or (entry.kind == "link") != bool(entry.target):
        raise InvalidRequest(f"The time or the target of {entry.path!r} is none that there could be.")
    names = [*entry.attributes, entry.target]
    if any(b"\0" in from_wire(name) for name in names) or not all(
        name.startswith("user.") for name in entry.attributes
    ):
        raise InvalidRequest(f"{entry.path!r} has an attribute or a target that a filesystem cannot have.")


def with_pieces(entry: Entry, contents: Sequence[tuple[Digest, int]]) -> Entry:
    """The file as it was read: up to the first piece that was not whole."""
    pieces, byte_size = [], 0
    for digest, size in contents:
        if size > 0:
            pieces.append(digest)
            byte_size += size
        if size < PIECE_BYTES:
            break
    return msgspec.structs.replace(entry, pieces=pieces, byte_size=byte_size)


def _content_of(entry: Entry) -> tuple[int, int, int]:
    return entry.byte_size, entry.modified_ns, entry.changed_ns


def _stays(present: Entry, wanted: Entry, linked: Set[str]) -> bool:
    if present.kind != wanted.kind or present.path in linked:
        return False
    match wanted.kind:
        case "folder":
            return True
        case "link":
            return present.target == wanted.target
        case "file":
            return _content_of(present) == _content_of(wanted)


def _linked(entries: Iterable[Entry]) -> set[str]:
    """Paths of files with several names."""
    return {path for entry in entries if entry.same_as for path in (entry.path, entry.same_as)}


def _outermost(paths: Iterable[str]) -> list[str]:
    """Without those that go with a folder above them."""
    chosen: list[str] = []
    for path in sorted(paths, key=lambda path: path.split("/")):
        if not chosen or not path.startswith(chosen[-1] + "/"):
            chosen.append(path)
    return chosen
