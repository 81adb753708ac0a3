"""Frames on a socket: four bytes of header length, a JSON header, then the binary parts whose sizes it names."""

import json
import struct

MAX_HEADER_BYTES = 1 << 20
MAX_PARTS_BYTES = 4 << 20
CHUNK_BYTES = 1 << 20


_text_of = json.JSONEncoder(allow_nan=False, ensure_ascii=False).encode


class ConnectionEnded(Exception):
    """The host has closed the socket."""


def encode(header, parts=()):
    header = dict(header, parts=[len(part) for part in parts]) if parts else header
    # Half a surrogate pair, as in the name of a file, is text to Python, but no UTF-8.
    text = _text_of(header).encode("utf-8", "replace")
    return b"".join([struct.pack(">I", len(text)), text, *parts])


def read(connected):
    """The next frame of a socket, as (header, parts)."""
    (size,) = struct.unpack(">I", _read_exactly(connected, 4))
    if size > MAX_HEADER_BYTES:
        raise ValueError(f"expected a header of at most {MAX_HEADER_BYTES} bytes, got {size}")
    header = json.loads(bytes(_read_exactly(connected, size)))
    return header, [_read_exactly(connected, part) for part in header.get("parts", ())]


def _read_exactly(connected, size):
    # Not socket.makefile: its lock, held by a thread that a fork or an exit has cut off, is fatal to the interpreter.
    data = bytearray(size)
    view = memoryview(data)
    while view:
        received = connected.recv_into(view)
        if not received:
            raise ConnectionEnded
        view = view[received:]
    return data
