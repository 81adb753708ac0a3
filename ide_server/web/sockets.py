"""Passes WebSockets on to the host, both ways, each side waiting for the other."""

import asyncio
import contextlib
from collections.abc import Awaitable
from http import HTTPStatus

import anyio
from starlette.websockets import WebSocket, WebSocketDisconnect
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.frames import Close

from ide_server.errors import NotSignedIn, ScopeMissing
from ide_server.web import access
from ide_server.web.guard import close_reason
from ide_server.web.host import CLOSE_SECONDS, Host
from ide_server.web.relay import target_of

NORMAL, GOING_AWAY, NO_STATUS, ABNORMAL, UNEXPECTED, RESTARTING = 1000, 1001, 1005, 1006, 1011, 1012
NOT_SIGNED_IN, NOT_FOUND = 4401, 4404
# 1005 (no code) and 1006 (no closing at all) are never sent, RFC 6455, 7.4.1. uvicorn says 1005 for both.
TO_HOST = {NO_STATUS: GOING_AWAY, ABNORMAL: GOING_AWAY}
TO_CLIENT = {NO_STATUS: NORMAL, ABNORMAL: RESTARTING}
STUCK_SECONDS = 60.0
"""A host that reads nothing for so long is given up. For a program to read, it waits for a quarter of that."""


async def relay(websocket: WebSocket) -> None:
    sign_out = websocket.state["sign_outs"].next
    try:
        await access.require(websocket)
    except (NotSignedIn, ScopeMissing) as error:
        return await refuse(websocket, Close(NOT_SIGNED_IN, close_reason(error.message)))
    host: Host = websocket.state["host"]
    try:
        connection = await host.connect(target_of(websocket.scope), websocket.scope["subprotocols"])
    except (InvalidHandshake, OSError, TimeoutError, EOFError) as error:
        return await refuse(websocket, why_refused(error))
    return await relay_over(websocket, connection, sign_out, access.require)


async def relay_over(
    websocket: WebSocket, connection: ClientConnection, sign_out: asyncio.Event, require: access.Require
) -> None:
    """Until either side closes, or `require` no longer lets the client in."""
    close = Close(GOING_AWAY, "")
    try:
        await websocket.accept(connection.subprotocol)
        close = await both_ways(websocket, connection, access.wait_closed(websocket, sign_out, require))
    except WebSocketDisconnect:
        pass
    finally:
        with anyio.CancelScope(shield=True):
            await end(connection, close)


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


async def both_ways(websocket: WebSocket, connection: ClientConnection, closed: Awaitable[None]) -> Close:
    """Until either side or the session closes: the host's close is passed on at once, the client's is returned."""
    close = Close(GOING_AWAY, "")
    signed_out = False
    async with anyio.create_task_group() as group:

        async def from_client() -> None:
            nonlocal close
            close = await pass_to_host(websocket, connection)
            group.cancel_scope.cancel()

        async def until_signed_out() -> None:
            nonlocal signed_out
            await closed
            signed_out = True
            group.cancel_scope.cancel()

        group.start_soon(from_client)
        group.start_soon(until_signed_out)
        await pass_to_client(websocket, connection)
        group.cancel_scope.cancel()
    if signed_out:
        with anyio.move_on_after(CLOSE_SECONDS):  # a client that reads nothing does not take this either
            await websocket.close(NOT_SIGNED_IN, "The session or API token has ended. Sign in again.")
    return close


async def pass_to_host(websocket: WebSocket, connection: ClientConnection) -> Close:
    while True:
        message = await websocket.receive()
        if message["type"] == "websocket.disconnect":
            code: int = message["code"]
            return Close(TO_HOST.get(code, code), message.get("reason") or "")
        text = message.get("text")
        try:
            async with asyncio.timeout(STUCK_SECONDS):
                await connection.send(text if text is not None else message["bytes"])
        except TimeoutError:
            connection.transport.abort()
        except ConnectionClosed:
            # pass_to_client hears of it too, and has the code to pass on.
            await anyio.sleep_forever()


async def pass_to_client(websocket: WebSocket, connection: ClientConnection) -> None:
    with contextlib.suppress(WebSocketDisconnect):
        try:
            while True:
                message = await connection.recv()
                kind = "text" if isinstance(message, str) else "bytes"
                await websocket.send({"type": "websocket.send", kind: message})
        except ConnectionClosed:
            code = connection.close_code or ABNORMAL
            await websocket.close(TO_CLIENT.get(code, code), connection.close_reason)


async def end(connection: ClientConnection, close: Close) -> None:
    """Reads on meanwhile: the host's answer to the close comes after all that it has sent."""
    async with anyio.create_task_group() as group:
        group.start_soon(discard, connection)
        await connection.close(close.code, close.reason)
        group.cancel_scope.cancel()


async def discard(connection: ClientConnection) -> None:
    with contextlib.suppress(ConnectionClosed):
        while True:
            await connection.recv()
