"""A zip of entries: arrays of numpy, a key each; or encoded files, whose folders are their labels."""

import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import IO

from ide_server.errors import InvalidRequest
from ide_server.host.datasets.entries import MAX_ENTRY_BYTES, Batch, Entries, LargeEntry, singles_of
from ide_server.host.datasets.media import type_of_format
from ide_server.host.datasets.npy import read_npy
from ide_server.host.tensors import File, Header, encode_files
from ide_server.wire import ElementType

CHUNK_BYTES = 1 << 20
SMALL_BYTES = 256 << 10
MAX_READ_BYTES = 16 << 20
"""At once: about 200,000 files are listed in so much."""


def read_zip(file: IO[bytes]) -> Iterator[Batch]:
    """Raises InvalidRequest."""
    try:
        with zipfile.ZipFile(_Bounded(file)) as archive:
            entries = sorted(filter(is_content, archive.infolist()), key=lambda entry: entry.filename)
            if not entries:
                raise InvalidRequest("Expected a zip with files in it, got one without.")
            if all(entry.filename.lower().endswith(".npy") for entry in entries):
                yield from _arrays(archive, entries)
            else:
                yield from _files(archive, entries)
    # An encrypted file raises RuntimeError, a compression that Python lacks NotImplementedError.
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, UnicodeDecodeError) as error:
        raise InvalidRequest(f"The zip cannot be read: {error}. Make it anew, without a password.") from error


def is_content(entry: zipfile.ZipInfo) -> bool:
    """No folder, and nothing that a desktop has put beside what a person meant."""
    parts = PurePosixPath(entry.filename).parts
    hidden = any(part.startswith((".", "__MACOSX")) for part in parts)
    return not entry.is_dir() and not hidden and bool(parts) and parts[-1] not in ("Thumbs.db", "desktop.ini")


def _arrays(archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo]) -> Iterator[Batch]:
    names = [PurePosixPath(entry.filename).stem for entry in entries]
    name, count = Counter(names).most_common(1)[0]
    if count > 1:
        raise InvalidRequest(f"Expected one {name[:200]}.npy in the zip, as each becomes a key, got {count}.")
    for name, entry in zip(names, entries, strict=True):
        with archive.open(entry) as content:
            yield from read_npy(content, name)


def _files(archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo]) -> Iterator[Batch]:
    element_type = _type_of_all(entries)
    label = _label_key(entries)
    for entry in entries:
        path = PurePosixPath(entry.filename)
        yield _media(archive, entry, element_type)
        yield singles_of(label, "string", [path.parent.name if label == "label" else path.name], [entry.filename])


def _type_of_all(entries: list[zipfile.ZipInfo]) -> ElementType:
    first, kind = entries[0], type_of_format(format_of(entries[0]))
    for entry in entries:
        if type_of_format(format_of(entry)) != kind:
            raise InvalidRequest(
                f"Expected files of one kind: {first.filename[:200]!r} is {kind}, {entry.filename[:200]!r} is "
                f"{type_of_format(format_of(entry))}. Zip each kind by itself."
            )
    return kind


def _label_key(entries: list[zipfile.ZipInfo]) -> str:
    """In folders, these are the labels; beside each other, files are told apart by their names."""
    outside = [entry.filename for entry in entries if len(PurePosixPath(entry.filename).parts) == 1]
    if outside and len(outside) < len(entries):
        raise InvalidRequest(
            f"Expected either all files in folders, which name their labels, or none; {outside[0][:200]!r} is in none."
        )
    return "name" if outside else "label"


def _media(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, element_type: ElementType) -> Batch:
    if entry.file_size > MAX_ENTRY_BYTES:
        raise InvalidRequest(
            f"{entry.filename[:200]!r}: expected at most {MAX_ENTRY_BYTES:,} bytes, got {entry.file_size:,}."
        )
    kept = format_of(entry) if element_type != "binary" else ""
    if entry.file_size <= SMALL_BYTES:
        data = encode_files(element_type, [], [(kept, archive.read(entry))])
        return Entries(element_type, element_type, [], [data])
    header = Header(element_type, [], [File(kept, entry.file_size)])
    return LargeEntry(element_type, header, entry.file_size, _chunks(archive, entry))


def _chunks(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    with archive.open(entry) as content:
        while chunk := content.read(CHUNK_BYTES):
            yield chunk


def format_of(entry: zipfile.ZipInfo) -> str:
    return PurePosixPath(entry.filename).suffix.removeprefix(".").lower()


class _Bounded:
    """What zipfile reads, but for a directory of files that is larger than it may be, as it holds that as a whole."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.seek = file.seek
        self.tell = file.tell
        self.seekable = file.seekable

    def read(self, size: int = -1) -> bytes:
        if size > MAX_READ_BYTES:
            raise InvalidRequest("The zip holds too many files. Zip and append them in several parts.")
        return self._file.read(size)
