"""The check of a model's code."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ide_server.host.routes.models import model_id_of
from ide_server.host.state import HostState
from ide_server.replies import json_reply
from ide_server.wire import CodeCheck


async def check_code(request: Request[HostState]) -> Response:
    found = await while_awaited(request, request.state["checks"].check(model_id_of(request)))
    # Nobody reads the 503; as one, it is not kept for an Idempotency-Key.
    return Response(status_code=503) if found is None else json_reply(found)


async def while_awaited(request: Request[HostState], checking: Coroutine[Any, Any, CodeCheck]) -> CodeCheck | None:
    """None: the client has left, as a page does whose code has changed meanwhile, and the check has ended."""
    check, leaving = asyncio.create_task(checking), asyncio.create_task(wait_gone(request))
    try:
        await asyncio.wait([check, leaving], return_when=asyncio.FIRST_COMPLETED)
    finally:
        leaving.cancel()
        check.cancel()
        await asyncio.wait([check, leaving])
    return None if check.cancelled() else check.result()


async def wait_gone(request: Request[HostState]) -> None:
    await request.body()
    while (await request.receive())["type"] != "http.disconnect":
        pass


routes: list[BaseRoute] = [Route("/models/{model}/check", check_code, methods=["POST"])]
