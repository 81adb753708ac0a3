"""Routes of a model's environment variables."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ide_server import wire
from ide_server.host.routes import bodies
from ide_server.host.routes.models import model_id_of
from ide_server.host.state import HostState
from ide_server.replies import json_reply

MAX_BYTES = 256 << 10
"""A value at its limit, with every character written as an escape."""


async def list_variables(request: Request[HostState]) -> Response:
    return json_reply(await request.state["variables"].list(model_id_of(request)))


async def set_variable(request: Request[HostState]) -> Response:
    new = await bodies.read(request, wire.VariableValue, max_bytes=MAX_BYTES)
    variables = request.state["variables"]
    return json_reply(await variables.set(model_id_of(request), request.path_params["name"], new))


async def delete_variable(request: Request[HostState]) -> Response:
    await request.state["variables"].delete(model_id_of(request), request.path_params["name"])
    return Response(status_code=204)


routes: list[BaseRoute] = [
    Route("/models/{model}/variables", list_variables),
    Route("/models/{model}/variables/{name}", set_variable, methods=["PUT"]),
    Route("/models/{model}/variables/{name}", delete_variable, methods=["DELETE"]),
]
