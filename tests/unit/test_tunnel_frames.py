"""Where the frames of a server end, however they come."""

from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode

from ide_server.web.tunnel import Frames

LENGTHS = st.sampled_from([0, 1, 125, 126, 127, 65535, 65536])
OPCODES = st.sampled_from([Opcode.TEXT, Opcode.BINARY, Opcode.CONT])


@given(st.lists(st.tuples(OPCODES, LENGTHS), max_size=6), st.lists(st.integers(0, 1 << 18), max_size=12))
def test_a_closing_frame_may_come_between_two_frames_only(said: list[tuple[Opcode, int]], cuts: list[int]) -> None:
    stream, ends = b"", {0}
    for opcode, length in said:
        stream += Frame(opcode, bytes(length)).serialize(mask=False)
        ends.add(len(stream))
    frames = Frames()
    places = sorted({min(cut, len(stream)) for cut in cuts} | {min(end + 1, len(stream)) for end in ends})
    before = 0
    for place in (*places, len(stream)):
        frames.follow(stream[before:place])
        assert frames.may_close == (place in ends)
        before = place


def test_none_comes_after_the_first() -> None:
    frames = Frames()
    frames.follow(Frame(Opcode.CLOSE, b"\x03\xe8").serialize(mask=False))
    assert not frames.may_close
