"""Routes of the Open Inference Protocol v2, which has its own shape of errors."""

from collections.abc import AsyncIterator, Mapping
from http import HTTPStatus
from typing import Any

import anyio
from starlette.middleware import Middleware
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Mount, Route

from ide_server.errors import InvalidRequest
from ide_server.host.inference import EvaluationFailed, Inference, Reply, Span
from ide_server.host.inference.inference import SERVER
from ide_server.host.routes import bodies
from ide_server.host.state import HostState
from ide_server.replies import PROTOCOL_HANDLERS, json_reply, protocol_error
from ide_server.wire import OutcomeKind

MAX_REQUEST_BYTES = 16 << 20
CHUNK_BYTES = 1 << 20
JSON_SIZE = "inference-header-content-length"

STATUS: Mapping[OutcomeKind, HTTPStatus] = {
    "cancelled": HTTPStatus.CONFLICT,
    "interrupted": HTTPStatus.SERVICE_UNAVAILABLE,
    "server_overloaded": HTTPStatus.SERVICE_UNAVAILABLE,
    "launcher_terminated": HTTPStatus.SERVICE_UNAVAILABLE,
    "max_duration_exceeded": HTTPStatus.GATEWAY_TIMEOUT,
}
"""Of an operation that did not end well; all else is a fault of the model's code: 500."""


def inference_of(request: Request[HostState]) -> Inference:
    return request.state["inference"]


def name_of(request: Request[HostState]) -> str:
    return str(request.path_params["name"])


async def show_server(_: Request[HostState]) -> Response:
    return json_reply(SERVER)


async def show_live(_: Request[HostState]) -> Response:
    return json_reply({"live": True})


async def show_ready(_: Request[HostState]) -> Response:
    return json_reply({"ready": True})


async def show_model(request: Request[HostState]) -> Response:
    return json_reply(await inference_of(request).metadata(name_of(request)))


async def show_model_ready(request: Request[HostState]) -> Response:
    name = name_of(request)
    if not await inference_of(request).is_ready(name):
        raise InvalidRequest(f"The model {name!r} is not ready: its code has no function evaluate.")
    return json_reply({"name": name, "ready": True})


async def infer(request: Request[HostState]) -> Response:
    coding = request.headers.get("content-encoding", "identity")
    if coding != "identity":
        said = f"Expected a body that is not compressed, got Content-Encoding: {coding[:40]}."
        return protocol_error(said, HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
    body = await bodies.read_bytes(request, max_bytes=MAX_REQUEST_BYTES)
    return response_of(await inference_of(request).infer(name_of(request), body, json_size=json_size_of(request)))


def json_size_of(request: Request[HostState]) -> int | None:
    said = request.headers.get(JSON_SIZE)
    if said is not None and (not said.isdecimal() or len(said) > 18):
        raise InvalidRequest(f"Expected Inference-Header-Content-Length in bytes, got {said[:40]!r}.")
    return None if said is None else int(said)


def response_of(reply: Reply) -> Response:
    if not reply.payloads:
        return Response(reply.json, media_type="application/json")
    headers = {
        "Content-Type": "application/octet-stream",
        "Content-Length": str(reply.byte_size),
        JSON_SIZE: str(len(reply.json)),
    }
    return StreamingResponse(content_of(reply), headers=headers)


async def content_of(reply: Reply) -> AsyncIterator[bytes]:
    gathered = bytearray(reply.json)
    for payload in reply.payloads:
        if isinstance(payload, bytes):
            gathered += payload
            continue
        yield bytes(gathered)
        gathered.clear()
        async for chunk in content_of_span(payload):
            yield chunk
    if gathered:
        yield bytes(gathered)


async def content_of_span(span: Span) -> AsyncIterator[bytes]:
    """Where the file ends too early the reply does as well, which a client can tell."""
    left = span.byte_size
    async with await anyio.open_file(span.path, "rb") as file:
        await file.seek(span.offset)
        while left and (chunk := await file.read(min(left, CHUNK_BYTES))):
            left -= len(chunk)
            yield chunk


async def evaluation_failed(_: Request[HostState], error: Exception) -> Response:
    assert isinstance(error, EvaluationFailed)
    return protocol_error(str(error), STATUS.get(error.kind, HTTPStatus.INTERNAL_SERVER_ERROR))


HANDLERS: Mapping[Any, Any] = {**PROTOCOL_HANDLERS, EvaluationFailed: evaluation_failed}
_errors = [Middleware(ExceptionMiddleware, handlers=HANDLERS)]

routes: list[BaseRoute] = [
    Route("/v2", show_server, middleware=_errors),
    Mount(
        "/v2",
        routes=[
            Route("/health/live", show_live),
            Route("/health/ready", show_ready),
            Route("/models/{name}", show_model),
            Route("/models/{name}/ready", show_model_ready),
            Route("/models/{name}/infer", infer, methods=["POST"]),
        ],
        middleware=_errors,
    ),
]
