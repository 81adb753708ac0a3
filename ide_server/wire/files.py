"""Files and folders of a model."""

from typing import Literal

from ide_server.wire.base import Message, Request, TrashId, UploadId

EntryKind = Literal["file", "folder", "link", "other"]


class Entry(Message, frozen=True):
    """A name in a folder. `path` is relative to the filesystem's root, without a leading slash."""

    name: str
    path: str
    kind: EntryKind
    byte_size: int
    modified_at: float
    etag: str | None
    """Of files only: pass it as If-Match to write."""
    executable: bool = False
    link_target: str | None = None


class Move(Request, frozen=True):
    source: str
    destination: str


class Copy(Request, frozen=True):
    source: str
    destination: str


class NewTrash(Request, frozen=True):
    paths: list[str]


class Trashed(Message, frozen=True):
    """What was deleted together, and can be put back together until then."""

    id: TrashId
    paths: list[str]
    until: float


class NewUpload(Request, frozen=True):
    path: str
    byte_size: int
    expected: str | None = None
    """The etag of the file that it replaces, * for any; null where there must be none."""


class Upload(Message, frozen=True):
    """A file that comes in several requests."""

    id: UploadId
    path: str
    byte_size: int
    received_bytes: int
    entry: Entry | None
    """Once all has come: the file as it was put in place."""
