"""Routes of searches: each reply is a stream of JSON lines, which ends its search when its reader goes away."""

from collections.abc import AsyncIterator, Awaitable, Callable

import anyio
import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from ide_server.host.routes import bodies
from ide_server.host.routes.models import model_id_of
from ide_server.host.state import HostState
from ide_server.wire import SearchQuery


class JsonLines(StreamingResponse):
    """A line for each event. `close` is called however it ends."""

    def __init__(self, events: AsyncIterator[msgspec.Struct], close: Callable[[], Awaitable[None]]) -> None:
        super().__init__(lines(events), media_type="application/jsonl", headers={"Cache-Control": "no-store"})
        self._close = close

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            with anyio.CancelScope(shield=True):
                await self._close()


async def lines(events: AsyncIterator[msgspec.Struct]) -> AsyncIterator[bytes]:
    async for event in events:
        yield msgspec.json.encode(event) + b"\n"


async def search(request: Request[HostState]) -> Response:
    query = await bodies.read(request, SearchQuery)
    finding = await request.state["search"].find(model_id_of(request), query)
    return JsonLines(finding.events(), finding.close)


async def paths(request: Request[HostState]) -> Response:
    hidden = request.query_params.get("hidden") == "true"
    found = await request.state["search"].paths(model_id_of(request), hidden=hidden)
    return JsonLines(found, close=nothing)


async def nothing() -> None:
    """A walk holds nothing between its steps."""


routes: list[BaseRoute] = [
    Route("/models/{model}/search", search, methods=["POST"]),
    Route("/models/{model}/paths", paths, methods=["GET"]),
]
