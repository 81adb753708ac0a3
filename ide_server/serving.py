"""Runs an app under uvicorn as a child of the supervisor: says when it is ready and ends with its parent."""

import asyncio
import contextlib
import ctypes
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import uvicorn
import uvloop
from starlette.types import ASGIApp

MAX_MESSAGE_BYTES = 4 << 20
"""The longest WebSocket message a client may send."""
PR_SET_PDEATHSIG = 1


class Server(uvicorn.Server):
    """Closes `ready` once it accepts connections: that end of file is the news."""

    def __init__(self, config: uvicorn.Config, *, ready: int | None) -> None:
        super().__init__(config)
        self.ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.ready is not None and self.started:
            os.write(self.ready, b"\n")
            os.close(self.ready)


def serve(app: ASGIApp, listener: socket.socket, *, stop_seconds: int, ready: int | None) -> None:
    """Until SIGTERM; then connections have stop_seconds to end by themselves. `ready` is written to once it listens."""
    config = uvicorn.Config(
        app,
        http="httptools",
        ws="websockets-sansio",
        ws_max_size=MAX_MESSAGE_BYTES,
        ws_per_message_deflate=False,  # terminals and logs are local or behind a proxy; zlib costs 300 KiB a socket
        lifespan="on",
        log_config=None,
        access_log=False,  # it would hold sign-in tokens
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=stop_seconds,
    )
    # uvicorn raises the signal it stopped for once more at its end, before we have removed our socket.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(Server(config, ready=ready).serve(sockets=[listener]))


def end_with(parent: int | None) -> None:
    """Ask the kernel for SIGTERM when the supervisor dies, however it dies."""
    if parent is None:
        return
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != parent:  # it died before we asked
        stop_now()


def stop_now() -> NoReturn:
    raise SystemExit(128 + signal.SIGTERM)


@contextlib.contextmanager
def unix_listener(path: Path) -> Iterator[socket.socket]:
    """A socket that only our user can connect to, in place of what a killed process left there."""
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(path))
        path.chmod(0o600)  # before listen: nobody can have connected
        listener.listen()
        try:
            yield listener
        finally:
            path.unlink(missing_ok=True)
