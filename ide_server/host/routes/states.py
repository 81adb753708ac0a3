"""Routes of states."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from ide_server import wire
from ide_server.host.routes import bodies
from ide_server.host.routes.downloads import attachment
from ide_server.host.routes.models import model_id_of
from ide_server.host.state import HostState
from ide_server.host.zips import content_of, zipped
from ide_server.replies import json_reply
from ide_server.wire import StateId

BARE = "state"
"""Name of the only file in a zip of a state that is bare bytes."""


def state_id_of(request: Request[HostState]) -> StateId:
    return StateId(request.path_params["state"])


async def list_states(request: Request[HostState]) -> Response:
    await request.state["catalog"].models.get(model_id_of(request))
    return json_reply(await request.state["states"].list(model_id_of(request)))


async def upload_state(request: Request[HostState]) -> Response:
    name, key = bodies.parameter(request, "name"), request.query_params.get("key", "")
    state = await request.state["states"].upload(model_id_of(request), name, key, bodies.chunks(request))
    return json_reply(state, status=201)


async def upload_zip(request: Request[HostState]) -> Response:
    name = bodies.parameter(request, "name")
    state = await request.state["states"].upload_zip(model_id_of(request), name, bodies.chunks(request))
    return json_reply(state, status=201)


async def change_state(request: Request[HostState]) -> Response:
    change = await bodies.read(request, wire.StateChange)
    return json_reply(await request.state["states"].change(model_id_of(request), state_id_of(request), change))


async def delete_state(request: Request[HostState]) -> Response:
    await request.state["states"].delete(model_id_of(request), state_id_of(request))
    return Response(status_code=204)


async def download_key(request: Request[HostState]) -> Response:
    key = request.query_params.get("key", "")
    path = await request.state["states"].path(model_id_of(request), state_id_of(request), key)
    return FileResponse(path, headers=attachment(key.rsplit("/")[-1] or BARE))


async def download_zip(request: Request[HostState]) -> Response:
    keys = await request.state["states"].keys(model_id_of(request), state_id_of(request))
    return StreamingResponse(
        zipped(files_of(keys)), headers=attachment("state.zip") | {"Content-Type": "application/zip"}
    )


async def files_of(keys: Mapping[str, Path]) -> AsyncIterator[tuple[str, AsyncIterator[bytes]]]:
    for key, path in keys.items():
        yield zip_name(key, path), content_of(path)


def zip_name(key: str, path: Path) -> str:
    """The key, but where a careless program would unpack it elsewhere, the name of the state's own file."""
    if any(part in ("", ".", "..") for part in key.split("/")) or "\\" in key:
        return path.name if key else BARE
    return key


routes: list[BaseRoute] = [
    Route("/models/{model}/states", list_states),
    Route("/models/{model}/states", upload_state, methods=["POST"]),
    Route("/models/{model}/states/zip", upload_zip, methods=["POST"]),
    Route("/models/{model}/states/{state}", change_state, methods=["PATCH"]),
    Route("/models/{model}/states/{state}", delete_state, methods=["DELETE"]),
    Route("/models/{model}/states/{state}/content", download_key),
    Route("/models/{model}/states/{state}/zip", download_zip),
]
