"""From a query to the arguments of ripgrep: pure.

What ripgrep finds it prints as the line with each match between marks, together with what is to replace it: one program
decides both, so what is shown before replacing is what will be written.
"""

import re
import secrets
from collections.abc import Iterator
from typing import NamedTuple

from ide_server.errors import InvalidRequest
from ide_server.wire import SearchQuery

MOST_CHARACTERS = 8192
MOST_GLOBS = 100
MOST_FILE_SIZE = "64M"
THREADS = 4

NEVER = ("**/.git",)
UNLESS_ASKED = ("**/.venv", "**/node_modules", "**/__pycache__")
"""What tools filled, left out until ignored files are asked for."""

REFERENCE = re.compile(r"\$(?:(\$)|(&)|(\d{1,2})|\{(\w+)\})|\\(.)", re.DOTALL)
ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\"}


class Marks(NamedTuple):
    """What stands in ripgrep's output around a match, and between it and its replacement.

    Each begins with a number of its own for each search, so that no file can hold them.
    """

    start: str
    middle: str
    end: str
    line_end: str
    """In the place of one in the replacement, so that what is printed stays one line."""

    @classmethod
    def make(cls) -> "Marks":
        stem = f"\x1e{secrets.token_hex(8)}"
        return cls(f"{stem}<", f"{stem}|", f"{stem}>", f"{stem}n")

    @property
    def stem(self) -> str:
        return self.start[:-1]


def check(query: SearchQuery) -> None:
    """Raises InvalidRequest."""
    texts = (query.pattern, query.replacement or "", *query.include, *query.exclude)
    if not query.pattern:
        raise InvalidRequest("Expected something to search for, got nothing.", field="pattern")
    if max(map(len, texts)) > MOST_CHARACTERS:
        raise InvalidRequest(f"Expected at most {MOST_CHARACTERS:,} characters in each part of a search, got more.")
    if any("\0" in text for text in texts):
        raise InvalidRequest("Expected text without zero bytes; files that hold some are not searched.")
    if len(query.include) + len(query.exclude) > MOST_GLOBS:
        raise InvalidRequest(f"Expected at most {MOST_GLOBS} patterns of paths, got more.")


def arguments(program: str, query: SearchQuery, marks: Marks) -> list[str]:
    """Of a search of all that is below the working directory."""
    return [
        program,
        "--no-config",
        "--no-messages",
        "--color=never",
        "--no-heading",
        "--with-filename",
        "--null",
        "--line-number",
        "--crlf",
        f"--threads={THREADS}",
        f"--max-filesize={MOST_FILE_SIZE}",
        "--case-sensitive" if query.match_case else "--ignore-case",
        *(() if query.is_regex else ("--fixed-strings",)),
        *(("--word-regexp",) if query.whole_word else ()),
        *(("--hidden",) if query.hidden else ()),
        "--no-ignore" if query.ignored else "--no-require-git",
        *(f"--glob={glob}" for glob in globs(query)),
        f"--replace={marks.start}${{0}}{marks.middle}{template(query, marks)}{marks.end}",
        f"--regexp={query.pattern}",
        "./",
    ]


def globs(query: SearchQuery) -> Iterator[str]:
    """A later one wins over an earlier. A name with a line end would break its line of the output."""
    for each in query.include:
        yield from (anchored(each), f"{anchored(each)}/**")
    for each in (*NEVER, *(() if query.ignored else UNLESS_ASKED), *map(anchored, query.exclude)):
        yield f"!{each}"
    yield "!*\n*"


def anchored(glob: str) -> str:
    """As people write them: `src` and `src/*.py` at any depth, `./src` and `/src` at the top.

    Left alone, ripgrep takes any slash to mean the top.
    """
    bare = glob.strip().rstrip("/")
    if bare.startswith("./"):
        bare = bare.removeprefix(".")
    return bare if bare.startswith(("/", "**/")) else f"**/{bare}"


def template(query: SearchQuery, marks: Marks) -> str:
    """What replaces a match, as ripgrep writes it. In a regular expression $1, $& and \\n mean what they mean in
    JavaScript; else each character means itself."""
    if query.replacement is None:
        return ""
    written = "".join(parts(query.replacement)) if query.is_regex else query.replacement.replace("$", "$$")
    return written.replace("\n", marks.line_end)


def parts(replacement: str) -> Iterator[str]:
    at = 0
    for found in REFERENCE.finditer(replacement):
        yield replacement[at : found.start()].replace("$", "$$")
        yield part(found)
        at = found.end()
    yield replacement[at:].replace("$", "$$")


def part(found: re.Match[str]) -> str:
    dollar, whole, number, name, escaped = found.groups()
    if dollar:
        return "$$"
    if escaped is not None:
        return ESCAPES.get(escaped, f"\\{escaped}").replace("$", "$$")
    return "${0}" if whole else f"${{{number or name}}}"
