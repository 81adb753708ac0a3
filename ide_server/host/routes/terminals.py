"""Routes of terminals, and the socket that one terminal is watched and typed into through."""

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import Any, assert_never

import anyio
import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from ide_server import wire
from ide_server.errors import InvalidRequest, SlipwayError
from ide_server.host.routes import bodies
from ide_server.host.routes.models import model_id_of
from ide_server.host.routes.sockets import refuse
from ide_server.host.state import HostState
from ide_server.host.terminals import STALL_SECONDS, Client, ClientStalled, Terminal
from ide_server.host.websockets import DIRECT, WebSockets
from ide_server.replies import json_reply
from ide_server.wire import TerminalId

STALLED = 1013
CLOSE_SECONDS = 5.0
SHOWN_CHARACTERS = 40
OFFSET_DIGITS = 18

NOT_DECODED = (msgspec.DecodeError, RecursionError, UnicodeDecodeError)  # as wire.decode
requests: msgspec.json.Decoder[wire.TerminalRequest] = msgspec.json.Decoder(wire.TerminalRequest)


async def list_terminals(request: Request[HostState]) -> Response:
    model = await request.state["catalog"].models.get(model_id_of(request))
    return json_reply(request.state["terminals"].list(model.id))


async def create_terminal(request: Request[HostState]) -> Response:
    new = await bodies.read(request, wire.NewTerminal)
    terminal = await request.state["terminals"].create(
        model_id_of(request), rows=new.rows, columns=new.columns, folder=new.folder
    )
    return json_reply(terminal, status=201)


async def change_terminal(request: Request[HostState]) -> Response:
    change = await bodies.read(request, wire.TerminalChange)
    return json_reply(request.state["terminals"].change(model_id_of(request), terminal_id_of(request), change))


async def remove_terminal(request: Request[HostState]) -> Response:
    await request.state["terminals"].remove(model_id_of(request), terminal_id_of(request))
    return Response(status_code=204)


async def watch_terminal(websocket: WebSocket[HostState]) -> None:
    try:
        terminal = websocket.state["terminals"].get(model_id_of(websocket), terminal_id_of(websocket))
        offset = offset_of(websocket)
    except SlipwayError as error:
        await websocket.accept()
        return await refuse(websocket, error)
    try:
        with terminal.attached(offset) as client:
            await websocket.accept()
            direct: WebSockets = websocket.scope["extensions"][DIRECT]
            direct.hear, client.say = partial(hear, terminal, client), direct.say
            await talk(websocket, terminal, client)
    except SlipwayError as error:
        await refuse(websocket, error)
    except ClientStalled:
        # Detached by now, so a socket that takes not even this holds nothing up.
        with anyio.move_on_after(CLOSE_SECONDS):
            await websocket.close(
                STALLED, f"expected an ack within {STALL_SECONDS:.0f} seconds, got none; connect again"
            )


async def talk(websocket: WebSocket[HostState], terminal: Terminal, client: Client) -> None:
    """Until the shell ends or the client leaves. Raises ClientStalled, InvalidRequest."""
    faults: list[Exception] = []
    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(send, websocket, terminal, client, tasks.cancel_scope)
            await listen(websocket, terminal, client)
            tasks.cancel_scope.cancel()
    except* WebSocketDisconnect:
        pass  # the listener would have heard of it next
    except* (ClientStalled, InvalidRequest) as group:
        faults.extend(group.exceptions)
    # Not raised where it is caught: Debian 12's Python, 3.11.2, puts it into a group again.
    if faults:
        raise faults[0]


async def send(websocket: WebSocket[HostState], terminal: Terminal, client: Client, scope: anyio.CancelScope) -> None:
    loop = asyncio.get_running_loop()
    with anyio.CancelScope() as patience:
        async for output in terminal.outputs(client):
            # A timeout for each, and one in wait_changed, were a fifth of what a typed key costs the host.
            losing_patience = loop.call_later(STALL_SECONDS, patience.cancel)
            try:
                if isinstance(output, bytes):
                    await websocket.send_bytes(output)
                else:
                    await websocket.send_text(wire.encode(output).decode())
            finally:
                losing_patience.cancel()
    if patience.cancelled_caught:
        raise ClientStalled
    await websocket.close()
    scope.cancel()


async def listen(websocket: WebSocket[HostState], terminal: Terminal, client: Client) -> None:
    while (message := await websocket.receive())["type"] != "websocket.disconnect":
        obey(terminal, client, request_of(message))


def hear(terminal: Terminal, client: Client, said: bytes) -> bool:
    """False leaves it to `listen`."""
    try:
        obey(terminal, client, requests.decode(said))
    except (*NOT_DECODED, InvalidRequest):
        return False
    return True


def request_of(message: Mapping[str, Any]) -> wire.TerminalRequest:
    said = message.get("text") or message.get("bytes") or ""
    try:
        return requests.decode(said)
    except NOT_DECODED:
        expected = '["stdin", text], ["set_size", rows, columns] or ["ack", offset]'
        raise InvalidRequest(f"Expected {expected}, got {said[:SHOWN_CHARACTERS]!r}.") from None


def obey(terminal: Terminal, client: Client, request: wire.TerminalRequest) -> None:
    match request:
        case wire.Stdin(text):
            terminal.type(client, text)
        case wire.SetSize(rows, columns):
            terminal.set_size(client, rows, columns)
        case wire.Acknowledge(offset):
            terminal.acknowledge(client, offset)
        case _:
            assert_never(request)


def terminal_id_of(connection: Request[HostState] | WebSocket[HostState]) -> TerminalId:
    return TerminalId(connection.path_params["terminal"])


def offset_of(websocket: WebSocket[HostState]) -> int:
    said = websocket.query_params.get("offset", "0")
    if not said.isdecimal() or len(said) > OFFSET_DIGITS:
        raise InvalidRequest(f"Expected offset to be a number of bytes, got {said[:SHOWN_CHARACTERS]!r}.")
    return int(said)


routes: list[BaseRoute] = [
    Route("/models/{model}/terminals", list_terminals),
    Route("/models/{model}/terminals", create_terminal, methods=["POST"]),
    Route("/models/{model}/terminals/{terminal}", change_terminal, methods=["PATCH"]),
    Route("/models/{model}/terminals/{terminal}", remove_terminal, methods=["DELETE"]),
    WebSocketRoute("/models/{model}/terminals/{terminal}/socket", watch_terminal),
]
