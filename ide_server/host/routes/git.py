"""Routes of a model's Git repositories."""

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from ide_server.errors import InvalidRequest, SlipwayError
from ide_server.host.routes import bodies
from ide_server.host.routes.files import UNTRUSTED
from ide_server.host.routes.models import model_id_of
from ide_server.host.state import HostState
from ide_server.replies import json_reply
from ide_server.wire import (
    ErrorBody,
    GitAction,
    GitDone,
    GitProgress,
    GitTransfer,
    GitTransferEvent,
    GitTransferFailed,
    ModelId,
)

MAX_ACTION_BYTES = 16 << 20
SKIP_DIGITS = 7


class Lines(StreamingResponse):
    """Ends what it tells of however it ends: a reader that goes away in the middle, too."""

    def __init__(self, events: AsyncGenerator[GitProgress | GitDone, None]) -> None:
        super().__init__(lines(events), media_type="application/jsonl", headers={"Cache-Control": "no-store"})
        self._events = events

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with contextlib.aclosing(self._events):
            await super().__call__(scope, receive, send)


async def list_repositories(request: Request[HostState]) -> Response:
    return json_reply(await request.state["git"].repositories(model_id_of(request)))


async def read_status(request: Request[HostState]) -> Response:
    return json_reply(await request.state["git"].status(*target(request)))


async def read_refs(request: Request[HostState]) -> Response:
    return json_reply(await request.state["git"].refs(*target(request)))


async def read_log(request: Request[HostState]) -> Response:
    path = request.query_params.get("path", "")
    return json_reply(await request.state["git"].log(*target(request), path=path, skip=skip_of(request)))


async def read_commit(request: Request[HostState]) -> Response:
    return json_reply(await request.state["git"].commit(*target(request), request.path_params["commit"]))


async def read_blame(request: Request[HostState]) -> Response:
    return json_reply(await request.state["git"].blame(*target(request), bodies.parameter(request, "path")))


async def read_content(request: Request[HostState]) -> Response:
    path, version = (bodies.parameter(request, name) for name in ("path", "version"))
    content = await request.state["git"].content(*target(request), path, version=version)
    headers = {**UNTRUSTED, "ETag": f'"{content.id}"'}
    return Response(content.data, headers=headers, media_type="application/octet-stream")


async def act(request: Request[HostState]) -> Response:
    action: GitAction = await bodies.read(request, GitAction, max_bytes=MAX_ACTION_BYTES)  # type: ignore[arg-type]  # a union
    return json_reply(await request.state["git"].act(model_id_of(request), action))


async def transfer(request: Request[HostState]) -> Response:
    asked: GitTransfer = await bodies.read(request, GitTransfer)  # type: ignore[arg-type]  # a union
    events = request.state["git"].transfer(model_id_of(request), asked)
    return Lines(events)


async def lines(events: AsyncIterator[GitProgress | GitDone]) -> AsyncIterator[bytes]:
    """By the time something fails the reply has begun, so that is told in its last line."""
    try:
        async for event in events:
            yield line(event)
    except SlipwayError as error:
        yield line(GitTransferFailed(ErrorBody(error.code, error.message, dict(error.details))))


def line(event: GitTransferEvent) -> bytes:
    return msgspec.json.encode(event) + b"\n"


def target(request: Request[HostState]) -> tuple[ModelId, str]:
    return model_id_of(request), request.query_params.get("repository", "")


def skip_of(request: Request[HostState]) -> int:
    said = request.query_params.get("skip", "0")
    if not (said.isascii() and said.isdecimal()) or len(said) > SKIP_DIGITS:
        raise InvalidRequest(f"Expected skip to be a number of commits, got {said[:40]!r}.")
    return int(said)


GIT = "/models/{model}/git"
routes: list[BaseRoute] = [
    Route(GIT, list_repositories, methods=["GET"]),
    Route(f"{GIT}/status", read_status, methods=["GET"]),
    Route(f"{GIT}/refs", read_refs, methods=["GET"]),
    Route(f"{GIT}/log", read_log, methods=["GET"]),
    Route(f"{GIT}/commits/{{commit}}", read_commit, methods=["GET"]),
    Route(f"{GIT}/blame", read_blame, methods=["GET"]),
    Route(f"{GIT}/content", read_content, methods=["GET"]),
    Route(f"{GIT}/actions", act, methods=["POST"]),
    Route(f"{GIT}/transfers", transfer, methods=["POST"]),
]
