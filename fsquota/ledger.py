"""What a filesystem holds and may hold. Pure accounting: it knows numbers, no files.

Bytes are charged by whole blocks of 4 KiB, files (and folders) one by one. Every charge is made before what it pays for
is done, and given back when that fails, so the use never passes a limit, not even for a moment.
"""

from dataclasses import dataclass

BLOCK_BYTES = 4096


def charged_bytes(byte_size: int) -> int:
    """The bytes that content of this length is charged with: its whole blocks, holes included."""
    return -(-byte_size // BLOCK_BYTES) * BLOCK_BYTES


@dataclass(frozen=True, slots=True)
class Usage:
    used_bytes: int
    limit_bytes: int
    used_files: int
    limit_files: int


class Full(Exception):
    """A charge does not fit; nothing was charged."""

    def __init__(self, *, needed_bytes: int, needed_files: int, usage: Usage) -> None:
        super().__init__(
            f"{needed_bytes} bytes and {needed_files} files more do not fit: {usage.used_bytes} of {usage.limit_bytes} "
            f"bytes and {usage.used_files} of {usage.limit_files} files are used"
        )
        self.needed_bytes = needed_bytes
        self.needed_files = needed_files
        self.usage = usage


class LimitBelowUse(Exception):
    """A limit may not be set below what is used."""

    def __init__(self, *, limit_bytes: int, limit_files: int, usage: Usage) -> None:
        super().__init__(
            f"limits of {limit_bytes} bytes and {limit_files} files are below the use of {usage.used_bytes} bytes and "
            f"{usage.used_files} files: remove files first or choose higher limits"
        )
        self.limit_bytes = limit_bytes
        self.limit_files = limit_files
        self.usage = usage


class Ledger:
    """The use may begin above the limits (a tree that was filled before); then nothing is charged until it is below."""

    def __init__(self, *, limit_bytes: int, limit_files: int, used_bytes: int = 0, used_files: int = 0) -> None:
        self.limit_bytes = limit_bytes
        self.limit_files = limit_files
        self.used_bytes = used_bytes
        self.used_files = used_files

    @property
    def usage(self) -> Usage:
        return Usage(self.used_bytes, self.limit_bytes, self.used_files, self.limit_files)

    @property
    def free_bytes(self) -> int:
        """In whole blocks."""
        return max(0, self.limit_bytes - self.used_bytes) // BLOCK_BYTES * BLOCK_BYTES

    @property
    def free_files(self) -> int:
        return max(0, self.limit_files - self.used_files)

    def charge(self, size_bytes: int, *, files: int = 0) -> None:
        """Raises Full, and charges nothing, if it does not fit. What is not asked for is not checked."""
        if (size_bytes and size_bytes > self.free_bytes) or (files and files > self.free_files):
            raise Full(needed_bytes=size_bytes, needed_files=files, usage=self.usage)
        self.used_bytes += size_bytes
        self.used_files += files

    def release(self, size_bytes: int, *, files: int = 0) -> None:
        self.used_bytes -= size_bytes
        self.used_files -= files

    def charged(self, size_bytes: int, *, files: int = 0) -> "Charged":
        """For a block: charges before it begins, or raises Full; gives back if it raises."""
        return Charged(self, size_bytes, files)

    def largest_size(self, byte_size: int) -> int:
        """The length that a file of this length can grow to."""
        return charged_bytes(byte_size) + self.free_bytes

    def resize(self, *, limit_bytes: int, limit_files: int) -> None:
        """Raises LimitBelowUse. A limit above the present use is always taken, and so is one that does not shrink."""
        shrinks_bytes = limit_bytes < self.used_bytes and limit_bytes < self.limit_bytes
        shrinks_files = limit_files < self.used_files and limit_files < self.limit_files
        if shrinks_bytes or shrinks_files:
            raise LimitBelowUse(limit_bytes=limit_bytes, limit_files=limit_files, usage=self.usage)
        self.set_limits(limit_bytes=limit_bytes, limit_files=limit_files)

    def set_limits(self, *, limit_bytes: int, limit_files: int) -> None:
        """Also below the use: then nothing is charged until it is below."""
        self.limit_bytes = limit_bytes
        self.limit_files = limit_files


class Charged:
    """A charge that lasts unless the block fails. Written out, as contextlib's would take a tenth of a small write."""

    __slots__ = ("_files", "_ledger", "_size_bytes")

    def __init__(self, ledger: Ledger, size_bytes: int, files: int) -> None:
        self._ledger = ledger
        self._size_bytes = size_bytes
        self._files = files

    def __enter__(self) -> None:
        self._ledger.charge(self._size_bytes, files=self._files)

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if error is not None:
            self._ledger.release(self._size_bytes, files=self._files)
