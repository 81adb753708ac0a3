"""Server-sent events: a stream for programs, and for pages where a WebSocket does not get through."""

import asyncio
from collections.abc import AsyncIterator
from typing import NamedTuple

from starlette.responses import StreamingResponse

PING_SECONDS = 15.0
"""A proxy in between takes a connection that is silent for longer for dead."""
PING = ":\n\n"


class Event(NamedTuple):
    data: str
    """One line."""
    id: str = ""
    """Where to go on after it: sent back by who connects again."""


class EventStream(StreamingResponse):
    def __init__(self, events: AsyncIterator[Event]) -> None:
        super().__init__(lines(events), media_type="text/event-stream", headers={"Cache-Control": "no-store"})


async def lines(events: AsyncIterator[Event]) -> AsyncIterator[str]:
    coming = asyncio.ensure_future(anext(events, None))
    try:
        while True:
            done, _ = await asyncio.wait([coming], timeout=PING_SECONDS)
            if not done:
                yield PING
                continue
            if (event := coming.result()) is None:
                return
            coming = asyncio.ensure_future(anext(events, None))
            yield (f"id: {event.id}\n" if event.id else "") + f"data: {event.data}\n\n"
    finally:
        coming.cancel()
        await asyncio.wait([coming])
