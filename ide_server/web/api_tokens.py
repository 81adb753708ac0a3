"""Routes of API tokens. Only a session may make and delete them: no token begets another."""

import time

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ide_server import wire
from ide_server.errors import InvalidRequest
from ide_server.names import checked_name
from ide_server.replies import json_reply
from ide_server.web import access, bodies, sessions
from ide_server.web.state import WebState
from ide_server.wire import ApiTokenId, NewApiToken


async def list_tokens(request: Request[WebState]) -> Response:
    await require_session(request)
    return json_reply(await request.state["catalog"].api_tokens.list())


async def create_token(request: Request[WebState]) -> Response:
    await require_session(request)
    new = checked(wire.decode(await bodies.read(request), NewApiToken))
    return json_reply(await request.state["catalog"].api_tokens.create(new), status=201)


async def delete_token(request: Request[WebState]) -> Response:
    await require_session(request)
    await request.state["catalog"].api_tokens.delete(ApiTokenId(request.path_params["token"]))
    request.state["sign_outs"].announce()
    return Response(status_code=204)


async def require_session(request: Request[WebState]) -> None:
    if access.bearer(request) is not None:
        raise InvalidRequest("API tokens are made and deleted in the page, by who is signed in, not with a token.")
    await sessions.require(request)


def checked(new: NewApiToken) -> NewApiToken:
    name = checked_name(new.name)
    if not new.scopes or len(set(new.scopes)) != len(new.scopes):
        raise InvalidRequest(f"Expected at least one scope, each once, got {new.scopes}.")
    if new.expires_at is not None and new.expires_at <= time.time():
        raise InvalidRequest("Expected expires_at to be in the future, in seconds since the epoch.")
    return NewApiToken(name, new.scopes, new.expires_at)


routes: list[BaseRoute] = [
    Route("/api/v1/tokens", list_tokens),
    Route("/api/v1/tokens", create_token, methods=["POST"]),
    Route("/api/v1/tokens/{token}", delete_token, methods=["DELETE"]),
]
