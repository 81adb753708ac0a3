"""Routes of a model's mounted models."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ide_server import wire
from ide_server.host.routes import bodies
from ide_server.host.routes.models import model_id_of
from ide_server.host.state import HostState
from ide_server.replies import json_reply


async def list_mounted(request: Request[HostState]) -> Response:
    return json_reply(await request.state["mounted_models"].list(model_id_of(request)))


async def set_mounted(request: Request[HostState]) -> Response:
    new = await bodies.read(request, wire.NewMountedModel)
    mounted = request.state["mounted_models"]
    return json_reply(await mounted.set(model_id_of(request), request.path_params["name"], new.model_id))


async def delete_mounted(request: Request[HostState]) -> Response:
    await request.state["mounted_models"].delete(model_id_of(request), request.path_params["name"])
    return Response(status_code=204)


routes: list[BaseRoute] = [
    Route("/models/{model}/mounted", list_mounted),
    Route("/models/{model}/mounted/{name}", set_mounted, methods=["PUT"]),
    Route("/models/{model}/mounted/{name}", delete_mounted, methods=["DELETE"]),
]
