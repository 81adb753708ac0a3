"""Routes of a model's environment, and of what its person has installed into it."""

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from ide_server import wire
from ide_server.host.routes import bodies
from ide_server.host.routes.files import UNTRUSTED
from ide_server.host.routes.models import model_id_of
from ide_server.host.state import HostState
from ide_server.replies import json_reply


async def show_environment(request: Request[HostState]) -> Response:
    return json_reply(await request.state["model_environments"].get(model_id_of(request)))


async def choose_environment(request: Request[HostState]) -> Response:
    choice = await bodies.read(request, wire.EnvironmentChoice)
    environment = await request.state["model_environments"].choose(model_id_of(request), choice)
    return json_reply(environment, status=200 if environment.build is None else 202)


async def cancel_build(request: Request[HostState]) -> Response:
    await request.state["model_environments"].cancel_build(model_id_of(request))
    return Response(status_code=204)


async def read_environment_file(request: Request[HostState]) -> Response:
    text = await request.state["environment_files"].read(model_id_of(request), request.path_params["path"])
    return PlainTextResponse(text, headers=UNTRUSTED)


async def show_packages(request: Request[HostState]) -> Response:
    return json_reply(await request.state["packages"].read(model_id_of(request)))


routes: list[BaseRoute] = [
    Route("/models/{model}/environment", show_environment),
    Route("/models/{model}/environment", choose_environment, methods=["PUT"]),
    Route("/models/{model}/environment/build", cancel_build, methods=["DELETE"]),
    Route("/models/{model}/environment/files/{path:path}", read_environment_file),
    Route("/models/{model}/packages", show_packages),
]
