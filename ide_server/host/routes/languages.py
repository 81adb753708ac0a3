"""Routes of language servers, and the socket that one is spoken with through."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import anyio
import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketDisconnected

from ide_server.errors import (
    FilesystemUnavailable,
    InvalidRequest,
    LanguageServerEnded,
    NotFound,
    SlipwayError,
    TooManyLanguageServers,
)
from ide_server.host.languages import MAX_MESSAGE_BYTES, LanguageServer, Skipped
from ide_server.host.routes.models import model_id_of
from ide_server.host.routes.sockets import NOT_FOUND, NOT_UNDERSTOOD, close
from ide_server.host.state import HostState
from ide_server.replies import json_reply

RESTARTING, TRY_LATER = 1012, 1013
IDLE, TOO_MANY, CANNOT_RUN, ENDED = 4408, 4429, 4501, 4502
QUEUED_MESSAGES = 8
"""Of the client's, ahead of a server that starts or is busy; beyond it the client's sending waits."""
STALL_SECONDS = 30.0
CLOSE_SECONDS = 5.0
SHOWN_CHARACTERS = 40
INTERNAL_ERROR, WARNING = -32603, 2
"""Of JSON-RPC; of the protocol's message types."""

json_objects: msgspec.json.Decoder[dict[str, msgspec.Raw]] = msgspec.json.Decoder(dict[str, msgspec.Raw])


class Closed(Exception):
    """The conversation ends, with a code and a reason for the client."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


async def list_languages(request: Request[HostState]) -> Response:
    model = await request.state["catalog"].models.get(model_id_of(request))
    return json_reply(await request.state["languages"].list(model.id))


async def speak(websocket: WebSocket[HostState]) -> None:
    await websocket.accept()
    messages: asyncio.Queue[str] = asyncio.Queue(QUEUED_MESSAGES)
    try:
        await until_first(listen(websocket, messages), serve(websocket, messages))
    except Closed as closed:
        code, reason = closed.code, closed.reason
    except SlipwayError as error:
        code, reason = code_of(error), error.message
    except (WebSocketDisconnect, WebSocketDisconnected):
        return
    with anyio.move_on_after(CLOSE_SECONDS):  # nothing of its server is left by now
        await close(websocket, code, reason)


async def listen(websocket: WebSocket[HostState], messages: asyncio.Queue[str]) -> None:
    """Raises WebSocketDisconnect when the client leaves."""
    idle_seconds = websocket.state["settings"].language_idle_seconds
    while True:
        try:
            async with asyncio.timeout(idle_seconds):
                text = await websocket.receive()
        except TimeoutError:
            raise Closed(IDLE, f"stopped: nobody used it for {idle_seconds:g} seconds; connect again") from None
        if text["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(text["code"])
        await messages.put(checked(text.get("text")))


def checked(message: str | None) -> str:
    """Only its outside: what a message means is between the client and the server."""
    expected = "Expected a JSON-RPC message, an object, as text"
    if message is None:
        raise InvalidRequest(f"{expected}; got bytes.")
    try:
        json_objects.decode(message)
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
        raise InvalidRequest(f"{expected}; got {message[:SHOWN_CHARACTERS]!r}.") from None
    return message


async def serve(websocket: WebSocket[HostState], messages: asyncio.Queue[str]) -> None:
    languages = websocket.state["languages"]
    async with languages.run(model_id_of(websocket), websocket.path_params["server"]) as server:
        await until_first(pass_in(server, messages), pass_out(server, websocket), watch(server))


async def pass_in(server: LanguageServer, messages: asyncio.Queue[str]) -> None:
    while True:
        await server.send(await messages.get())


async def pass_out(server: LanguageServer, websocket: WebSocket[HostState]) -> None:
    while True:
        message = await server.receive()
        text = instead_of(message) if isinstance(message, Skipped) else message
        try:
            async with asyncio.timeout(STALL_SECONDS):
                await websocket.send_text(text)
        except TimeoutError:
            raise Closed(TRY_LATER, f"nothing was read for {STALL_SECONDS:g} seconds; connect again") from None


async def watch(server: LanguageServer) -> None:
    await server.wait_outdated()
    raise Closed(RESTARTING, "the model's environment has changed; connect again")


def instead_of(skipped: Skipped) -> str:
    """What the client is told, so that it does not wait for ever."""
    said = f"A message of {skipped.byte_size} bytes was left out: it is longer than {MAX_MESSAGE_BYTES}."
    if skipped.reply_to is None:
        message: dict[str, Any] = {"method": "window/logMessage", "params": {"type": WARNING, "message": said}}
    else:
        message = {"id": msgspec.Raw(skipped.reply_to.encode()), "error": {"code": INTERNAL_ERROR, "message": said}}
    return msgspec.json.encode({"jsonrpc": "2.0", **message}).decode()


def code_of(error: SlipwayError) -> int:
    match error:
        case NotFound():
            return NOT_FOUND
        case InvalidRequest():
            return NOT_UNDERSTOOD
        case TooManyLanguageServers():
            return TOO_MANY
        case LanguageServerEnded():
            return ENDED
        case FilesystemUnavailable():
            return TRY_LATER
        case _:
            return CANNOT_RUN


async def until_first(*coroutines: Coroutine[Any, Any, None]) -> None:
    """Runs all until one ends, and raises what it raised as it is; the others are cancelled."""
    tasks = [asyncio.create_task(coroutine) for coroutine in coroutines]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
    for task in tasks:
        if not task.cancelled() and (error := task.exception()) is not None:
            raise error


routes: list[BaseRoute] = [
    Route("/models/{model}/languages", list_languages),
    WebSocketRoute("/models/{model}/languages/{server}/socket", speak),
]
