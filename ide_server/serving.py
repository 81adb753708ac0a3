"""Runs an app under uvicorn as a child of the supervisor: says when it is ready and ends with its parent."""

import asyncio
import contextlib
import ctypes
import gc
import os
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn, cast

import httptools
import uvicorn
import uvloop
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

MAX_MESSAGE_BYTES = 4 << 20
"""The longest WebSocket message a client may send."""
MAX_HEAD_BYTES = 64 << 10
"""Of the line and the headers a request begins with."""
READ_BYTES = 256 << 10
"""What the event loop reads at once, the begin of a body with it."""
HEAD_SECONDS = 20.0
PR_SET_PDEATHSIG = 1
SWITCH_SECONDS = 0.0005
"""How long the event loop may keep the interpreter from a thread. Ours do little but system calls, and each of these
gives it away: with Python's 5 ms a request that needs ten of them waits for them, not for the disk."""


class Bounded(HttpToolsProtocol):
    """Gives up on a client whose request has no end to its head: uvicorn bounds neither its size nor its time."""

    head_bytes = 0
    in_head = True
    too_late: asyncio.TimerHandle | None = None
    chunk = b""
    """What is being read."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end_wait()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self.head_bytes += len(data)
        if self.in_head and self.head_bytes > MAX_HEAD_BYTES + READ_BYTES:
            self.transport.close()
        else:
            self.chunk = data
            super().data_received(data)
            self.chunk = b""

    def handle_websocket_upgrade(self) -> None:
        """Called where httptools says how much of the chunk was the request; uvicorn drops the rest."""
        super().handle_websocket_upgrade()
        upgrade = sys.exception()
        assert isinstance(upgrade, httptools.HttpParserUpgrade)
        if (behind := self.chunk[upgrade.args[0] :]) and not self.transport.is_closing():
            cast(asyncio.Protocol, self.transport.get_protocol()).data_received(behind)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._await_head()

    def on_header(self, name: bytes, value: bytes) -> None:
        if self.in_head:  # what follows a body is dropped, as it would be kept without bound
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._end_wait()
        super().on_headers_complete()

    def _await_head(self) -> None:
        self._end_wait()
        self.in_head, self.head_bytes = True, 0
        self.too_late = self.loop.call_later(HEAD_SECONDS, self.transport.close)

    def _end_wait(self) -> None:
        self.in_head = False
        if self.too_late is not None:
            self.too_late.cancel()


class Server(uvicorn.Server):
    """Closes `ready` once it accepts connections: that end of file is the news."""

    def __init__(self, config: uvicorn.Config, *, ready: int | None) -> None:
        super().__init__(config)
        self.ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        # What is there by now, code for the most part, is there to stay. Looking at it made a full collection, in which
        # nobody is answered, take 50 milliseconds instead of 7.
        gc.freeze()
        if self.ready is not None and self.started:
            with contextlib.suppress(BrokenPipeError):  # who waited is ending, and ends this process next
                os.write(self.ready, b"\n")
            os.close(self.ready)


def serve(
    app: ASGIApp,
    listener: socket.socket,
    *,
    stop_seconds: int,
    ready: int | None,
    websockets: type[asyncio.Protocol] = WebSocketsSansIOProtocol,
) -> None:
    """Until SIGTERM; then connections have stop_seconds to end by themselves. `ready` is written to once it listens."""
    config = uvicorn.Config(
        app,
        http=Bounded,
        ws=websockets,
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
    sys.setswitchinterval(SWITCH_SECONDS)
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
