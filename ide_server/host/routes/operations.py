"""Routes of operations: started, watched, stopped, their results."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import FileResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket

from ide_server import wire
from ide_server.errors import InvalidRequest, SlipwayError
from ide_server.host.launchers import Operations
from ide_server.host.routes import bodies
from ide_server.host.routes.downloads import attachment
from ide_server.host.routes.event_stream import Event, EventStream
from ide_server.host.routes.models import model_id_of
from ide_server.host.routes.sockets import refuse, stream
from ide_server.host.state import HostState
from ide_server.replies import json_reply
from ide_server.wire import OperationId

MAX_REQUEST_BYTES = 64 << 20

MEDIA_TYPES = {
    "png": "image/png",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
    "bmp": "image/bmp",
    "avif": "image/avif",
    "wav": "audio/wav",
    "mp3": "audio/mpeg",
    "ogg": "audio/ogg",
    "flac": "audio/flac",
    "mp4": "video/mp4",
    "webm": "video/webm",
}
"""What a browser may show as what it is. All else, SVG too as it can hold scripts, is only to be saved."""


def operation_id_of(connection: Request[Any] | WebSocket[Any]) -> OperationId:
    return OperationId(connection.path_params["operation"])


def call_of(request: Request[Any]) -> int:
    number: int = request.path_params["call"]
    return number


async def list_operations(request: Request[HostState]) -> Response:
    older_than = request.query_params.get("older_than")
    known = None if older_than is None else OperationId(older_than)
    return json_reply(await request.state["operations"].list(model_id_of(request), older_than=known))


async def create_operation(request: Request[HostState]) -> Response:
    new = await bodies.read(request, wire.NewOperation, max_bytes=MAX_REQUEST_BYTES)
    return json_reply(await request.state["operations"].create(model_id_of(request), new), status=202)


async def show_operation(request: Request[HostState]) -> Response:
    return json_reply(await request.state["operations"].get(operation_id_of(request)))


async def show_request(request: Request[HostState]) -> Response:
    return json_reply(await request.state["operations"].request(operation_id_of(request)))


async def delete_operation(request: Request[HostState]) -> Response:
    await request.state["operations"].delete(operation_id_of(request))
    return Response(status_code=204)


async def cancel_operation(request: Request[HostState]) -> Response:
    return json_reply(await request.state["operations"].cancel(operation_id_of(request)), status=202)


async def resume_operation(request: Request[HostState]) -> Response:
    return json_reply(await request.state["operations"].resume(operation_id_of(request)), status=202)


async def show_result(request: Request[HostState]) -> Response:
    return json_reply(await request.state["operations"].result(operation_id_of(request)))


async def show_blob(request: Request[HostState]) -> Response:
    path, blob, output = await request.state["operations"].blob(operation_id_of(request), request.path_params["index"])
    return blob_reply(path, blob, output)


def blob_reply(path: Path, blob: wire.Blob, output: str) -> Response:
    shown = blob.format in MEDIA_TYPES
    name = f"{output}.{blob.format or 'bin'}"
    return FileResponse(
        path,
        media_type=MEDIA_TYPES.get(blob.format, "application/octet-stream"),
        filename=name,
        content_disposition_type="inline" if shown else "attachment",
        headers={"X-Content-Type-Options": "nosniff", "Cache-Control": "private, max-age=31536000, immutable"},
    )


async def show_log(request: Request[HostState]) -> Response:
    operation_id = operation_id_of(request)
    text = await request.state["operations"].printed(operation_id)
    headers = attachment(f"{operation_id}.log") | {"Content-Type": "text/plain; charset=utf-8"}
    return StreamingResponse(text, headers=headers)


async def make_call(request: Request[HostState]) -> Response:
    new = await bodies.read(request, wire.NewCall, max_bytes=MAX_REQUEST_BYTES)
    return json_reply(await request.state["operations"].call(operation_id_of(request), new), status=202)


async def show_call_result(request: Request[HostState]) -> Response:
    return json_reply(await request.state["operations"].call_result(operation_id_of(request), call_of(request)))


async def show_call_blob(request: Request[HostState]) -> Response:
    operation_id, index = operation_id_of(request), request.path_params["index"]
    return blob_reply(*await request.state["operations"].call_blob(operation_id, call_of(request), index))


async def keep_state_of_call(request: Request[HostState]) -> Response:
    keep = await bodies.read(request, wire.KeepState)
    kept = await request.state["operations"].keep_state(operation_id_of(request), call_of(request), keep)
    return json_reply(kept, status=201)


async def watch_operation(websocket: WebSocket[HostState]) -> None:
    await websocket.accept()
    try:
        operation_id = operation_id_of(websocket)
        await websocket.state["operations"].get(operation_id)
        offset = offset_of(websocket.query_params.get("offset", "0"))
        await stream(websocket, event_messages(websocket.state["operations"], operation_id, offset))
    except* SlipwayError as group:
        await refuse(websocket, first_of(group))


async def stream_events(request: Request[HostState]) -> Response:
    operations, operation_id = request.state["operations"], operation_id_of(request)
    operation = await operations.get(operation_id)
    known = request.headers.get("last-event-id")
    offset = offset_of(known or request.query_params.get("offset", "0"))
    if await operations.bytes_after(operation_id, offset) == 0 and known and operation.outcome is not None:
        return Response(status_code=204)  # tells an EventSource, which would connect for ever, that there is no more
    return EventStream(numbered_events(operations, operation_id, offset))


async def numbered_events(operations: Operations, operation_id: OperationId, offset: int) -> AsyncIterator[Event]:
    async for batch in operations.events(operation_id, offset):
        yield Event(wire.encode(batch).decode(), str(batch.offset))


async def event_messages(operations: Operations, operation_id: OperationId, offset: int) -> AsyncIterator[str]:
    async for batch in operations.events(operation_id, offset):
        yield wire.encode(batch).decode()


def offset_of(text: str) -> int:
    if not text.isdecimal() or len(text) > 18:
        raise InvalidRequest(f"Expected offset=N, a byte offset of the journal, got {text[:40]!r}.")
    return int(text)


def first_of(group: BaseExceptionGroup[SlipwayError]) -> SlipwayError:
    """A task group wraps what its only failing task raised."""
    error = group.exceptions[0]
    return first_of(error) if isinstance(error, BaseExceptionGroup) else error


routes: list[BaseRoute] = [
    Route("/models/{model}/operations", list_operations),
    Route("/models/{model}/operations", create_operation, methods=["POST"]),
    Route("/operations/{operation}", show_operation),
    Route("/operations/{operation}", delete_operation, methods=["DELETE"]),
    Route("/operations/{operation}/request", show_request),
    Route("/operations/{operation}/cancel", cancel_operation, methods=["POST"]),
    Route("/operations/{operation}/resume", resume_operation, methods=["POST"]),
    Route("/operations/{operation}/log", show_log),
    Route("/operations/{operation}/result", show_result),
    Route("/operations/{operation}/result/blobs/{index:int}", show_blob),
    Route("/operations/{operation}/calls", make_call, methods=["POST"]),
    Route("/operations/{operation}/calls/{call:int}/result", show_call_result),
    Route("/operations/{operation}/calls/{call:int}/result/blobs/{index:int}", show_call_blob),
    Route("/operations/{operation}/calls/{call:int}/state", keep_state_of_call, methods=["POST"]),
    Route("/operations/{operation}/events", stream_events),
    WebSocketRoute("/operations/{operation}/events", watch_operation),
]
