"""Connections of clients that the web process hands over to the host, on the event loop of production."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket
from websockets.asyncio.client import ClientConnection, connect
from websockets.frames import Frame, Opcode

from ide_server.host.websockets import DIRECT
from ide_server.web.host import Host
from ide_server.web.tunnel import End, Tunnel, WebSockets
from tests.support.listening import listening, tcp_listener
from tests.support.relayed import DEADLINE_SECONDS, SmallHost, Web, close_of
from tests.support.upgrades import SPOKEN, RawHost, client_of, upgrade

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, object]]:
    return "asyncio", {"use_uvloop": True}


@pytest.fixture
def carried(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What the web process has carried of what it did not give away."""
    seen: list[bytes] = []
    receive = End.data_received

    def data_received(self: End, data: bytes) -> None:
        seen.append(data)
        receive(self, data)

    monkeypatch.setattr(End, "data_received", data_received)
    return seen


@pytest.fixture
def tunnels(monkeypatch: pytest.MonkeyPatch) -> list[Tunnel]:
    """All that the web process opens."""
    opened: list[Tunnel] = []
    carry = Tunnel.carry

    async def carried(self: Tunnel) -> None:
        opened.append(self)
        await carry(self)

    monkeypatch.setattr(Tunnel, "carry", carried)
    return opened


async def test_what_is_said_passes_the_web_process_by(relayed: Web, carried: list[bytes]) -> None:
    async with relayed.socket("/api/v1/echo", subprotocols=["v2"]) as client:
        assert client.subprotocol == "v2"
        for message in ("text", b"bytes", "", "é" * 100_000):
            await client.send(message)
            assert await client.recv() == message
    assert carried == []


async def test_a_client_that_speaks_before_it_is_accepted_is_carried(relayed: Web, carried: list[bytes]) -> None:
    async with client_of(relayed) as client:
        await client.write(upgrade(relayed) + SPOKEN)
        await client.head()
        hello = Frame(Opcode.TEXT, b"hello").serialize(mask=False)
        assert await client.read(len(hello)) == hello
        await client.write(SPOKEN)
        assert await client.read(len(hello)) == hello
    assert carried[0] == SPOKEN


async def test_a_server_of_a_model_asks_for_a_connection_in_vain(web: Web, host: RawHost) -> None:
    upstream = Host(web.host_socket)

    async def preview(websocket: WebSocket) -> None:
        tunnel = await Tunnel.open(upstream, "/", ())
        await tunnel.accept(websocket)
        await tunnel.carry()

    async def ping(address: str) -> None:
        async with connect(address, compression=None, proxy=None, close_timeout=1) as client:
            await client.ping(b"1234")
            await client.wait_closed()

    with tcp_listener() as listener:
        app = Starlette(routes=[WebSocketRoute("/", preview)])
        async with listening(app, listener, websockets=WebSockets), asyncio.TaskGroup() as tasks:
            tasks.create_task(ping(f"ws://127.0.0.1:{listener.getsockname()[1]}/"))
            end, head = await host.accepted("slipway-hand-over: 1")
            assert "slipway-hand-over" not in head.lower()
            assert (await end.read(6 + 4))[:2] == b"\x89\x84"
            end.writer.close()
    await upstream.close()


async def test_a_session_that_ends_ends_them_with_the_reason(relayed: Web, small_host: SmallHost) -> None:
    async with relayed.socket("/api/v1/echo") as client:
        async with relayed.client() as page:
            assert (await page.post("/sign-out")).status_code == 204
        code, reason = await close_of(client)
    assert code == 4401
    assert reason is not None
    assert "Sign in again" in reason
    assert (await asyncio.wait_for(small_host.closed.get(), DEADLINE_SECONDS))[0] == 1005


async def test_a_web_process_that_is_killed_ends_them_as_a_restart(
    relayed: Web, small_host: SmallHost, tunnels: list[Tunnel]
) -> None:
    async with relayed.socket("/api/v1/echo") as client:
        await client.send("x")
        assert await client.recv() == "x"
        tunnels[0].close()
        assert (await close_of(client))[0] == 1012
    assert (await asyncio.wait_for(small_host.closed.get(), DEADLINE_SECONDS))[0] == 1005


async def test_a_client_that_takes_nothing_for_long_is_given_up(
    relayed: Web, small_host: SmallHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ide_server.web.tunnel.STUCK_SECONDS", 1.0)
    async with relayed.socket("/api/v1/flood") as client:
        client.transport.pause_reading()
        assert (await asyncio.wait_for(small_host.closed.get(), DEADLINE_SECONDS))[0] == 1006
        client.transport.abort()


async def test_a_web_process_that_leaves_in_the_midst_leaves_nothing_behind(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    accepted = asyncio.Event()

    async def app_socket(websocket: WebSocket) -> None:
        try:
            await websocket.accept()
        finally:
            accepted.set()

    async with listening(Starlette(routes=[WebSocketRoute("/", app_socket)]), tmp_path / "host.sock"):
        before = len(os.listdir("/proc/self/fd"))
        reader, writer = await asyncio.open_unix_connection(tmp_path / "host.sock")
        lines = ("GET / HTTP/1.1", "Host: host", "Upgrade: websocket", "Connection: Upgrade", "Slipway-Hand-Over: 1")
        key = ("Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==", "Sec-WebSocket-Version: 13", "\r\n")
        writer.write("\r\n".join((*lines, *key)).encode())
        assert b"slipway-hand-over: 1" in (await reader.readuntil(b"\r\n\r\n")).lower()
        assert not accepted.is_set()
        writer.transport.abort()
        await asyncio.wait_for(accepted.wait(), DEADLINE_SECONDS)
        async with asyncio.timeout(DEADLINE_SECONDS):
            while len(os.listdir("/proc/self/fd")) > before:  # noqa: ASYNC110  # the kernel's and the loop's
                await asyncio.sleep(0.01)
    assert caplog.records == []


async def test_they_leave_no_descriptor_and_no_task(relayed: Web, small_host: SmallHost) -> None:
    async def one(*, by_client: bool) -> None:
        async with relayed.socket("/api/v1/echo" if by_client else "/api/v1/close/4000") as client:
            if by_client:
                client.transport.abort()
                await asyncio.wait_for(small_host.closed.get(), DEADLINE_SECONDS)
            else:
                assert await close_of(client) == (4000, "because")

    for by_client in (True, False):
        await one(by_client=by_client)
    descriptors, tasks = len(os.listdir("/proc/self/fd")), len(asyncio.all_tasks())
    for _ in range(5):
        await one(by_client=True)
        await one(by_client=False)
    async with asyncio.timeout(DEADLINE_SECONDS):
        while len(os.listdir("/proc/self/fd")) > descriptors or len(asyncio.all_tasks()) > tasks:  # noqa: ASYNC110  # the kernel's and the loop's
            await asyncio.sleep(0.01)


class Hearing:
    """An application that hears messages as they are read, and understands all but "?"."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.received: list[str] = []
        self.ask = asyncio.Event()

    def hear(self, said: bytes) -> bool:
        if said == b"?":
            return False
        self.heard.append(said.decode())
        return True

    async def socket(self, websocket: WebSocket) -> None:
        await websocket.accept()
        websocket.scope["extensions"][DIRECT].hear = self.hear
        await self.ask.wait()
        while (message := await websocket.receive())["type"] == "websocket.receive":
            self.received.append(message["text"])
            await websocket.send_text(message["text"])


@pytest.fixture
async def hearing() -> AsyncIterator[tuple[Hearing, ClientConnection]]:
    app = Hearing()
    with tcp_listener() as listener:
        async with listening(Starlette(routes=[WebSocketRoute("/", app.socket)]), listener):
            address = f"ws://127.0.0.1:{listener.getsockname()[1]}/"
            async with connect(address, compression=None, proxy=None) as client:
                yield app, client


async def test_what_is_understood_is_heard_without_being_received(hearing: tuple[Hearing, ClientConnection]) -> None:
    app, client = hearing
    await client.send("a")
    await client.send(["b", "c", "d"])  # in three frames
    await (await client.ping())
    assert (app.heard, app.received) == (["a", "bcd"], [])


async def test_what_is_not_understood_is_received_with_all_behind_it(
    hearing: tuple[Hearing, ClientConnection],
) -> None:
    app, client = hearing
    for text in ("a", "?", "b", "c"):
        await client.send(text)
    app.ask.set()
    for text in ("?", "b", "c"):
        assert await asyncio.wait_for(client.recv(), DEADLINE_SECONDS) == text
    assert (app.heard, app.received) == (["a"], ["?", "b", "c"])
