"""Routes of the environments themselves; which one a model has is in `model_environment`."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ide_server.host.state import HostState
from ide_server.replies import json_reply


async def show_offers(request: Request[HostState]) -> Response:
    return json_reply(await request.state["environments"].offers())


async def list_environments(request: Request[HostState]) -> Response:
    return json_reply(await request.state["environments"].list())


async def remove_environment(request: Request[HostState]) -> Response:
    await request.state["environments"].remove(request.path_params["key"])
    return Response(status_code=204)


routes: list[BaseRoute] = [
    Route("/environments/offers", show_offers, methods=["GET"]),
    Route("/environments", list_environments, methods=["GET"]),
    Route("/environments/{key}", remove_environment, methods=["DELETE"]),
]
