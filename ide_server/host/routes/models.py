"""Routes of models, templates and the host itself."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket

from ide_server import __version__, wire
from ide_server.errors import SlipwayError
from ide_server.host.routes import bodies
from ide_server.host.routes.event_stream import Event, EventStream
from ide_server.host.routes.sockets import refuse, stream
from ide_server.host.state import HostState
from ide_server.replies import json_reply
from ide_server.wire import ModelId


def model_id_of(connection: Request[Any] | WebSocket[Any]) -> ModelId:
    return ModelId(connection.path_params["model"])


async def show_host(request: Request[HostState]) -> Response:
    return json_reply(wire.Host(__version__, request.state["sandboxes"].warnings))


async def list_templates(request: Request[HostState]) -> Response:
    return json_reply(request.state["templates"].list())


async def list_models(request: Request[HostState]) -> Response:
    return json_reply(await request.state["models"].list())


async def create_model(request: Request[HostState]) -> Response:
    new = await bodies.read(request, wire.NewModel)
    return json_reply(await request.state["models"].create(new), status=201)


async def show_model(request: Request[HostState]) -> Response:
    return json_reply(await request.state["models"].get(model_id_of(request)))


async def change_model(request: Request[HostState]) -> Response:
    change = await bodies.read(request, wire.ModelChange)
    return json_reply(await request.state["models"].change(model_id_of(request), change))


async def delete_model(request: Request[HostState]) -> Response:
    await request.state["models"].delete(model_id_of(request))
    return Response(status_code=204)


async def mount_model(request: Request[HostState]) -> Response:
    await request.state["mounts"].mount_again(model_id_of(request))
    return Response(status_code=204)


async def watch_model(websocket: WebSocket[HostState]) -> None:
    await websocket.accept()
    try:
        await stream(websocket, model_events(websocket.state, model_id_of(websocket)))
    except SlipwayError as error:
        await refuse(websocket, error)


async def stream_model(request: Request[HostState]) -> Response:
    await request.state["catalog"].models.get(model_id_of(request))
    messages = model_events(request.state, model_id_of(request))
    return EventStream(Event(message) async for message in messages)


async def model_events(state: HostState, model_id: ModelId) -> AsyncIterator[str]:
    """First what stands, then what changes: subscribed before the first is read, so nothing falls between."""
    with state["events"].subscribe(model_id) as subscription:
        for event in await standing(state, model_id):
            yield wire.encode(event).decode()
        async for event in subscription:
            yield wire.encode(event).decode()


async def standing(state: HostState, model_id: ModelId) -> list[wire.ModelEvent]:
    mount = await state["mounts"].look_at(model_id)
    model, states = await asyncio.gather(state["models"].get(model_id), state["catalog"].states.list(model_id))
    return [
        wire.ModelChanged(model),
        wire.UsageChanged(model.usage),
        mount.standing,
        wire.StatesChanged(states),
        wire.SnapshotsChanged(await state["snapshots"].list(model_id)),
        wire.TerminalsChanged(state["terminals"].list(model_id)),
        wire.PortsChanged(state["ports"].list(model_id)),
        wire.EnvironmentChanged(await state["model_environments"].get(model_id)),
        wire.VariablesChanged(await state["variables"].list(model_id)),
        wire.LaunchChanged(await state["operations"].launches.get(model_id)),
        wire.LaunchersChanged([*state["operations"].launchers.shown(model_id)]),
        wire.QueueChanged(state["operations"].before(model_id)),
        wire.DatasetsChanged(state["datasets"].changed_at),
        wire.MountedModelsChanged(await state["mounted_models"].list(model_id)),
    ]


routes: list[BaseRoute] = [
    Route("/host", show_host),
    Route("/templates", list_templates),
    Route("/models", list_models),
    Route("/models", create_model, methods=["POST"]),
    Route("/models/{model}", show_model),
    Route("/models/{model}", change_model, methods=["PATCH"]),
    Route("/models/{model}", delete_model, methods=["DELETE"]),
    Route("/models/{model}/mount", mount_model, methods=["POST"]),
    Route("/models/{model}/events", stream_model),
    WebSocketRoute("/models/{model}/events", watch_model),
]
