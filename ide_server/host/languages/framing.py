"""Messages of the Language Server Protocol on a stream: a head that says how long the body is, then the body.

The other side runs beside the person's code: what it says is bounded before it is read.
"""

import asyncio
import re
from dataclasses import dataclass

MAX_MESSAGE_BYTES = 4 << 20
"""Of a body, in either direction: what a WebSocket takes in one message."""
MAX_SKIPPED_BYTES = 256 << 20
HEAD_BYTES = 16 << 10
CHUNK_BYTES = 64 << 10
KEPT_BYTES = 1 << 10
CONTENT_LENGTH = re.compile(rb"(?i)^content-length:[ \t]*(\d{1,12})[ \t]*$", re.MULTILINE)
REPLY = re.compile(rb'\s*\{\s*(?:"jsonrpc"\s*:\s*"2\.0"\s*,\s*)?"id"\s*:\s*(\d{1,18}|"[^"\\]{0,200}")')


class FramingError(Exception):
    """What came is no such message; says what was expected and what came."""


@dataclass(frozen=True)
class Skipped:
    """A message that was too long to be passed on."""

    byte_size: int
    reply_to: str | None
    """The id of the request that it answers, as JSON; None where it is no reply, or does not begin with its id."""


def encode(body: bytes) -> bytes:
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


async def read_message(reader: asyncio.StreamReader) -> str | Skipped:
    """Raises FramingError, and EOFError at the end. The reader's own limit bounds the head."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.LimitOverrunError:
        raise FramingError("Expected the head of a message, got no end of it.") from None
    size = body_size(head)
    if size > MAX_MESSAGE_BYTES:
        return await skip(reader, size)
    try:
        return (await reader.readexactly(size)).decode()
    except UnicodeDecodeError as error:
        raise FramingError(f"Expected a message in UTF-8, got {error}.") from None


def body_size(head: bytes) -> int:
    found = CONTENT_LENGTH.findall(head.replace(b"\r\n", b"\n")) if len(head) <= HEAD_BYTES else []
    if len(found) != 1:
        raise FramingError(f"Expected a head with one Content-Length, got {head[:80]!r}.")
    size = int(found[0])
    if size > MAX_SKIPPED_BYTES:
        raise FramingError(f"Expected a message of at most {MAX_SKIPPED_BYTES} bytes, got one of {size}.")
    return size


async def skip(reader: asyncio.StreamReader, size: int) -> Skipped:
    begin = await reader.readexactly(KEPT_BYTES)
    left = size - KEPT_BYTES
    while left:
        left -= len(await reader.readexactly(min(left, CHUNK_BYTES)))
    found = REPLY.match(begin)
    # A request of the server's has an id too; it names its method at once.
    is_reply = found is not None and b'"method"' not in begin[: found.end() + 80]
    return Skipped(size, found[1].decode(errors="replace") if found and is_reply else None)
