"""Routes of datasets: made, filled, looked at, deleted."""

import asyncio
import os
from collections.abc import AsyncIterator
from typing import get_args

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from ide_server import wire
from ide_server.errors import InvalidRequest
from ide_server.host.datasets import Content
from ide_server.host.routes import bodies
from ide_server.host.routes.downloads import attachment
from ide_server.host.routes.operations import MAX_REQUEST_BYTES, MEDIA_TYPES
from ide_server.host.state import HostState
from ide_server.host.tensors import npy_header
from ide_server.replies import json_reply
from ide_server.wire import DatasetFormat, DatasetId

CHUNK_BYTES = 1 << 20
SHOWN_ENTRIES = 100
"""Where a request does not say how many."""


def dataset_id_of(request: Request[HostState]) -> DatasetId:
    return DatasetId(request.path_params["dataset"])


async def list_datasets(request: Request[HostState]) -> Response:
    return json_reply(await request.state["datasets"].list())


async def create_dataset(request: Request[HostState]) -> Response:
    new = await bodies.read(request, wire.NewDataset)
    return json_reply(await request.state["datasets"].create(new), status=201)


async def upload_dataset(request: Request[HostState]) -> Response:
    name, file_format, key = bodies.parameter(request, "name"), format_of(request), request.query_params.get("key", "")
    made = await request.state["datasets"].upload_new(name, file_format, key, bodies.chunks(request))
    return json_reply(made, status=201)


async def show_dataset(request: Request[HostState]) -> Response:
    return json_reply(await request.state["datasets"].get(dataset_id_of(request)))


async def change_dataset(request: Request[HostState]) -> Response:
    change = await bodies.read(request, wire.DatasetChange)
    return json_reply(await request.state["datasets"].change(dataset_id_of(request), change))


async def delete_dataset(request: Request[HostState]) -> Response:
    await request.state["datasets"].delete(dataset_id_of(request))
    return Response(status_code=204)


async def delete_key(request: Request[HostState]) -> Response:
    key = bodies.parameter(request, "key")
    return json_reply(await request.state["datasets"].delete_key(dataset_id_of(request), key))


async def append_entries(request: Request[HostState]) -> Response:
    new = await bodies.read(request, wire.NewEntries, max_bytes=MAX_REQUEST_BYTES)
    return json_reply(await request.state["datasets"].append(dataset_id_of(request), new))


async def append_file(request: Request[HostState]) -> Response:
    file_format, key = format_of(request), request.query_params.get("key", "")
    chunks = bodies.chunks(request)
    return json_reply(await request.state["datasets"].upload(dataset_id_of(request), file_format, key, chunks))


async def list_entries(request: Request[HostState]) -> Response:
    start, count = number(request, "start", 0), number(request, "count", SHOWN_ENTRIES)
    dataset_id, key = dataset_id_of(request), bodies.parameter(request, "key")
    return json_reply(await request.state["datasets"].entries(dataset_id, key, start=start, count=count))


async def show_content(request: Request[HostState]) -> Response:
    """A medium as what it is, a tensor as .npy, texts as JSON: never run as part of the page."""
    key, index, file = bodies.parameter(request, "key"), request.path_params["index"], number(request, "file", 0)
    content = await request.state["datasets"].content(dataset_id_of(request), key, index, file)
    before, extension = form_of(content)
    headers = attachment(f"{key}-{index}" + (f".{extension}" if extension else ""))
    if extension in MEDIA_TYPES:
        headers["Content-Type"] = MEDIA_TYPES[extension]
        headers["Content-Disposition"] = headers["Content-Disposition"].replace("attachment", "inline", 1)
    headers["Content-Length"] = str(len(before) + content.byte_size)
    return StreamingResponse(bytes_of(content, before), headers=headers)


def form_of(content: Content) -> tuple[bytes, str]:
    """What comes before the bytes, and what a file of them is called."""
    header = content.payload.header
    if header.files:
        return b"", content.format
    return (b"", "json") if header.type == "string" else (npy_header(header.type, header.shape), "npy")


async def bytes_of(content: Content, before: bytes) -> AsyncIterator[bytes]:
    yield before
    with await asyncio.to_thread(content.path.open, "rb") as file:
        for start in range(0, content.byte_size, CHUNK_BYTES):
            size = min(CHUNK_BYTES, content.byte_size - start)
            yield await asyncio.to_thread(os.pread, file.fileno(), size, content.start + start)


def format_of(request: Request[HostState]) -> DatasetFormat:
    asked = bodies.parameter(request, "format")
    for known in get_args(DatasetFormat):
        if asked == known:
            return known  # type: ignore[no-any-return]  # get_args forgets what it is of
    raise InvalidRequest(f"Expected ?format= as one of {', '.join(get_args(DatasetFormat))}, got {asked[:40]!r}.")


def number(request: Request[HostState], name: str, default: int) -> int:
    text = request.query_params.get(name, str(default))
    if not text.isdecimal() or len(text) > 15:
        raise InvalidRequest(f"Expected ?{name}= as a number, got {text[:40]!r}.")
    return int(text)


routes: list[BaseRoute] = [
    Route("/datasets", list_datasets),
    Route("/datasets", create_dataset, methods=["POST"]),
    Route("/datasets/upload", upload_dataset, methods=["POST"]),
    Route("/datasets/{dataset}", show_dataset),
    Route("/datasets/{dataset}", change_dataset, methods=["PATCH"]),
    Route("/datasets/{dataset}", delete_dataset, methods=["DELETE"]),
    Route("/datasets/{dataset}/keys", delete_key, methods=["DELETE"]),
    Route("/datasets/{dataset}/entries", list_entries),
    Route("/datasets/{dataset}/entries", append_entries, methods=["POST"]),
    Route("/datasets/{dataset}/entries/{index:int}/content", show_content),
    Route("/datasets/{dataset}/upload", append_file, methods=["POST"]),
]
