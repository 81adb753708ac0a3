"""Routes of launchers: what a model's operations are launched with."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ide_server import wire
from ide_server.host.routes import bodies
from ide_server.host.routes.models import model_id_of
from ide_server.host.state import HostState
from ide_server.replies import json_reply


async def show_launch(request: Request[HostState]) -> Response:
    return json_reply(await request.state["operations"].launches.get(model_id_of(request)))


async def choose_launch(request: Request[HostState]) -> Response:
    choice = await bodies.read(request, wire.LaunchChoice)
    return json_reply(await request.state["operations"].launches.choose(model_id_of(request), choice))


routes: list[BaseRoute] = [
    Route("/models/{model}/launch", show_launch),
    Route("/models/{model}/launch", choose_launch, methods=["PUT"]),
]
