"""Routes of a model's files and folders."""

import mimetypes
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from typing import Any
from urllib.parse import quote

import anyio
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from ide_server.errors import FileChanged, InvalidRequest
from ide_server.host.files import OpenFile
from ide_server.host.routes import bodies, conditional, downloads
from ide_server.host.routes.conditional import Slice, UnsatisfiableRange
from ide_server.host.state import HostState
from ide_server.replies import json_reply
from ide_server.wire import Copy, Entry, ModelId, Move, NewTrash, NewUpload, TrashId, UploadId

IMAGE_TYPES = frozenset(
    ("image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "image/bmp", "image/svg+xml", "image/x-icon")
)
MOST_PATHS_BYTES = 8 << 20
DIGITS = 16
UNTRUSTED: Mapping[str, str] = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cache-Control": "no-cache",
}
"""What a model holds is never run as part of the page, whatever it says it is."""


class OpenFileResponse(StreamingResponse):
    """Closes its file however it ends: a reader that goes away in the middle, too."""

    def __init__(self, file: OpenFile, part: Slice, *, status: int, headers: Mapping[str, str]) -> None:
        super().__init__(file.chunks(part.start, part.end), status, headers)
        self._file = file

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            await self._file.close()


class ArchiveResponse(StreamingResponse):
    """Ends its chunks however it ends: they hold folders open."""

    def __init__(self, first: bytes, chunks: AsyncGenerator[bytes, None], *, name: str) -> None:
        super().__init__(self._all(first, chunks), headers=downloads.attachment(name))
        self._chunks = chunks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            with anyio.CancelScope(shield=True):
                await self._chunks.aclose()

    @staticmethod
    async def _all(first: bytes, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        yield first
        async for chunk in chunks:
            yield chunk


async def list_folder(request: Request[HostState]) -> Response:
    return json_reply(await request.state["files"].list_folder(*target(request)))


async def make_folder(request: Request[HostState]) -> Response:
    return json_reply(await request.state["files"].make_folder(*target(request)), status=201)


async def read_file(request: Request[HostState]) -> Response:
    file = await request.state["files"].open(*target(request))
    try:
        return await reading(request, file)
    except BaseException:
        await file.close()
        raise


async def reading(request: Request[HostState], file: OpenFile) -> Response:
    """Takes the file over."""
    entry, etag = file.entry, etag_of(file.entry)
    if conditional.precondition_failed(request.headers, etag):
        raise FileChanged(f"{entry.path} has changed since it was read.", etag=etag)
    headers = content_headers(entry, download="download" in request.query_params)
    if conditional.not_modified(request.headers, etag):
        await file.close()
        return Response(status_code=304, headers=headers)
    part = asked_part(request, entry)
    status = 200 if part is None else 206
    if part is None:
        part = Slice(0, entry.byte_size)
    else:
        headers["Content-Range"] = f"bytes {part.start}-{part.end - 1}/{entry.byte_size}"
    headers["Content-Length"] = str(part.end - part.start)
    headers["Content-Type"] = content_type(entry.name)
    if request.method == "HEAD":
        await file.close()
        return Response(status_code=status, headers=headers)
    return OpenFileResponse(file, part, status=status, headers=headers)


async def write_file(request: Request[HostState]) -> Response:
    condition = conditional.write_condition(request.headers)
    model_id, path = target(request)
    try:
        written = await request.state["files"].write(
            model_id, path, request.stream(), condition=condition, byte_size=content_length(request)
        )
    except ClientDisconnect:
        return Response(status_code=400)  # to nobody: it left in the middle of its upload, which is no fault of ours
    headers = {"ETag": etag_of(written.entry)}
    return json_reply(written.entry, status=201 if written.created else 200, headers=headers)


async def remove(request: Request[HostState]) -> Response:
    condition = conditional.removal_condition(request.headers)
    await request.state["files"].remove(*target(request), condition=condition)
    return Response(status_code=204)


async def move(request: Request[HostState]) -> Response:
    model_id, _ = target(request)
    asked = await bodies.read(request, Move)
    return json_reply(await request.state["files"].move(model_id, asked.source, asked.destination))


async def copy(request: Request[HostState]) -> Response:
    model_id, _ = target(request)
    asked = await bodies.read(request, Copy)
    return json_reply(await request.state["files"].copy(model_id, asked.source, asked.destination), status=201)


async def download_zip(request: Request[HostState]) -> Response:
    model_id, _ = target(request)
    paths = request.query_params.getlist("path")
    if not paths:
        raise InvalidRequest("Expected ?path= in the address, once for each file or folder, got none.")
    chunks = await request.state["files"].archive(model_id, paths)
    first = await anext(chunks)  # what is not there is told with a status, not in the middle
    name = paths[0].rpartition("/")[2] if len(paths) == 1 else "files"
    return ArchiveResponse(first, chunks, name=f"{name}.zip")


async def put_in_trash(request: Request[HostState]) -> Response:
    model_id, _ = target(request)
    asked = await bodies.read(request, NewTrash, max_bytes=MOST_PATHS_BYTES)
    return json_reply(await request.state["files"].trash.put_in(model_id, asked.paths), status=201)


async def restore(request: Request[HostState]) -> Response:
    model_id, _ = target(request)
    return json_reply(await request.state["files"].trash.restore(model_id, TrashId(request.path_params["trash"])))


async def discard(request: Request[HostState]) -> Response:
    model_id, _ = target(request)
    await request.state["files"].trash.discard(model_id, TrashId(request.path_params["trash"]))
    return Response(status_code=204)


async def begin_upload(request: Request[HostState]) -> Response:
    model_id, _ = target(request)
    asked = await bodies.read(request, NewUpload)
    return json_reply(await request.state["files"].uploads.begin(model_id, asked), status=201)


async def show_upload(request: Request[HostState]) -> Response:
    return json_reply(request.state["files"].uploads.get(*uploaded(request)))


async def append_to_upload(request: Request[HostState]) -> Response:
    offset = bodies.parameter(request, "offset")
    if not (offset.isascii() and offset.isdecimal() and len(offset) < DIGITS):
        raise InvalidRequest(f"Expected ?offset= in digits, got {offset[:80]!r}.")
    uploads = request.state["files"].uploads
    try:
        upload = await uploads.append(*uploaded(request), request.stream(), offset=int(offset))
    except ClientDisconnect:
        return Response(status_code=400)  # to nobody: what came is kept for when it comes back
    return json_reply(upload)


async def cancel_upload(request: Request[HostState]) -> Response:
    await request.state["files"].uploads.cancel(*uploaded(request))
    return Response(status_code=204)


def uploaded(request: Request[Any]) -> tuple[ModelId, UploadId]:
    return target(request)[0], UploadId(request.path_params["upload"])


async def largest_folders(request: Request[HostState]) -> Response:
    model_id, _ = target(request)
    return json_reply(await request.state["files"].largest_folders(model_id))


def target(request: Request[Any]) -> tuple[ModelId, str]:
    return ModelId(request.path_params["model"]), request.path_params.get("path", "")


def etag_of(entry: Entry) -> str:
    assert entry.etag is not None  # of a file always
    return entry.etag


def asked_part(request: Request[Any], entry: Entry) -> Slice | None:
    try:
        return conditional.slice_of(request.headers, etag=etag_of(entry), byte_size=entry.byte_size)
    except UnsatisfiableRange as error:
        raise HTTPException(
            416,
            f"{entry.path} has {entry.byte_size} bytes; the range asked for holds none of them.",
            {"Content-Range": f"bytes */{entry.byte_size}"},
        ) from error


def content_length(request: Request[Any]) -> int | None:
    value = request.headers.get("content-length")
    if value is None:
        return None
    if not (value.isascii() and value.isdecimal()):
        raise InvalidRequest(f"Expected Content-Length in digits, got {value!r}.")
    return int(value)


def content_headers(entry: Entry, *, download: bool) -> dict[str, str]:
    headers = {"ETag": etag_of(entry), "Accept-Ranges": "bytes", **UNTRUSTED}
    if download:
        headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(entry.name, safe='')}"
    return headers


def content_type(name: str) -> str:
    """Text, images and media may be shown, all else is bytes; HTML is shown as its text."""
    guessed, encoding = mimetypes.guess_type(name)
    if guessed is None or encoding is not None:
        return "application/octet-stream"
    if guessed in IMAGE_TYPES or guessed.startswith(("audio/", "video/")):
        return guessed
    return "text/plain; charset=utf-8" if guessed.startswith("text/") else "application/octet-stream"


routes: list[BaseRoute] = [
    Route("/models/{model}/folders", largest_folders, methods=["GET"]),
    Route("/models/{model}/tree/{path:path}", list_folder, methods=["GET"]),
    Route("/models/{model}/tree/{path:path}", make_folder, methods=["PUT"]),
    Route("/models/{model}/files/{path:path}", read_file, methods=["GET", "HEAD"]),
    Route("/models/{model}/files/{path:path}", write_file, methods=["PUT"]),
    Route("/models/{model}/files/{path:path}", remove, methods=["DELETE"]),
    Route("/models/{model}/moves", move, methods=["POST"]),
    Route("/models/{model}/copies", copy, methods=["POST"]),
    Route("/models/{model}/zip", download_zip, methods=["GET"]),
    Route("/models/{model}/trash", put_in_trash, methods=["POST"]),
    Route("/models/{model}/trash/{trash}", discard, methods=["DELETE"]),
    Route("/models/{model}/trash/{trash}/restore", restore, methods=["POST"]),
    Route("/models/{model}/uploads", begin_upload, methods=["POST"]),
    Route("/models/{model}/uploads/{upload}", show_upload, methods=["GET"]),
    Route("/models/{model}/uploads/{upload}", append_to_upload, methods=["PATCH"]),
    Route("/models/{model}/uploads/{upload}", cancel_upload, methods=["DELETE"]),
]
