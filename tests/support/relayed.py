"""The web process before a small real host, both on real sockets."""

import asyncio
import contextlib
import dataclasses
import hashlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from ide_server.catalog import Catalog
from ide_server.settings import Settings
from ide_server.web.app import create_app
from ide_server.web.tunnel import WebSockets
from tests.support.catalogs import make_catalog
from tests.support.listening import listening, tcp_listener

MEBIBYTE = 1 << 20
DEADLINE_SECONDS = 10


@dataclass
class SmallHost:
    """What the host's handlers saw."""

    left: asyncio.Event = field(default_factory=asyncio.Event)
    closed: asyncio.Queue[tuple[int, str]] = field(default_factory=asyncio.Queue)
    sent_frames: int = 0

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/api/v1/echo/{rest:path}", self.echo, methods=["GET", "POST"]),
                Route("/api/v1/upload", self.upload, methods=["PUT"]),
                Route("/api/v1/refused", self.refused, methods=["PUT"]),
                Route("/api/v1/download/{mebibytes:int}", self.download),
                Route("/api/v1/endless", self.endless),
                Route("/api/v1/silent", self.silent, methods=["GET", "POST"]),
                WebSocketRoute("/api/v1/echo", self.echo_socket),
                WebSocketRoute("/api/v1/models/{rest:path}", self.echo_socket),
                WebSocketRoute("/api/v1/close/{code:int}", self.close_socket),
                WebSocketRoute("/api/v1/flood", self.flood_socket),
                WebSocketRoute("/api/v1/denied", self.denied_socket),
                WebSocketRoute("/api/v1/deaf", self.deaf_socket),
            ]
        )

    async def echo(self, request: Request) -> Response:
        return JSONResponse(
            {
                "method": request.method,
                "target": request.scope["raw_path"].decode() + "?" + request.scope["query_string"].decode(),
                "headers": dict(request.headers),
                "body": (await request.body()).decode(),
            },
            status_code=207,
            headers={"ETag": '"e"', "Connection": "x-hop", "X-Hop": "1"},
        )

    async def upload(self, request: Request) -> Response:
        digest = hashlib.sha256()
        try:
            async for chunk in request.stream():
                digest.update(chunk)
        except ClientDisconnect:
            self.left.set()
            raise
        return JSONResponse(digest.hexdigest())

    async def refused(self, _: Request) -> Response:
        return Response(status_code=412)

    async def download(self, request: Request) -> Response:
        async def chunks() -> AsyncIterator[bytes]:
            for _ in range(request.path_params["mebibytes"]):
                yield bytes(MEBIBYTE)

        return StreamingResponse(chunks())

    async def endless(self, _: Request) -> Response:
        async def lines() -> AsyncIterator[bytes]:
            try:
                yield b"data: 1\n\n"
                await asyncio.Event().wait()
            finally:
                self.left.set()

        return StreamingResponse(lines(), media_type="text/event-stream")

    async def silent(self, request: Request) -> Response:
        await request.body()
        while (await request.receive())["type"] != "http.disconnect":
            pass
        self.left.set()
        return Response()

    async def echo_socket(self, websocket: WebSocket) -> None:
        await websocket.accept("v2" if "v2" in websocket.scope["subprotocols"] else None)
        while (message := await websocket.receive())["type"] == "websocket.receive":
            await websocket.send({**message, "type": "websocket.send"})
        self.closed.put_nowait((message["code"], message.get("reason") or ""))

    async def close_socket(self, websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.close(websocket.path_params["code"], "because")

    async def flood_socket(self, websocket: WebSocket) -> None:
        await websocket.accept()
        with contextlib.suppress(Exception):
            while True:
                await websocket.send_bytes(bytes(64 << 10))
                self.sent_frames += 1
        self.closed.put_nowait((1006, ""))

    async def denied_socket(self, websocket: WebSocket) -> None:
        await websocket.close(4404)

    async def deaf_socket(self, websocket: WebSocket) -> None:
        """It takes nothing until the one at the other end has gone."""
        await websocket.accept()
        await self.left.wait()

    async def settled(self) -> int:
        """How many frames were sent once no more are."""
        async with asyncio.timeout(DEADLINE_SECONDS):
            while True:
                before = self.sent_frames
                await asyncio.sleep(0.3)  # a stretch of time without progress is what is being observed
                if 0 < before == self.sent_frames:
                    return before


@dataclass
class Web:
    url: str
    cookie: str
    host_socket: Path
    settings: Settings
    server: uvicorn.Server

    async def session(self) -> str:
        """The secret of one more."""
        catalog = Catalog.open(self.settings)
        try:
            session = await catalog.sign_in.open_session(await catalog.sign_in.create_token(), seconds=60)
        finally:
            await catalog.close()
        assert session is not None
        return session

    def client(self) -> httpx.AsyncClient:
        headers = {"Origin": self.url, "Cookie": self.cookie}
        return httpx.AsyncClient(base_url=self.url, headers=headers, timeout=DEADLINE_SECONDS)

    def socket(
        self, path: str, *, subprotocols: list[str] | None = None, headers: Mapping[str, str] | None = None
    ) -> connect:
        """The page's, or that of whom the headers say."""
        return connect(
            self.url.replace("http", "ws") + path,
            additional_headers={"Cookie": self.cookie, "Origin": self.url} if headers is None else headers,
            subprotocols=subprotocols,  # type: ignore[arg-type]  # likewise
            compression=None,
            proxy=None,
        )


@contextlib.asynccontextmanager
async def serving_web(folder: Path) -> AsyncIterator[Web]:
    """The web process alone: no host listens yet."""
    listener = tcp_listener()
    port = listener.getsockname()[1]
    settings = Settings(data_dir=folder, run_dir=folder, port=port)
    make_catalog(settings)
    async with listening(create_app(settings), listener, websockets=WebSockets) as server:
        web = Web(f"http://127.0.0.1:{port}", "", settings.host_socket, settings, server)
        yield dataclasses.replace(web, cookie=f"slipway-{port}={await web.session()}")


async def close_of(client: ClientConnection) -> tuple[int | None, str | None]:
    with pytest.raises(ConnectionClosed):
        await asyncio.wait_for(client.recv(), DEADLINE_SECONDS)
    return client.close_code, client.close_reason
