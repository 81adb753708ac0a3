"""Who may have a WebSocket of the host, and what is said to those who may not or no longer may."""

import asyncio
import contextlib
from http import HTTPStatus

import anyio
from starlette.websockets import WebSocket, WebSocketDisconnect
from websockets.exceptions import InvalidHandshake, InvalidStatus
from websockets.frames import Close

from ide_server.errors import NotSignedIn, ScopeMissing
from ide_server.web import access
from ide_server.web.guard import close_reason
from ide_server.web.host import Host
from ide_server.web.relay import target_of
from ide_server.web.tunnel import RESTARTING, Tunnel

UNEXPECTED, NOT_SIGNED_IN, NOT_FOUND = 1011, 4401, 4404


async def relay(websocket: WebSocket) -> None:
    sign_out = websocket.state["sign_outs"].next
    try:
        await access.require(websocket)
    except (NotSignedIn, ScopeMissing) as error:
        return await refuse(websocket, Close(NOT_SIGNED_IN, close_reason(error.message)))
    host: Host = websocket.state["host"]
    try:
        target, subprotocols = target_of(websocket.scope), websocket.scope["subprotocols"]
        tunnel = await Tunnel.open(host, target, subprotocols, may_give=True)
    except (InvalidHandshake, OSError, TimeoutError, EOFError) as error:
        return await refuse(websocket, why_refused(error))
    return await carry(websocket, tunnel, sign_out, access.require)


async def carry(websocket: WebSocket, tunnel: Tunnel, sign_out: asyncio.Event, require: access.Require) -> None:
    """Until either side closes, or `require` no longer lets the client in."""

    async def end_with_sign_in() -> None:
        await access.wait_closed(websocket, sign_out, require)
        tunnel.end(Close(NOT_SIGNED_IN, "The session or API token has ended. Sign in again."))

    with contextlib.closing(tunnel), contextlib.suppress(WebSocketDisconnect):
        await tunnel.accept(websocket)
        async with anyio.create_task_group() as group:
            group.start_soon(end_with_sign_in)
            await tunnel.carry()
            group.cancel_scope.cancel()


async def refuse(websocket: WebSocket, close: Close) -> None:
    # Accepted first, as a page hears the code and the reason of an accepted socket only.
    await websocket.accept()
    await websocket.close(close.code, close.reason)


def why_refused(error: Exception) -> Close:
    if not isinstance(error, InvalidStatus):
        return Close(RESTARTING, "the host process is being restarted; connect again")
    status = error.response.status_code
    if status in (HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND):
        return Close(NOT_FOUND, "there is nothing to connect to at this address")
    return Close(UNEXPECTED, f"the host refused the connection with status {status}")
