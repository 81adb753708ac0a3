"""Reads requests that the web process answers itself; their size is bounded before anything is decoded."""

from typing import Any

from starlette.requests import Request

from ide_server.errors import InvalidRequest

BODY_BYTES = 4096


async def read(request: Request[Any], *, limit_bytes: int = BODY_BYTES) -> bytes:
    """Raises InvalidRequest."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit_bytes:
            raise InvalidRequest(f"Expected a request of at most {limit_bytes:,} bytes; it has more.")
    return bytes(body)
