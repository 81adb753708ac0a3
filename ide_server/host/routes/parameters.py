"""Routes of a model's parameter definitions."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ide_server.host.parameters import MAX_FILE_BYTES, definitions_of
from ide_server.host.routes import bodies, conditional
from ide_server.host.routes.models import model_id_of
from ide_server.host.state import HostState
from ide_server.replies import json_reply

MAX_BYTES = 2 * MAX_FILE_BYTES
"""JSON says the same at more length."""


async def show_parameters(request: Request[HostState]) -> Response:
    definitions, etag = await request.state["parameter_files"].read(model_id_of(request))
    return json_reply(definitions, headers={} if etag is None else {"ETag": etag})


async def write_parameters(request: Request[HostState]) -> Response:
    condition = conditional.write_condition(request.headers)
    # Fields that are none would be left out in silence, were it read as the message at once.
    definitions = definitions_of(await bodies.read(request, Any, max_bytes=MAX_BYTES))
    parameter_files = request.state["parameter_files"]
    written, etag = await parameter_files.write(model_id_of(request), definitions, condition=condition)
    return json_reply(written, headers={"ETag": etag})


routes: list[BaseRoute] = [
    Route("/models/{model}/parameters", show_parameters),
    Route("/models/{model}/parameters", write_parameters, methods=["PUT"]),
]
