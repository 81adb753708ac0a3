"""Queries as ripgrep's arguments, and what it prints as matches."""

from typing import Any

import pytest

from ide_server.errors import InvalidRequest
from ide_server.host.search.output import AFTER, BEFORE, MOST_LINE_BYTES, Output
from ide_server.host.search.query import Marks, anchored, arguments, check, globs, template
from ide_server.wire import FoundInFile, SearchMatch, SearchQuery

MARKS = Marks("\x1eX<", "\x1eX|", "\x1eX>", "\x1eXn")


def printed(*pieces: str | tuple[str, str]) -> str:
    return "".join(piece if isinstance(piece, str) else f"\x1eX<{piece[0]}\x1eX|{piece[1]}\x1eX>" for piece in pieces)


def found(text: str, *, replaces: bool = False, most: int = 100) -> list[FoundInFile]:
    return Output(MARKS, replaces).feed(text.encode(), most=most)


def match(column: int, before: str, text: str, after: str, **changes: Any) -> SearchMatch:
    place: dict[str, Any] = {"line": 1, "replacement": None, **changes}
    return SearchMatch(column=column, before=before, text=text, after=after, **place)


@pytest.mark.parametrize(
    ("replacement", "is_regex", "expected"),
    [
        ("plain", True, "plain"),
        ("$1-$2", True, "${1}-${2}"),
        ("$1x", True, "${1}x"),
        ("$&!", True, "${0}!"),
        ("${name}", True, "${name}"),
        ("$$1", True, "$$1"),
        ("costs 5$", True, "costs 5$$"),
        (r"a\tb\\n", True, "a\tb\\n"),
        (r"\d", True, r"\d"),
        (r"a\nb", True, "a\x1eXnb"),
        ("$1", False, "$$1"),
        (r"a\nb", False, r"a\nb"),
        ("", True, ""),
    ],
)
def test_a_replacement_means_what_it_means_in_javascript(replacement: str, *, is_regex: bool, expected: str) -> None:
    assert template(SearchQuery("x", is_regex=is_regex, replacement=replacement), MARKS) == expected


@pytest.mark.parametrize(
    ("glob", "expected"),
    [
        ("*.py", "**/*.py"),
        ("src", "**/src"),
        ("src/", "**/src"),
        ("src/*.py", "**/src/*.py"),
        ("./src", "/src"),
        ("/src", "/src"),
        ("**/x", "**/x"),
        (" a b ", "**/a b"),
        (".env", "**/.env"),
    ],
)
def test_a_glob_is_meant_at_any_depth_but_from_the_top(glob: str, expected: str) -> None:
    assert anchored(glob) == expected


def test_what_tools_filled_is_left_out_until_ignored_files_are_asked_for() -> None:
    assert "!**/node_modules" in globs(SearchQuery("x"))
    assert "!**/node_modules" not in globs(SearchQuery("x", ignored=True))
    assert "!**/.git" in globs(SearchQuery("x", ignored=True))


def test_what_is_left_out_wins_over_what_is_included() -> None:
    order = list(globs(SearchQuery("x", include=["src"], exclude=["*.min.js"])))
    assert order.index("**/src/**") < order.index("!**/*.min.js")


def test_nothing_of_a_query_is_taken_for_an_option() -> None:
    given = arguments("rg", SearchQuery("--files", replacement="-x", include=["--no-config"]), MARKS)
    assert "--regexp=--files" in given
    assert all(each.startswith(("rg", "--", "./")) for each in given)


@pytest.mark.parametrize(
    "query",
    [
        SearchQuery(""),
        SearchQuery("a\0"),
        SearchQuery("a", replacement="\0"),
        SearchQuery("a" * 10_000),
        SearchQuery("a", include=["b"] * 101),
    ],
)
def test_a_query_of_nothing_or_of_too_much_is_refused(query: SearchQuery) -> None:
    with pytest.raises(InvalidRequest):
        check(query)


def test_each_match_of_a_line_is_told_with_its_place() -> None:
    assert found("./a.py\x001:" + printed("x = ", ("foo", ""), "(", ("foo", ""), ")") + "\n") == [
        FoundInFile("a.py", [match(5, "x = ", "foo", "(foo)"), match(9, "x = foo(", "foo", ")")])
    ]


def test_columns_count_what_javascript_counts() -> None:
    assert found("./a\x001:" + printed("é😀", ("b", "")) + "\n") == [FoundInFile("a", [match(4, "é😀", "b", "")])]


def test_a_replacement_may_have_line_ends() -> None:
    text = "./a\x001:" + printed(("b", "1\x1eXn2")) + "\n"
    assert found(text, replaces=True) == [FoundInFile("a", [match(1, "", "b", "", replacement="1\n2")])]


def test_a_match_at_a_line_s_end_is_without_its_carriage_return() -> None:
    text = "./a\x001:" + printed("a ", ("b\r", "[b\r")) + "\n"
    assert found(text, replaces=True) == [FoundInFile("a", [match(3, "a ", "b", "", replacement="[b")])]


def test_lines_come_in_any_pieces() -> None:
    end = printed(("b", "")) + "\n"
    text = f"./a\x001:{end}./a\x002:{end}./c\x009:{end}".encode()
    output = Output(MARKS, replaces=False)
    pieces = [each for at in range(len(text)) for each in output.feed(text[at : at + 1], most=100)]
    assert [(each.path, [match.line for match in each.matches]) for each in pieces] == [
        ("a", [1]),
        ("a", [2]),
        ("c", [9]),
    ]


def test_what_is_no_match_is_passed_by() -> None:
    assert found("a.py: WARNING: stopped searching binary file\n\n\0\0:\n") == []


def test_empty_matches_are_nothing_to_show() -> None:
    assert found("./a\x001:" + printed(("", "x"), "a", ("", "x")) + "\n") == []


def test_of_a_long_line_what_is_around_a_match_is_told() -> None:
    [file] = found("./a\x001:" + printed("a" * 1000, ("b", ""), "c" * 1000) + "\n")
    assert file.matches == [match(1001, "a" * BEFORE, "b", "c" * AFTER)]


def test_a_line_is_read_to_its_bound_and_no_more_of_it_is_kept() -> None:
    output = Output(MARKS, replaces=False)
    chunk = printed(*[("b", "")] * 2000).encode()
    output.feed(b"./a\x001:", most=10_000)
    for _ in range(100):
        output.feed(chunk, most=10_000)
    assert len(output._rest) <= MOST_LINE_BYTES + 1
    [file] = output.feed(b"\n", most=10_000)
    assert output.cut
    assert 1000 < len(file.matches) < MOST_LINE_BYTES


def test_no_more_matches_are_told_than_asked_for() -> None:
    text = "./a\x001:" + printed(*[("b", "")] * 10) + "\n"
    assert [len(file.matches) for file in found(text, most=4)] == [4]


def test_names_that_are_not_utf_8_are_spelled_as_everywhere() -> None:
    [file] = Output(MARKS, replaces=False).feed(b"./caf\xe9\x001:" + printed(("b", "")).encode() + b"\n", most=1)
    assert file.path == "caf\uf7e9"
