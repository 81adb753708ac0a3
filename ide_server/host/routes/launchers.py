"""Routes of launchers: what operations are launched with, which launchers there are, persistent ones."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ide_server import wire
from ide_server.host.routes import bodies
from ide_server.host.routes.models import model_id_of
from ide_server.host.routes.operations import operation_id_of
from ide_server.host.state import HostState
from ide_server.replies import json_reply
from ide_server.wire import LauncherId


def launcher_id_of(request: Request[Any]) -> LauncherId:
    return LauncherId(request.path_params["launcher"])


async def show_launch(request: Request[HostState]) -> Response:
    return json_reply(await request.state["operations"].launches.get(model_id_of(request)))


async def choose_launch(request: Request[HostState]) -> Response:
    choice = await bodies.read(request, wire.LaunchChoice)
    return json_reply(await request.state["operations"].choose_launch(model_id_of(request), choice))


async def list_all_launchers(request: Request[HostState]) -> Response:
    return json_reply(await request.state["operations"].launchers.list())


async def list_launchers(request: Request[HostState]) -> Response:
    return json_reply(await request.state["operations"].launchers.list(model_id_of(request)))


async def create_launcher(request: Request[HostState]) -> Response:
    choice = await bodies.read(request, wire.LauncherChoice)
    made = await request.state["operations"].launchers.create(model_id_of(request), choice)
    return json_reply(made, status=201)


async def change_launcher(request: Request[HostState]) -> Response:
    choice = await bodies.read(request, wire.LauncherChoice)
    launchers = request.state["operations"].launchers
    return json_reply(await launchers.change(model_id_of(request), launcher_id_of(request), choice))


async def remove_launcher(request: Request[HostState]) -> Response:
    await request.state["operations"].remove_launcher(model_id_of(request), launcher_id_of(request))
    return Response(status_code=204)


async def show_usage(request: Request[HostState]) -> Response:
    launchers = request.state["operations"].launchers
    return json_reply(launchers.usage(model_id_of(request), launcher_id_of(request)))


async def show_operation_usage(request: Request[HostState]) -> Response:
    return json_reply(await request.state["operations"].usage(operation_id_of(request)))


routes: list[BaseRoute] = [
    Route("/launchers", list_all_launchers),
    Route("/models/{model}/launch", show_launch),
    Route("/models/{model}/launch", choose_launch, methods=["PUT"]),
    Route("/models/{model}/launchers", list_launchers),
    Route("/models/{model}/launchers", create_launcher, methods=["POST"]),
    Route("/models/{model}/launchers/{launcher}", change_launcher, methods=["PUT"]),
    Route("/models/{model}/launchers/{launcher}", remove_launcher, methods=["DELETE"]),
    Route("/models/{model}/launchers/{launcher}/usage", show_usage),
    Route("/operations/{operation}/usage", show_operation_usage),
]
