"""The web process's application: its routes, its middleware and the lifespan of what they need."""

import contextlib
from collections.abc import AsyncIterator

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp

from ide_server.catalog import Catalog
from ide_server.replies import EXCEPTION_HANDLERS, PROTOCOL_HANDLERS
from ide_server.settings import Settings
from ide_server.web import api_page, api_tokens, assets, pages, previews, relay, sign_in, sockets, substitutes
from ide_server.web.guard import Guard
from ide_server.web.headers import SecurityHeaders
from ide_server.web.host import Host
from ide_server.web.previews import Previews
from ide_server.web.sessions import SignOuts
from ide_server.web.state import WebState


def create_app(settings: Settings) -> ASGIApp:
    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[WebState]:
        async with contextlib.AsyncExitStack() as stack:
            catalog = Catalog.open(settings)
            stack.push_async_callback(catalog.close)
            host = Host(settings.host_socket)
            stack.push_async_callback(host.close)
            stand_ins = substitutes.Substitutes(host)
            stack.push_async_callback(stand_ins.close)
            yield WebState(
                settings=settings,
                catalog=catalog,
                host=host,
                assets=assets.Assets(assets.STATIC),
                sign_outs=SignOuts(),
                substitutes=stand_ins,
            )

    protocol = [Middleware(ExceptionMiddleware, handlers=PROTOCOL_HANDLERS)]
    app = Starlette(
        routes=[
            Route("/healthz", health),
            Route("/sign-in", sign_in.open_session, methods=["GET"]),
            Route("/sign-out", sign_in.close_session, methods=["POST"]),
            *api_tokens.routes,
            *substitutes.routes,
            Route("/api/v1/openapi.json", api_page.show_document),
            Route("/api", api_page.show_page),
            Route("/api/v1/{path:path}", relay.relay, methods=["GET", "PUT", "POST", "PATCH", "DELETE"]),
            WebSocketRoute("/api/v1/{path:path}", sockets.relay),
            Route("/v2", relay.relay, middleware=protocol),
            Route("/v2/{path:path}", relay.relay, methods=["GET", "POST"], middleware=protocol),
            Route("/", pages.workbench),
            Route("/models/{model}", pages.workbench),
            Route("/models/{model}/ports/{port:int}", previews.open_port, methods=["GET"]),
            Route("/{path:path}", assets.asset),
        ],
        middleware=[Middleware(Guard, settings=settings)],
        exception_handlers=EXCEPTION_HANDLERS,
        lifespan=lifespan,
    )
    # Around all of it: what Starlette says when a handler fails passes no middleware of its own.
    return Previews(SecurityHeaders(app), settings)


async def health(_: Request[WebState]) -> Response:
    return PlainTextResponse("ok\n")
