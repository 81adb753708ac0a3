import base64
import os
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ide_server.errors import SecretsUnreadable
from ide_server.host.key_file import KeyFile, make_key_file

texts = st.text(st.characters(exclude_categories=["Cs"]))


@pytest.fixture
def keys(tmp_path: Path) -> KeyFile:
    return KeyFile(tmp_path / "secrets.key")


def key_lines(keys: KeyFile) -> list[str]:
    return [line for line in keys.path.read_text().splitlines() if not line.startswith("#")]


def new_line() -> str:
    return base64.b64encode(os.urandom(32)).decode()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # the file may stay
@given(value=texts, purpose=texts)
def test_what_was_sealed_opens_for_its_purpose_only(keys: KeyFile, value: str, purpose: str) -> None:
    sealed = keys.seal(value, purpose=purpose)
    assert keys.open(sealed, purpose=purpose) == value
    with pytest.raises(SecretsUnreadable):
        keys.open(sealed, purpose=purpose + "x")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_changed_byte_anywhere_makes_it_unreadable(keys: KeyFile, data: st.DataObject) -> None:
    sealed = bytearray(base64.b64decode(keys.seal("hunter2", purpose="m/N")))
    place = data.draw(st.integers(0, len(sealed) - 1))
    sealed[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(SecretsUnreadable):
        keys.open(base64.b64encode(sealed).decode(), purpose="m/N")


@pytest.mark.parametrize("sealed", ["", "x", "ä", "AAAA", "A" * 64])
def test_what_was_never_sealed_is_unreadable(keys: KeyFile, sealed: str) -> None:
    make_key_file(keys.path)
    with pytest.raises(SecretsUnreadable):
        keys.open(sealed, purpose="m/N")


def test_the_same_value_is_sealed_differently_each_time(keys: KeyFile) -> None:
    assert keys.seal("hunter2", purpose="m/N") != keys.seal("hunter2", purpose="m/N")


def test_the_file_is_made_for_the_first_secret_and_is_for_our_user_only(keys: KeyFile) -> None:
    assert not keys.path.exists()
    before = os.umask(0)
    try:
        keys.seal("hunter2", purpose="m/N")
    finally:
        os.umask(before)
    assert keys.path.stat().st_mode & 0o777 == 0o600
    assert os.listdir(keys.path.parent) == ["secrets.key"]
    written = keys.path.read_bytes()
    keys.seal("another", purpose="m/N")
    assert keys.path.read_bytes() == written


def test_many_who_make_the_file_at_once_agree_on_one(tmp_path: Path) -> None:
    sealed: list[str] = []

    def seal() -> None:
        sealed.append(KeyFile(tmp_path / "secrets.key").seal("hunter2", purpose="m/N"))

    threads = [threading.Thread(target=seal) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    keys = KeyFile(tmp_path / "secrets.key")
    assert [keys.open(each, purpose="m/N") for each in sealed] == ["hunter2"] * 8
    assert os.listdir(tmp_path) == ["secrets.key"]


def test_a_new_first_line_seals_and_the_old_ones_still_open(keys: KeyFile) -> None:
    old = keys.seal("hunter2", purpose="m/N")
    keys.path.write_text("\n".join(["# rotated", new_line(), "", *key_lines(keys)]))
    assert keys.open(old, purpose="m/N") == "hunter2"
    renewed = keys.renew(old, purpose="m/N")
    assert renewed != old
    assert keys.renew(renewed, purpose="m/N") == renewed
    keys.path.write_text(key_lines(keys)[0])
    assert keys.open(renewed, purpose="m/N") == "hunter2"
    with pytest.raises(SecretsUnreadable):
        keys.open(old, purpose="m/N")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "is missing"),
        ("", "holds no key"),
        ("# nothing\n", "holds no key"),
        (new_line(), "No key in"),
        ("not-a-key-but-private\n", "Line 1"),
        (f"{new_line()}\nnot-a-key-but-private\n", "Line 2"),
        (b"\xff\xfe", "it is not text"),
    ],
)
def test_a_key_file_that_does_not_open_it_is_named_with_what_to_do(
    keys: KeyFile, content: str | bytes | None, said: str
) -> None:
    sealed = keys.seal("hunter2", purpose="m/N")
    keys.path.unlink()
    if content is not None:
        keys.path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(SecretsUnreadable) as refused:
        keys.open(sealed, purpose="m/N")
    message = refused.value.message
    assert said in message and str(keys.path) in message and "Put the file back" in message
    assert "private" not in message and sealed not in message


def test_a_broken_key_file_is_never_replaced(keys: KeyFile) -> None:
    keys.path.write_text("broken\n")
    with pytest.raises(SecretsUnreadable):
        keys.seal("hunter2", purpose="m/N")
    assert keys.path.read_text() == "broken\n"
