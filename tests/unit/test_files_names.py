"""Names and paths of files, as messages spell them and as the filesystem has them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ide_server.errors import NameNotAllowed
from ide_server.host.files.beneath import checked_name, checked_path
from ide_server.host.mounts.names import from_wire, to_wire


@given(st.binary())
def test_every_name_comes_back_as_it_was(name: bytes) -> None:
    spelled = to_wire(name)
    assert from_wire(spelled) == name
    assert spelled.encode().decode() == spelled  # no lone surrogate: it can be sent as JSON and in a URL


@given(st.text(st.characters(exclude_categories=["Cc", "Co", "Cs"])))
def test_an_ordinary_name_is_spelled_as_it_is(text: str) -> None:
    assert to_wire(text.encode()) == text
    assert from_wire(text) == text.encode()


@given(st.binary())
def test_a_spelling_has_no_control_characters(name: bytes) -> None:
    assert all(ord(character) >= 0x20 and character != "\x7f" for character in to_wire(name))


def test_names_that_would_be_spelled_alike_are_spelled_apart() -> None:
    not_utf_8, private_character = b"\xff", "\uf7ff".encode()
    assert to_wire(not_utf_8) == "\uf7ff"
    assert to_wire(private_character) == "\uf7ef\uf79f\uf7bf"
    assert to_wire(b"a\nb") == "a\uf70ab"


@pytest.mark.parametrize("path", ["a\uf72f..\uf72fb", "\uf72e\uf72e", "a\uf700"])
def test_a_spelling_cannot_smuggle_in_what_is_refused(path: str) -> None:
    with pytest.raises(NameNotAllowed):
        checked_path(path)


@pytest.mark.parametrize(
    "path", [".", "..", "/", "/a", "a/", "a//b", "a/./b", "a/../b", "a\0b", "n" * 256, "\u00e9" * 128]
)
def test_a_path_with_a_name_that_is_none_is_refused(path: str) -> None:
    with pytest.raises(NameNotAllowed):
        checked_path(path)


@pytest.mark.parametrize("path", ["a", "a/b", "...", ".a", "a..", "n" * 255, "caf\u00e9", "a b\n", "\\", "~", "*"])
def test_whatever_else_linux_allows_is_a_name(path: str) -> None:
    assert checked_path(path) == path.encode()


def test_the_root_is_a_path_but_not_a_name() -> None:
    assert checked_path("") == b""
    with pytest.raises(NameNotAllowed, match="root"):
        checked_name("")
