"""Preconditions and ranges of requests for files."""

import pytest

from ide_server.errors import FileChanged, InvalidRequest, PreconditionRequired
from ide_server.host.files import Condition, IfAbsent, IfMatch
from ide_server.host.files.conditions import check
from ide_server.host.routes.conditional import (
    Slice,
    UnsatisfiableRange,
    not_modified,
    precondition_failed,
    removal_condition,
    slice_of,
    write_condition,
)


@pytest.mark.parametrize(
    ("headers", "condition"),
    [
        ({"if-match": '"a"'}, IfMatch(frozenset(['"a"']))),
        ({"if-match": '"a", "b,c"'}, IfMatch(frozenset(['"a"', '"b,c"']))),
        ({"if-match": 'W/"a", "b"'}, IfMatch(frozenset(['"b"']))),
        ({"if-match": " * "}, IfMatch(None)),
        ({"if-none-match": "*"}, IfAbsent()),
    ],
)
def test_headers_of_a_write_say_what_it_expects(headers: dict[str, str], condition: Condition) -> None:
    assert write_condition(headers) == condition


@pytest.mark.parametrize(
    "headers",
    [
        {"if-match": "a"},
        {"if-match": '"a" "b"'},
        {"if-match": ""},
        {"if-none-match": '"a"'},
        {"if-match": "*", "if-none-match": "*"},
    ],
)
def test_headers_that_say_something_else_are_refused(headers: dict[str, str]) -> None:
    with pytest.raises(InvalidRequest):
        write_condition(headers)


def test_a_write_that_expects_nothing_is_refused() -> None:
    with pytest.raises(PreconditionRequired):
        write_condition({})
    with pytest.raises(PreconditionRequired):
        removal_condition({"if-none-match": "*"})


@pytest.mark.parametrize(
    ("condition", "present", "passes"),
    [
        (IfAbsent(), None, True),
        (IfAbsent(), '"a"', False),
        (IfMatch(None), '"a"', True),
        (IfMatch(None), None, False),
        (IfMatch(frozenset(['"a"', '"b"'])), '"b"', True),
        (IfMatch(frozenset(['"a"'])), '"b"', False),
        (IfMatch(frozenset()), '"b"', False),
    ],
)
def test_a_condition_is_checked_against_what_is_there(condition: Condition, present: str | None, passes: bool) -> None:
    if passes:
        check(condition, "main.py", present)
        return
    with pytest.raises(FileChanged) as caught:
        check(condition, "main.py", present)
    assert caught.value.details == {"etag": present}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", None),
        ("bytes=0-0", Slice(0, 1)),
        ("bytes=2-5", Slice(2, 6)),
        ("bytes=2-", Slice(2, 10)),
        ("bytes=2-99", Slice(2, 10)),
        ("bytes=-3", Slice(7, 10)),
        ("bytes=-99", Slice(0, 10)),
        ("bytes=5-2", None),
        ("bytes=-", None),
        ("bytes=0-1,3-4", None),
        ("lines=0-1", None),
        ("bytes=\u0661-", None),
        (f"bytes=0-{'9' * 5000}", None),
    ],
)
def test_a_range_is_a_part_of_the_file(value: str, expected: Slice | None) -> None:
    assert slice_of({"range": value}, etag='"a"', byte_size=10) == expected


@pytest.mark.parametrize(
    ("value", "byte_size"), [("bytes=10-", 10), ("bytes=10-12", 10), ("bytes=-0", 10), ("bytes=0-", 0)]
)
def test_a_range_beyond_the_file_cannot_be_satisfied(value: str, byte_size: int) -> None:
    with pytest.raises(UnsatisfiableRange):
        slice_of({"range": value}, etag='"a"', byte_size=byte_size)


def test_a_range_of_another_version_is_ignored() -> None:
    headers = {"range": "bytes=0-1", "if-range": '"b"'}
    assert slice_of(headers, etag='"a"', byte_size=10) is None
    assert slice_of(headers, etag='"b"', byte_size=10) == Slice(0, 2)


def test_a_reader_that_has_the_version_is_told_so() -> None:
    assert not_modified({"if-none-match": '"a", W/"b"'}, '"b"')
    assert not_modified({"if-none-match": "*"}, '"b"')
    assert not not_modified({"if-none-match": '"a"'}, '"b"')
    assert not not_modified({}, '"b"')
    assert precondition_failed({"if-match": 'W/"b"'}, '"b"')
    assert not precondition_failed({"if-match": '"b"'}, '"b"')
