from typing import Any

import pytest
from starlette.types import Message
from starlette.websockets import WebSocket

from ide_server.errors import InvalidRequest
from ide_server.host.routes.sockets import refuse


@pytest.mark.anyio
async def test_a_client_that_has_left_is_refused_in_silence() -> None:
    sent: list[str] = []

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        sent.append(message["type"])
        if message["type"] == "websocket.close":
            raise OSError("it has left")

    websocket: WebSocket[Any] = WebSocket({"type": "websocket", "headers": []}, receive, send)
    await websocket.accept()
    for _ in range(2):  # the second time Starlette knows
        await refuse(websocket, InvalidRequest("Expected something else."))
    assert sent == ["websocket.accept", "websocket.close"]
