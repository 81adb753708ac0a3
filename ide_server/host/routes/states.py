"""Routes of states."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ide_server import wire
from ide_server.host.routes import bodies
from ide_server.host.routes.models import model_id_of
from ide_server.host.state import HostState
from ide_server.replies import json_reply
from ide_server.wire import StateId


def state_id_of(request: Request[HostState]) -> StateId:
    return StateId(request.path_params["state"])


async def list_states(request: Request[HostState]) -> Response:
    await request.state["catalog"].models.get(model_id_of(request))
    return json_reply(await request.state["states"].list(model_id_of(request)))


async def change_state(request: Request[HostState]) -> Response:
    change = await bodies.read(request, wire.StateChange)
    return json_reply(await request.state["states"].change(model_id_of(request), state_id_of(request), change))


async def delete_state(request: Request[HostState]) -> Response:
    await request.state["states"].delete(model_id_of(request), state_id_of(request))
    return Response(status_code=204)


routes: list[BaseRoute] = [
    Route("/models/{model}/states", list_states),
    Route("/models/{model}/states/{state}", change_state, methods=["PATCH"]),
    Route("/models/{model}/states/{state}", delete_state, methods=["DELETE"]),
]
