"""Serves an app of this process on a real socket, as uvicorn does in production."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from ide_server.host.websockets import WebSockets
from ide_server.serving import Bounded

DEADLINE_SECONDS = 10


@contextlib.asynccontextmanager
async def listening(
    app: ASGIApp, at: socket.socket | Path, *, websockets: type[asyncio.Protocol] = WebSockets
) -> AsyncIterator[uvicorn.Server]:
    """As the host is served, unless it is said how."""
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            http=Bounded,
            ws=websockets,
            ws_per_message_deflate=False,
            log_config=None,  # the default one closes handlers of whoever runs the tests
            log_level="warning",
            timeout_graceful_shutdown=1,
        )
    )
    listener = at if isinstance(at, socket.socket) else unix_listener(at)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        async with asyncio.timeout(DEADLINE_SECONDS):
            while not server.started:
                if serving.done():
                    serving.result()
                await asyncio.sleep(0.01)
        yield server
    finally:
        server.should_exit = True
        await serving


def unix_listener(path: Path) -> socket.socket:
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    return listener


def tcp_listener() -> socket.socket:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    return listener
