import asyncio
import socket
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ide_server.host.launchers.frames import (
    MAX_HEADER_BYTES,
    MAX_PARTS,
    MAX_PARTS_BYTES,
    FrameError,
    encode_frame,
    read_frame,
)
from ide_server.host.launchers.protocol import Call, Data, Given, MetricsSaid, Returned, Said, StateSaid, said_decoder
from ide_server.host.launchers.sources import INLINE_BYTES, Sources
from ide_server.host.parameters import Argument
from tests.support.runner import frames as runner_frames


async def read_bytes(data: bytes) -> tuple[Said, list[bytes]]:
    reader = asyncio.StreamReader()
    reader.feed_data(data)
    reader.feed_eof()
    return await read_frame(reader, said_decoder)


def header(text: bytes) -> bytes:
    return struct.pack(">I", len(text)) + text


@pytest.mark.anyio
async def test_the_host_reads_what_the_runner_encodes() -> None:
    encoded = runner_frames.encode({"type": "state", "key": "weights"}, [b"\x00\xff"])
    assert await read_bytes(encoded) == (StateSaid(key="weights", parts=[2]), [b"\x00\xff"])


def test_the_runner_reads_what_the_host_encodes() -> None:
    near, far = socket.socketpair()
    with near, far:
        asked = Call(1, "evaluate", {"x": Given(1, 3, 0)}, inline=[0], parts=[3])
        near.sendall(encode_frame(asked, b"1.5") + encode_frame(Data(2, [3]), b"1.5"))
        call, data = runner_frames.read(far), runner_frames.read(far)
    given = {"x": {"count": 1, "byte_size": 3, "blob": 0, "ends": None, "single": True, "cast": None}}
    header = {"type": "call", "id": 1, "function": "evaluate", "parameters": given, "state": None, "other_models": {}}
    assert call == (header | {"inline": [0], "parts": [3]}, [b"1.5"])
    assert data == ({"type": "data", "id": 2, "parts": [3]}, [b"1.5"])


@pytest.mark.anyio
async def test_numbers_that_json_lacks_come_as_none() -> None:
    encoded = runner_frames.encode({"type": "metrics", "metrics": [["loss", 0, None]]})
    assert await read_bytes(encoded) == (MetricsSaid(metrics=[("loss", 0, None)]), [])


@pytest.mark.anyio
@pytest.mark.parametrize(
    "data",
    [
        struct.pack(">I", MAX_HEADER_BYTES + 1),
        struct.pack(">I", 0xFFFFFFFF) + b"x" * 100,
        header(b"not json"),
        header(b"\xff\xfe"),
        header(b"[]"),
        header(b"{}"),
        header(b'{"type": "shutdown"}'),
        header(b'{"type": "returned", "id": -1, "functions": []}'),
        header(b'{"type": "returned", "id": 1, "functions": ["rm"]}'),
        header(b'{"type": "progress", "fraction": 7}'),
        header(b'{"type": "progress", "fraction": 1e999}'),
        header(b'{"type": "read", "id": 1, "blob": 0, "offset": 0, "size": 99999999}'),
        header(b'{"type": "value", "element_type": "f64", "shape": [-1], "byte_size": 8}'),
        header(b'{"type": "value", "element_type": "f64", "shape": [], "byte_size": -1}'),
        header(b'{"type": "value", "element_type": "complex", "shape": [], "byte_size": 8}'),
        header(
            b'{"type": "value", "element_type": "image", "shape": [], "byte_size": 1, '
            b'"files": [{"format": "../x", "byte_size": 1}]}'
        ),
        header(b'{"type": "elements", "parts": [-1]}'),
        header(b'{"type": "elements", "parts": [%d]}' % (MAX_PARTS_BYTES + 1)),
        header(b'{"type": "elements", "parts": [%s]}' % b",".join([b"1"] * (MAX_PARTS + 1))),
        header(b'{"type": "elements", "parts": [%d, %d]}' % (MAX_PARTS_BYTES, MAX_PARTS_BYTES)),
        header(b'{"type": "failed", "id": 1, "kind": "succeeded", "message": ""}'),
        header(b'{"type": "ready", "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
    ],
)
async def test_what_the_protocol_does_not_allow_is_a_frame_error(data: bytes) -> None:
    with pytest.raises(FrameError, match="Expected"):
        await read_bytes(data)


@pytest.mark.anyio
@pytest.mark.parametrize("kept", [0, 3, 4, 10, -1])
async def test_a_frame_that_is_cut_off_is_the_end(kept: int) -> None:
    whole = runner_frames.encode({"type": "state", "key": "a"}, [b"12345"])
    with pytest.raises(EOFError):
        await read_bytes(whole[:kept])


@given(st.binary(max_size=300))
def test_no_bytes_do_worse_than_end_the_conversation(data: bytes) -> None:
    with pytest.raises((FrameError, EOFError)):
        asyncio.run(read_bytes(data))


@given(st.binary(max_size=300))
def test_no_header_does_worse_than_end_the_conversation(text: bytes) -> None:
    with pytest.raises((FrameError, EOFError)):
        asyncio.run(read_bytes(header(text)))


@pytest.mark.anyio
async def test_a_returned_frame_names_the_functions() -> None:
    encoded = runner_frames.encode({"type": "returned", "id": 3, "functions": ["evaluate"]})
    assert await read_bytes(encoded) == (Returned(id=3, functions=["evaluate"]), [])


def test_what_is_short_goes_with_the_call_and_the_rest_is_asked_for() -> None:
    sources = Sources(3)
    short = [bytes(10), bytes(INLINE_BYTES), b"", bytes(INLINE_BYTES - 10), b"x"]
    for data in short:
        sources.give(Argument(data, len(data)))
    assert sources.inline() == {3: short[0], 5: short[2], 6: short[3]}
    many = Sources()
    for _ in range(MAX_PARTS + 1):
        many.give(Argument(b"x", 1))
    assert list(many.inline()) == [*range(MAX_PARTS)]
