"""Routes of snapshots."""

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from ide_server import wire
from ide_server.host.routes import bodies
from ide_server.host.routes.downloads import attachment
from ide_server.host.routes.models import model_id_of
from ide_server.host.state import HostState
from ide_server.host.uploads import spooled
from ide_server.replies import json_reply
from ide_server.wire import SnapshotId


def snapshot_id_of(request: Request[HostState]) -> SnapshotId:
    return SnapshotId(request.path_params["snapshot"])


async def list_snapshots(request: Request[HostState]) -> Response:
    return json_reply(await request.state["snapshots"].list(model_id_of(request)))


async def create_snapshot(request: Request[HostState]) -> Response:
    new = await bodies.read(request, wire.NewSnapshot)
    return json_reply(await request.state["snapshots"].create(model_id_of(request), new), status=201)


async def change_snapshot(request: Request[HostState]) -> Response:
    change = await bodies.read(request, wire.SnapshotChange)
    changed = await request.state["snapshots"].change(model_id_of(request), snapshot_id_of(request), change)
    return json_reply(changed)


async def delete_snapshot(request: Request[HostState]) -> Response:
    await request.state["snapshots"].delete(model_id_of(request), snapshot_id_of(request))
    return Response(status_code=204)


async def restore_snapshot(request: Request[HostState]) -> Response:
    before = await request.state["models"].restore(model_id_of(request), snapshot_id_of(request))
    return json_reply(before, status=201)


async def show_parameters(request: Request[HostState]) -> Response:
    summary = await request.state["snapshots"].look_at(model_id_of(request), snapshot_id_of(request))
    return json_reply(summary.definitions)


async def export_snapshot(request: Request[HostState]) -> Response:
    snapshot = await request.state["snapshots"].get(model_id_of(request), snapshot_id_of(request))
    chunks = await request.state["snapshots"].exported(snapshot.id)
    headers = attachment(f"{snapshot.name}.zip") | {"Content-Type": "application/zip"}
    return StreamingResponse(chunks, headers=headers)


async def import_model(request: Request[HostState]) -> Response:
    """A new model from an exported snapshot."""
    name = bodies.parameter(request, "name")
    async with spooled(request.state["settings"].data_dir, bodies.chunks(request)) as file:
        return json_reply(await request.state["models"].import_snapshot(name, file), status=201)


routes: list[BaseRoute] = [
    Route("/models/import", import_model, methods=["POST"]),
    Route("/models/{model}/snapshots", list_snapshots),
    Route("/models/{model}/snapshots", create_snapshot, methods=["POST"]),
    Route("/models/{model}/snapshots/{snapshot}", change_snapshot, methods=["PATCH"]),
    Route("/models/{model}/snapshots/{snapshot}", delete_snapshot, methods=["DELETE"]),
    Route("/models/{model}/snapshots/{snapshot}/restore", restore_snapshot, methods=["POST"]),
    Route("/models/{model}/snapshots/{snapshot}/parameters", show_parameters),
    Route("/models/{model}/snapshots/{snapshot}/zip", export_snapshot),
]
