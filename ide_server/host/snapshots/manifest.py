"""What a snapshot holds, as data: the entries of a filesystem and of a state, whose content is named by its digests."""

from typing import Literal

import msgspec

from ide_server.wire import EnvironmentChoice, LaunchChoice, StateId

PIECE_BYTES = 1 << 20
"""Content is cut into pieces of this size; each is kept once, however many files and snapshots hold it."""

Digest = str
"""SHA-256 in hexadecimal."""


class Entry(msgspec.Struct, frozen=True, omit_defaults=True):
    """A file, folder or link. `path` is spelled as messages spell it; modified_ns is in nanoseconds since the epoch."""

    path: str
    kind: Literal["file", "folder", "link"]
    mode: int = 0
    modified_ns: int = 0
    changed_ns: int = 0
    """Its ctime, which nobody can set: one that has it, its size and its mtime still has its content."""
    byte_size: int = 0
    pieces: list[Digest] = []
    target: str = ""
    attributes: dict[str, bytes] = {}
    """user.* only, by name."""
    same_as: str = ""
    """Path of the entry that this one is another name of (a hard link)."""


class Key(msgspec.Struct, frozen=True):
    """One key of the state."""

    key: str
    byte_size: int
    pieces: list[Digest]


class StateContent(msgspec.Struct, frozen=True):
    state_id: StateId
    """Of the state that it was; a model that still has it gets no second one."""
    name: str
    keys: list[Key]


class Manifest(msgspec.Struct, frozen=True):
    entries: list[Entry]
    """Folders before what is in them."""
    left_out: list[str]
    """Paths of what is not kept: sockets, FIFOs, and what the model's own permissions close."""
    walked_ns: int
    """When the tree was looked at."""
    limit_bytes: int
    environment: EnvironmentChoice | None
    state: StateContent | None
    launch: LaunchChoice | None = None
    """None: it was taken before snapshots kept one."""

    @property
    def byte_size(self) -> int:
        """Of all content, each file counted once."""
        files = sum(entry.byte_size for entry in self.entries)
        return files + sum(key.byte_size for key in (self.state.keys if self.state else ()))

    @property
    def digests(self) -> set[Digest]:
        digests = {digest for entry in self.entries for digest in entry.pieces}
        return digests.union(*(key.pieces for key in (self.state.keys if self.state else ())))


def piece_count(byte_size: int) -> int:
    return -(-byte_size // PIECE_BYTES)
