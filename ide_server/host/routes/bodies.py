"""Requests' bodies as the messages that they are."""

from collections.abc import AsyncIterator
from typing import Any, TypeVar

from starlette.requests import ClientDisconnect, Request

from ide_server.errors import InvalidRequest
from ide_server.wire import decode

MAX_BYTES = 64 << 10

T = TypeVar("T")


async def read(request: Request[Any], kind: type[T], *, max_bytes: int = MAX_BYTES) -> T:
    """Raises InvalidRequest, for a longer body as soon as it is longer."""
    return decode(await read_bytes(request, max_bytes=max_bytes), kind)


async def read_bytes(request: Request[Any], *, max_bytes: int) -> bytes:
    """As `read`."""
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > max_bytes:
                raise InvalidRequest(f"Expected a request of at most {max_bytes:,} bytes; it has more.")
    except ClientDisconnect:  # heard by nobody, and no fault of ours that a log should tell
        raise InvalidRequest("The client left before all of its request had come.") from None
    return bytes(body)


async def chunks(request: Request[Any]) -> AsyncIterator[bytes]:
    """Of a body that is streamed. Raises InvalidRequest if the client leaves before its end."""
    try:
        async for chunk in request.stream():
            if chunk:
                yield chunk
    except ClientDisconnect:
        raise InvalidRequest("The client left before all had come; nothing was kept.") from None


def parameter(request: Request[Any], name: str) -> str:
    """Of the address. Raises InvalidRequest."""
    if name not in request.query_params:
        raise InvalidRequest(f"Expected ?{name}= in the address, got none.")
    return request.query_params[name]
