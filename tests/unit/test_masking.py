import base64
import json
from itertools import pairwise
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ide_server.host.masking import CUT, Mask, MaskedEvents, MaskedStream, MaskedUtf8
from ide_server.wire import (
    Blob,
    Ended,
    Log,
    Metric,
    OperationEvent,
    Outcome,
    Output,
    OutputValue,
    PhaseStarted,
    Result,
)

SECRET = 'pa"ss\\wörd/1'
few_letters = st.text("ab", min_size=4, max_size=8)


def streamed(mask: Mask, *pieces: str) -> str:
    stream = MaskedStream(mask)
    return "".join(map(stream.feed, pieces)) + stream.end()


@pytest.mark.parametrize(
    ("secrets", "text", "masked"),
    [
        (["hunter2"], "the password is hunter2.", "the password is ***."),
        (["hunter2"], "hunter2hunter2", "******"),
        (["hunter2"], "hunter", "hunter"),
        (["abcd", "abcdef"], "abcdef abcd", "*** ***"),
        (["abcd", "cdef"], "abcdef", "***"),
        (["abcd", "bc"], "bc abcd", "bc ***"),
        ([".*+?"], "a.*+?b", "a***b"),
        (["", "abc"], "abc", "abc"),
        (["first line\nthe second\n}\n"], "> the second\n}\n", "> ***\n}\n"),
        (["  indented  "], "[indented]", "[***]"),
    ],
)
def test_every_place_of_a_secret_is_masked(secrets: list[str], text: str, masked: str) -> None:
    assert Mask(secrets).text(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        SECRET,
        repr(SECRET),
        json.dumps({"password": SECRET}),
        json.dumps([SECRET], ensure_ascii=False),
        f"https://host/?token={quote(SECRET, safe='')}",
        f"https://host/{quote(SECRET)}",
        *[base64.b64encode(b"x" * offset + SECRET.encode() + b"yz").decode() for offset in range(6)],
        *[base64.urlsafe_b64encode(f"user{'!' * offset}:{SECRET}".encode()).decode() for offset in range(3)],
    ],
)
def test_a_secret_is_found_as_others_write_it(text: str) -> None:
    masked = Mask([SECRET]).text(text)
    assert "***" in masked
    assert len(masked) <= len(text) - 8


@given(st.lists(few_letters, max_size=4), st.text("ab\n", max_size=40), st.lists(st.integers(0, 40)))
def test_pieces_are_masked_as_the_whole_is(secrets: list[str], text: str, cuts: list[int]) -> None:
    places = sorted({0, len(text), *[cut for cut in cuts if cut < len(text)]})
    pieces = [text[start:end] for start, end in pairwise(places)]
    mask = Mask(secrets)
    assert streamed(mask, *pieces) == mask.text(text)


@given(st.lists(few_letters, max_size=4), st.text("ab", max_size=40))
def test_nothing_of_a_secret_is_left(secrets: list[str], text: str) -> None:
    left = Mask(secrets).text(text).split("***")
    assert not [secret for secret in secrets if any(secret in piece for piece in left)]


@pytest.mark.parametrize("secret", ["hunter2", SECRET, "abababac", "aaaaaaaa"])
def test_a_secret_split_at_any_two_places_is_masked(secret: str) -> None:
    text = f"<{secret}> and {secret}{secret}\n"
    mask = Mask([secret])
    for first in range(len(text)):
        for second in range(first, len(text)):
            assert streamed(mask, text[:first], text[first:second], text[second:]) == mask.text(text)


def test_only_what_may_be_a_secret_is_held_back() -> None:
    stream = MaskedStream(Mask(["hunter2"]))
    assert [stream.feed(piece) for piece in ("50%", " hun", "dred\n", "hunt", "er2", "!")] == [
        *("50%", " ", "hundred\n", "", "***", "!"),
    ]
    assert stream.feed("hunter") == ""
    assert stream.end() == "hunter"


def test_bytes_are_masked_wherever_they_are_cut() -> None:
    mask = Mask(["pässwörd"])
    text = '["ä", "pässwörd", "pä'.encode()
    for cut in range(len(text)):
        masked = MaskedUtf8(mask)
        pieces = [masked.feed(text[:cut]), masked.feed(text[cut:]), masked.end()]
        assert b"".join(pieces).decode() == '["ä", "***", "pä'
    assert MaskedUtf8(Mask()).feed(b"\xff") == b"\xff"


def test_without_secrets_text_passes_as_it_is() -> None:
    text = "as it is"
    assert Mask([]).text(text) is text
    assert MaskedStream(Mask([])).feed(text) is text


def test_nothing_of_a_secret_is_left_where_a_text_was_cut() -> None:
    mask = Mask(["hunter2hunter2"])
    assert mask.text(f"a hunter{CUT}ter2: b{CUT}2 hunt") == f"a ***{CUT}***: b{CUT}2 hunt"
    long = "x" * 2000
    assert mask.text(long + "hunt") == long + "***"
    assert mask.text(long + "hun") == long + "hun"
    assert mask.text(long + "hunter2hunter2") == long + "***"
    assert mask.text(f"hunter2hunter2{CUT}hunter2hunter2") == f"***{CUT}***"


def test_the_texts_of_a_message_are_masked_and_its_fixed_words_stay() -> None:
    mask = Mask(["exception", "train", "hunter2"])
    outcome = Outcome("exception", "exception: hunter2", "train", "in train: hunter2", exit_code=1)
    assert mask.message(outcome) == Outcome("exception", "***: ***", "train", "in ***: ***", exit_code=1)


def test_the_texts_of_a_result_are_masked_and_its_numbers_stay() -> None:
    blob = OutputValue("image", [], [], [Blob(0, "png", 3)])
    numbers = OutputValue("i64", [1], [12345678], [])

    def result(name: str, text: str) -> Result:
        return Result([Output(name, [OutputValue("string", [2], [text, "b"], []), blob]), Output("n", [numbers])])

    assert Mask(["hunter2", "12345678"]).message(result("hunter2", "a hunter2")) == result("***", "a ***")


def test_events_are_masked_and_what_was_held_back_comes_before_the_end() -> None:
    masked = MaskedEvents(["hunter2"])
    ended = Ended(9.0, Outcome("exception", "hunter2"))
    said: list[OperationEvent] = [
        Log(1.0, "stdout", "> hun"),
        Log(2.0, "stderr", "hunt"),
        Metric(3.0, "loss hunter2", 0, 1.0),
        Log(4.0, "stdout", "ter2\n"),
        PhaseStarted(5.0, "train"),
        ended,
    ]
    assert [event for each in said for event in masked.of(each)] == [
        Log(1.0, "stdout", "> "),
        Metric(3.0, "loss ***", 0, 1.0),
        Log(4.0, "stdout", "***\n"),
        PhaseStarted(5.0, "train"),
        Log(9.0, "stderr", "hunt"),
        Ended(9.0, Outcome("exception", "***")),
    ]
