"""The ring against the plain bytes it stands for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ide_server.host.terminals.ring import Ring


def filled(data: bytes, *, capacity_bytes: int) -> Ring:
    ring = Ring(capacity_bytes)
    ring.append(data)
    return ring


@given(capacity_bytes=st.integers(1, 40), chunks=st.lists(st.binary(max_size=60), max_size=30))
def test_every_byte_held_is_read_back_at_its_offset(capacity_bytes: int, chunks: list[bytes]) -> None:
    ring, everything = Ring(capacity_bytes), b""
    for chunk in chunks:
        ring.append(chunk)
        everything += chunk
        assert (ring.start, ring.end) == (max(0, len(everything) - capacity_bytes), len(everything))
        for offset in range(ring.start, ring.end + 1):
            assert ring.read(offset, capacity_bytes) == everything[offset:]
            assert ring.read(offset, 3) == everything[offset : offset + 3]


def test_what_is_not_held_is_never_read() -> None:
    ring = filled(b"0123456789", capacity_bytes=4)
    for offset in (5, 11):
        with pytest.raises(ValueError, match=f"expected an offset from 6 to 10, got {offset}"):
            ring.read(offset, 1)


@pytest.mark.parametrize(
    ("output", "held", "replay"),
    [
        (b"all of it", 20, b"all of it"),
        (b"first line\nsecond line\n", 15, b"second line\n"),
        (b"\x1b[31mred \x1b[32mgreen", 12, b"\x1b[32mgreen"),
        ("häuser".encode(), 5, b"user"),
        ("日本語".encode(), 7, "本語".encode()),
        (b"no place to begin", 5, b"begin"),
        (b"ends in a line\n", 3, b""),
    ],
)
def test_a_replay_begins_where_a_screen_can(output: bytes, held: int, replay: bytes) -> None:
    ring = filled(output, capacity_bytes=held)
    assert ring.read(ring.clean_start(), 100) == replay


@given(text=st.text(), held=st.integers(1, 100))
def test_a_replay_of_text_is_text(text: str, held: int) -> None:
    ring = filled(text.encode(), capacity_bytes=held)
    assert text.endswith(ring.read(ring.clean_start(), held).decode())
