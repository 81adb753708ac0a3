"""The last output of a terminal: a ring of bytes, each with an offset that never changes."""

import mmap
import re

CLEAN_SEARCH_BYTES = 4096
CONTINUATION_BYTES = bytes(range(0x80, 0xC0))
CLEAN_PLACE = re.compile(rb"(?<=\n)|(?=\x1b)")


class Ring:
    """Holds at most `capacity_bytes`. Offsets count every byte ever appended; `start` and `end` bound those held.

    The memory is mapped, so that a page of it is used only once output has reached it.
    """

    def __init__(self, capacity_bytes: int) -> None:
        self.capacity_bytes = capacity_bytes
        self.end = 0
        self._bytes = mmap.mmap(-1, capacity_bytes, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)

    @property
    def start(self) -> int:
        return max(0, self.end - self.capacity_bytes)

    def append(self, data: bytes) -> None:
        """The oldest bytes give way."""
        self.end += len(data)
        kept = memoryview(data)[-self.capacity_bytes :]
        place = (self.end - len(kept)) % self.capacity_bytes
        before_edge = kept[: self.capacity_bytes - place]
        after_edge = kept[len(before_edge) :]
        self._bytes[place : place + len(before_edge)] = before_edge
        self._bytes[: len(after_edge)] = after_edge

    def read(self, offset: int, limit_bytes: int) -> bytes:
        """At most `limit_bytes` from `offset` on, b"" at the end. Raises ValueError for an offset not held."""
        if not self.start <= offset <= self.end:
            raise ValueError(f"expected an offset from {self.start} to {self.end}, got {offset}")
        place = offset % self.capacity_bytes
        length = min(limit_bytes, self.end - offset)
        before_edge = self._bytes[place : min(place + length, self.capacity_bytes)]
        return before_edge + self._bytes[: length - len(before_edge)]

    def clean_start(self) -> int:
        """Where an empty screen can begin to draw: after a line's end or at an escape sequence, if one is near.

        Neither stands inside a character or, but for rare strings, inside an escape sequence. Failing both, it is the
        first byte that begins a UTF-8 character.
        """
        if self.start == 0:
            return 0
        head = self.read(self.start, CLEAN_SEARCH_BYTES)
        if (place := CLEAN_PLACE.search(head)) is not None:
            return self.start + place.start()
        return self.start + len(head) - len(head.lstrip(CONTINUATION_BYTES))
