"""Routes of ports on which programs in a model's workspace listen."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ide_server.host.routes.models import model_id_of
from ide_server.host.state import HostState
from ide_server.replies import json_reply


async def list_ports(request: Request[HostState]) -> Response:
    model = await request.state["catalog"].models.get(model_id_of(request))
    return json_reply(request.state["ports"].list(model.id))


async def open_port(request: Request[HostState]) -> Response:
    await request.state["ports"].open(model_id_of(request), request.path_params["port"])
    return Response(status_code=204)


routes: list[BaseRoute] = [
    Route("/models/{model}/ports", list_ports),
    Route("/models/{model}/ports/{port:int}", open_port, methods=["PUT"]),
]
