"""Searches in the files of a model."""

from typing import Literal

from ide_server.wire.base import Message, Request


class SearchQuery(Request, frozen=True):
    pattern: str
    is_regex: bool = False
    match_case: bool = False
    whole_word: bool = False
    include: list[str] = []
    """Globs of paths; none: all files."""
    exclude: list[str] = []
    hidden: bool = False
    """Also in files and folders whose names begin with a dot."""
    ignored: bool = False
    """Also in what .gitignore names and in what tools fill: .venv, node_modules, __pycache__."""
    replacement: str | None = None
    """What matches would be replaced with; nothing is."""


class SearchMatch(Message, frozen=True):
    line: int
    """Counted from 1."""
    column: int
    """Counted from 1, in units of UTF-16."""
    before: str
    """In its line, at most 120 characters."""
    text: str
    after: str
    replacement: str | None


class FoundInFile(Message, frozen=True, tag="file", tag_field="type"):
    """Of a file with many matches there are several."""

    path: str
    matches: list[SearchMatch]


class SearchEnded(Message, frozen=True, tag="ended", tag_field="type"):
    """The last line."""

    reason: Literal["complete", "too_many", "too_long", "failed"]
    message: str
    """For a person; empty where there is nothing to say."""


SearchEvent = FoundInFile | SearchEnded


class FoundPaths(Message, frozen=True):
    """Of files; folders have none of their own."""

    paths: list[str]
    complete: bool
    """All are listed now. A stream that ends before that has more than it lists."""
