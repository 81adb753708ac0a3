"""The check of a model's code."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ide_server.host.routes.models import model_id_of
from ide_server.host.state import HostState
from ide_server.replies import json_reply


async def check_code(request: Request[HostState]) -> Response:
    return json_reply(await request.state["checks"].check(model_id_of(request)))


routes: list[BaseRoute] = [Route("/models/{model}/check", check_code, methods=["POST"])]
