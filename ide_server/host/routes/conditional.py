"""Preconditions and ranges of HTTP (RFC 9110, sections 13 and 14), as values."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from ide_server.errors import InvalidRequest, PreconditionRequired
from ide_server.host.files import Condition, IfAbsent, IfMatch

_ETAG = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'
_ETAGS = re.compile(rf"\s*{_ETAG}(?:\s*,\s*{_ETAG})*\s*")
_RANGE = re.compile(r"bytes=\s*(\d{0,18})-(\d{0,18})\s*", re.ASCII)


@dataclass(frozen=True)
class Slice:
    """Bytes from start to before end."""

    start: int
    end: int


class UnsatisfiableRange(Exception):
    """No byte of the file is in the range asked for."""


def write_condition(headers: Mapping[str, str]) -> Condition:
    """Raises PreconditionRequired, InvalidRequest."""
    if_match, if_none_match = headers.get("if-match"), headers.get("if-none-match")
    if if_match is not None and if_none_match is not None:
        raise InvalidRequest("Expected one of If-Match and If-None-Match, got both.")
    if if_match is not None:
        return IfMatch(None if if_match.strip() == "*" else strong_etags(if_match, header="If-Match"))
    if if_none_match is None:
        raise PreconditionRequired(
            "Expected If-Match with the etag of the file you read, or If-None-Match: * for a new file; got neither."
        )
    if if_none_match.strip() != "*":
        raise InvalidRequest(f"Expected If-None-Match: * for a new file, got {if_none_match!r}.")
    return IfAbsent()


def removal_condition(headers: Mapping[str, str]) -> IfMatch:
    """Raises PreconditionRequired, InvalidRequest."""
    if "if-match" not in headers:
        raise PreconditionRequired("Expected If-Match with the etag of the file as you read it, or *; got none.")
    condition = write_condition(headers)
    assert isinstance(condition, IfMatch)  # as the header is there
    return condition


def not_modified(headers: Mapping[str, str], etag: str) -> bool:
    """Whether the reader has this already. Its comparison is the weak one: W/ does not count."""
    value = headers.get("if-none-match")
    if value is None:
        return False
    return value.strip() == "*" or etag in {tag.removeprefix("W/") for tag in etags(value, header="If-None-Match")}


def precondition_failed(headers: Mapping[str, str], etag: str) -> bool:
    value = headers.get("if-match")
    return value is not None and value.strip() != "*" and etag not in strong_etags(value, header="If-Match")


def slice_of(headers: Mapping[str, str], *, etag: str, byte_size: int) -> Slice | None:
    """The one range asked for; None for the whole, which may be sent instead of several. Raises UnsatisfiableRange."""
    match = _RANGE.fullmatch(headers.get("range", ""))
    if match is None or headers.get("if-range", etag) != etag:
        return None
    first, last = match.groups()
    if first:
        start, end = int(first), min(byte_size, int(last) + 1 if last else byte_size)
        if last and int(last) < int(first):
            return None  # not a range at all, says the RFC: to be ignored
    elif last:
        start, end = max(0, byte_size - int(last)), byte_size
    else:
        return None
    if start >= end:
        raise UnsatisfiableRange
    return Slice(start, end)


def strong_etags(value: str, *, header: str) -> frozenset[str]:
    """A weak etag never matches where bytes must be the same."""
    return frozenset(tag for tag in etags(value, header=header) if not tag.startswith("W/"))


def etags(value: str, *, header: str) -> list[str]:
    """Raises InvalidRequest."""
    if _ETAGS.fullmatch(value) is None:
        raise InvalidRequest(f'Expected {header}: * or etags such as "a1b2", in quotes; got {value!r}.')
    return re.findall(_ETAG, value)
