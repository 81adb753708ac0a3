"""Frames on the socket to a runner: four bytes of header length, a JSON header, then the binary parts it names.

The other side runs beside the person's code: whatever it sends beyond these bounds is a FrameError, and nothing is
allocated on its word alone.
"""

import asyncio
import struct
from typing import Annotated, Any, TypeVar

import msgspec

MAX_HEADER_BYTES = 1 << 20
MAX_PARTS = 16
MAX_PARTS_BYTES = 4 << 20
CHUNK_BYTES = 1 << 20

PartSize = Annotated[int, msgspec.Meta(ge=0, le=MAX_PARTS_BYTES)]


class FrameError(Exception):
    """What came is not what the protocol allows; says what was expected and what came."""


class Header(msgspec.Struct, frozen=True, kw_only=True):
    parts: Annotated[list[PartSize], msgspec.Meta(max_length=MAX_PARTS)] = []


H = TypeVar("H")


def encode_frame(header: Any, *parts: bytes) -> bytes:
    text = msgspec.json.encode(header)
    return b"".join([struct.pack(">I", len(text)), text, *parts])


async def read_frame(reader: asyncio.StreamReader, decoder: msgspec.json.Decoder[H]) -> tuple[H, list[bytes]]:
    """Raises FrameError, and EOFError where the socket ends, between frames or within one."""
    (size,) = struct.unpack(">I", await reader.readexactly(4))
    if size > MAX_HEADER_BYTES:
        raise FrameError(f"Expected a header of at most {MAX_HEADER_BYTES} bytes, got one of {size}.")
    header = decode_header(await reader.readexactly(size), decoder)
    return header, [await reader.readexactly(part) for part in part_sizes(header)]


def decode_header(text: bytes, decoder: msgspec.json.Decoder[H]) -> H:
    try:
        return decoder.decode(text)
    # Text that nests too deeply raises RecursionError, text that is not UTF-8 UnicodeDecodeError.
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise FrameError(f"Expected a header of the protocol: {error}. Got {text[:100]!r}.") from error


def part_sizes(header: Any) -> list[int]:
    sizes: list[int] = header.parts
    if sum(sizes) > MAX_PARTS_BYTES:
        raise FrameError(f"Expected parts of at most {MAX_PARTS_BYTES} bytes together, got {sum(sizes)}.")
    return sizes
