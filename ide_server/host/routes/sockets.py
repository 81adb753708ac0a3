"""What every WebSocket route of the host does the same way."""

import contextlib
from collections.abc import AsyncIterator

import anyio
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketDisconnected

from ide_server.errors import InvalidRequest, NotFound, SlipwayError
from ide_server.host.state import HostState

NOT_FOUND, NOT_UNDERSTOOD, FAILED = 4404, 4400, 1011
REASON_BYTES = 123  # RFC 6455, 5.5: a control frame carries 125 bytes, two of them the code


async def stream(websocket: WebSocket[HostState], messages: AsyncIterator[str]) -> None:
    """Send each message as text, then close with 1000; stop at once when the client leaves. It is not meant to talk."""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_until_it_leaves, websocket, tasks.cancel_scope)
        try:
            async for message in messages:
                await websocket.send_text(message)
            await websocket.close()
        except WebSocketDisconnect:
            pass  # it left in the middle of a message, which is as good as before it
        tasks.cancel_scope.cancel()


async def refuse(websocket: WebSocket[HostState], error: SlipwayError) -> None:
    """Close an accepted WebSocket with a code and a reason that the page can show."""
    code = FAILED
    if isinstance(error, NotFound):
        code = NOT_FOUND
    elif isinstance(error, InvalidRequest):
        code = NOT_UNDERSTOOD
    await close(websocket, code, error.message)


async def close(websocket: WebSocket[HostState], code: int, reason: str) -> None:
    """With as much of the reason as there is room for."""
    with contextlib.suppress(WebSocketDisconnect, WebSocketDisconnected):  # it left meanwhile
        await websocket.close(code, reason.encode()[:REASON_BYTES].decode(errors="ignore"))


async def _until_it_leaves(websocket: WebSocket[HostState], scope: anyio.CancelScope) -> None:
    while (await websocket.receive())["type"] != "websocket.disconnect":
        pass
    scope.cancel()
