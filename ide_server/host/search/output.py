"""What ripgrep prints, read as matches. All of it is untrusted: files of any length and content are in it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import NamedTuple

from ide_server.host.mounts.names import to_wire
from ide_server.host.search.query import Marks
from ide_server.wire import FoundInFile, SearchMatch

MOST_LINE_BYTES = 64 << 10
"""Of a line as ripgrep prints it; what comes after is passed by."""
BEFORE, AFTER = 120, 240
"""So much of a line is told before and after a match."""

PRINTED = re.compile(rb"\./([^\0]+)\0(\d+):(.*)", re.DOTALL)


class Piece(NamedTuple):
    """Of a line: what stands before a match, the match, and what is to replace it."""

    plain: str
    text: str
    replacement: str


@dataclass
class Output:
    """Takes ripgrep's output as it comes."""

    marks: Marks
    replaces: bool
    matches: int = 0
    cut: bool = False
    """A line was longer than is read of one."""
    _rest: bytes = b""
    _stem: bytes = field(init=False)

    def __post_init__(self) -> None:
        self._stem = self.marks.stem.encode()

    def feed(self, chunk: bytes, *, most: int) -> list[FoundInFile]:
        """What the lines that have ended hold, until there are `most` matches in all."""
        *lines, rest = (self._rest + chunk).split(b"\n")
        self.cut = self.cut or any(len(line) > MOST_LINE_BYTES for line in (*lines, rest))
        self._rest = rest[: MOST_LINE_BYTES + 1]
        return list(self._by_file(lines, most))

    def _by_file(self, lines: list[bytes], most: int) -> Iterator[FoundInFile]:
        printed = (PRINTED.fullmatch(line[:MOST_LINE_BYTES]) for line in lines)
        for path, found in groupby((match for match in printed if match is not None), key=lambda match: match[1]):
            matches = [each for match in found for each in self._in_line(int(match[2]), match[3])]
            matches = matches[: most - self.matches]
            self.matches += len(matches)
            if matches:
                yield FoundInFile(to_wire(path), matches)

    def _in_line(self, number: int, content: bytes) -> Iterator[SearchMatch]:
        pieces, tail = self._pieces(content.removesuffix(b"\r"))
        line = "".join(f"{plain}{text}" for plain, text, _ in pieces) + tail
        at, column = 0, 1
        for plain, text, replacement in pieces:
            start = at + len(plain)
            at = start + len(text)
            column += units(plain)
            if text:
                yield SearchMatch(
                    line=number,
                    column=column,
                    before=line[max(0, start - BEFORE) : start],
                    text=text,
                    after=line[at : at + AFTER],
                    replacement=replacement if self.replaces else None,
                )
            column += units(text)

    def _pieces(self, content: bytes) -> tuple[list[Piece], str]:
        """And what stands after the last. Of a line that was cut within a match, the match is not told."""
        first, *marked = content.split(self._stem)
        plain, text, replacement, pieces = decoded(first), "", "", list[Piece]()
        for kind, value in ((part[:1], decoded(part[1:])) for part in marked):
            if kind == b"<":
                text = value
            elif kind == b"|":
                replacement = value
            elif kind == b"n":
                replacement += f"\n{value}"
            elif kind == b">":
                pieces.append(ended(plain, text, replacement))
                plain = value
        return pieces, plain


def ended(plain: str, text: str, replacement: str) -> Piece:
    """`$` of ripgrep matches a carriage return too, which is of the line's end, not of its text."""
    if text.endswith("\r"):
        return Piece(plain, text.removesuffix("\r"), replacement.removesuffix("\r"))
    return Piece(plain, text, replacement)


def decoded(value: bytes) -> str:
    return value.decode(errors="replace")


def units(text: str) -> int:
    """Columns count what JavaScript counts in a string."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2
