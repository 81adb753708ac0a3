"""Lines of a file that somebody has sent: none of them, and no record over several, is too long to be held."""

from collections.abc import Iterator
from typing import IO

from ide_server.errors import InvalidRequest

MAX_RECORD_BYTES = 8 << 20
"""JSON may take twenty times as much once it is read."""


class Lines:
    """Texts with their line breaks. `number` is that of the last one; `begin_record` is called after each record."""

    def __init__(self, file: IO[bytes]) -> None:
        self.number = 0
        self._file = file
        self._record_bytes = 0
        file.seek(0)

    def begin_record(self) -> None:
        self._record_bytes = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        """Raises InvalidRequest."""
        line = self._file.readline(MAX_RECORD_BYTES - self._record_bytes + 1)
        if not line:
            raise StopIteration
        self.number += 1
        self._record_bytes += len(line)
        if self._record_bytes > MAX_RECORD_BYTES:
            raise InvalidRequest(f"Line {self.number}: expected at most {MAX_RECORD_BYTES >> 20} MiB, got more.")
        try:
            return line.decode("utf-8-sig" if self.number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise InvalidRequest(
                f"Line {self.number}: expected UTF-8 text, got the byte 0x{line[error.start]:02x}."
            ) from error
