"""Tunnels byte for byte, before a host that says just what a test wants, on the event loop of production."""

import asyncio
import contextlib
import os
import resource
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame, Opcode

from ide_server.host.websockets import WebSockets
from tests.support.listening import listening
from tests.support.relayed import DEADLINE_SECONDS, MEBIBYTE, SmallHost, Web, close_of, serving_web
from tests.support.upgrades import ACCEPT, HELLO, SPOKEN, End, RawHost, answer_to, client_of, upgrade

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, object]]:
    return "asyncio", {"use_uvloop": True}


@contextlib.asynccontextmanager
async def tunnel(web: Web, host: RawHost, *, behind: bytes = b"") -> AsyncIterator[tuple[End, End]]:
    """Its client's end and its host's."""
    async with client_of(web) as client:
        await client.write(upgrade(web))
        end, _ = await host.accepted(behind=behind)
        assert f"sec-websocket-accept: {ACCEPT}".lower() in (await client.head()).lower()
        with contextlib.closing(end.writer):
            yield client, end


async def test_of_an_upgrade_request_only_the_upgrade_reaches_the_host(web: Web, host: RawHost) -> None:
    more = ("X-Mine: 1", "Sec-WebSocket-Extensions: permessage-deflate", "Sec-WebSocket-Protocol: v1, v2")
    async with client_of(web) as client:
        await client.write(upgrade(web, *more, path="/api/v1/echo?x=%20&y=1"))
        end, head = await host.accepted()
        names = sorted(line.partition(":")[0].lower() for line in head.split("\r\n")[1:] if line)
        end.writer.close()
    assert head.startswith("GET /api/v1/echo?x=%20&y=1 HTTP/1.1\r\n")
    assert names == [
        "connection",
        "host",
        "sec-websocket-key",
        "sec-websocket-protocol",
        "sec-websocket-version",
        "slipway-hand-over",
        "upgrade",
    ]


@pytest.mark.parametrize("more", ["Content-Length: 25", "Transfer-Encoding: chunked"])
async def test_an_upgrade_request_with_a_body_is_none(web: Web, host: RawHost, more: str) -> None:
    async with client_of(web) as client:
        body = b"GET /healthz HTTP/1.1\r\n\r\n"
        await client.write(upgrade(web, more) + (b"19\r\n%b\r\n0\r\n\r\n" % body if "chunked" in more else body))
        assert await client.rest() == b""
    assert host.connections.empty()


async def test_what_comes_right_behind_the_upgrade_request_reaches_the_host_and_its_first_word_the_client(
    web: Web, host: RawHost
) -> None:
    async with client_of(web) as client:
        await client.write(upgrade(web) + SPOKEN)
        end = await host.connected()
        head = await end.head()
        await client.write(SPOKEN)  # before it is accepted
        for byte in answer_to(head) + HELLO:
            await end.write(bytes((byte,)))
            await asyncio.sleep(0)
        await client.head()
        assert await client.read(len(HELLO)) == HELLO
        assert await end.read(2 * len(SPOKEN)) == 2 * SPOKEN
        end.writer.close()


async def test_what_comes_right_behind_a_request_that_is_refused_does_no_harm(web: Web) -> None:
    async with client_of(web) as client:
        stranger = upgrade(web).replace(web.cookie.encode(), b"none=1")
        await client.write(stranger + SPOKEN)
        assert await client.close_code() == 4401


async def test_what_the_host_sends_right_behind_its_answer_reaches_the_client(web: Web, host: RawHost) -> None:
    async with tunnel(web, host, behind=HELLO * 3) as (client, _):
        assert await client.read(3 * len(HELLO)) == HELLO * 3


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno", 4404),
        (b"HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n", 4404),
        (b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n", 1011),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n\x81\x05hell", 1011),
        (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n" + HELLO, 1012),
        (b"SSH-2.0-none\r\n", 1012),
        (b"", 1012),
    ],
)
async def test_a_host_that_does_not_accept_is_a_close_code_and_nothing_of_its_answer(
    web: Web, host: RawHost, answer: bytes, code: int
) -> None:
    async with client_of(web) as client:
        await client.write(upgrade(web))
        end = await host.connected()
        await end.head()
        end.writer.write(answer)
        end.writer.close()
        assert await client.close_code() == code


async def test_much_goes_both_ways_in_flat_memory(web: Web, host: RawHost) -> None:
    size = 96 * MEBIBYTE

    async def pour(end: End) -> None:
        for _ in range(96):
            await end.write(bytes(MEBIBYTE))

    async def drink(end: End) -> None:
        left = size
        while left:
            async with asyncio.timeout(DEADLINE_SECONDS):
                left -= len(await end.reader.read(1 << 16))

    frame = b"\x82\x7f" + size.to_bytes(8)
    async with tunnel(web, host) as (client, end):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        await end.write(frame)
        assert await client.read(len(frame)) == frame
        await asyncio.gather(pour(client), drink(end), pour(end), drink(client))
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 24 << 10
        end.writer.close()
        assert await client.rest() == b"\x88\x02\x03\xf4"


async def test_a_client_that_does_not_read_makes_the_host_wait_and_the_other_way_round(web: Web, host: RawHost) -> None:
    async with tunnel(web, host) as (client, end):
        for writer, reader in ((end, client), (client, end)):
            taken = await writer.fill()
            assert taken < 16 * MEBIBYTE
            await reader.read(taken)
            await writer.write(b"x")
            assert await reader.read(1) == b"x"


@pytest.mark.parametrize("stuck", ["client", "host"])
async def test_who_takes_nothing_for_long_is_given_up(
    web: Web, host: RawHost, monkeypatch: pytest.MonkeyPatch, stuck: str
) -> None:
    monkeypatch.setattr("ide_server.web.tunnel.STUCK_SECONDS", 1.0)
    async with tunnel(web, host) as (client, end):
        waiting = end if stuck == "client" else client
        with pytest.raises(ConnectionError):
            while True:
                await waiting.fill()


async def test_a_host_that_dies_is_told_as_a_restart_and_in_the_middle_of_a_message_as_an_end(
    web: Web, host: RawHost
) -> None:
    async with tunnel(web, host) as (client, end):
        await end.write(HELLO)
        end.writer.transport.abort()
        assert await client.rest() == HELLO + b"\x88\x02\x03\xf4"
    for whole in (HELLO, b"\x82\x7e\x01\x00" + bytes(256)):
        for cut in (1, 2, 3, len(whole) - 1):
            async with tunnel(web, host) as (client, end):
                await end.write(whole[:cut])
                end.writer.transport.abort()
                assert await client.rest() == whole[:cut]


async def test_after_the_hosts_closing_frame_comes_no_other(web: Web, host: RawHost) -> None:
    closing = Frame(Opcode.CLOSE, b"\x11\x30gone").serialize(mask=False)
    async with tunnel(web, host) as (client, end):
        await end.write(closing)
        end.writer.close()
        assert await client.rest() == closing


async def test_who_signs_out_in_the_middle_of_a_message_hears_why_when_connecting_again(
    web: Web, host: RawHost
) -> None:
    async with tunnel(web, host) as (client, end):
        await end.write(HELLO[:-1])
        assert await client.read(len(HELLO) - 1) == HELLO[:-1]
        async with web.client() as page:
            assert (await page.post("/sign-out")).status_code == 204
        assert await client.rest() == b""
        assert await end.rest() == b""
    async with web.socket("/api/v1/echo") as again:
        assert (await close_of(again))[0] == 4401


@pytest.mark.parametrize("half", [True, False])
async def test_a_client_that_leaves_is_gone_for_the_host_after_all_it_said(web: Web, host: RawHost, half: bool) -> None:
    async with tunnel(web, host) as (client, end):
        await client.write(SPOKEN)
        if half:
            client.writer.write_eof()
        else:
            client.writer.close()
        assert await end.rest() == SPOKEN
        if half:
            assert await client.rest() == b""


@pytest.mark.parametrize("early", [b"", SPOKEN], ids=["silently", "early"])
async def test_a_client_that_leaves_before_it_is_accepted_is_gone_for_the_host(
    web: Web, host: RawHost, caplog: pytest.LogCaptureFixture, early: bytes
) -> None:
    async with client_of(web) as client:
        await client.write(upgrade(web) + early)
        end = await host.connected()
        head = await end.head()
        client.writer.transport.abort()
    await asyncio.sleep(0.05)  # which is more than the news of it takes, and without it the test is that of above
    with contextlib.closing(end.writer):
        await end.write(answer_to(head))
        assert await end.rest() in (early, b"")
    assert caplog.records == []


@pytest.mark.parametrize("websockets", [WebSocketsSansIOProtocol, WebSockets], ids=["carries", "has given"])
async def test_a_web_process_that_stops_tells_clients_at_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, websockets: type[asyncio.Protocol]
) -> None:
    async with contextlib.AsyncExitStack() as after:
        async with serving_web(tmp_path) as web:
            small_host = SmallHost()
            host = listening(small_host.app(), web.host_socket, websockets=websockets)
            await after.enter_async_context(host)
            client = await after.enter_async_context(web.socket("/api/v1/echo"))
            await client.send("x")
            assert await client.recv() == "x"
        assert await close_of(client) == (1012, "")
        assert (await asyncio.wait_for(small_host.closed.get(), DEADLINE_SECONDS))[0] == 1005
    assert caplog.records == []


async def test_tunnels_leave_no_descriptor_and_no_task(web: Web, host: RawHost) -> None:
    async def left(end: Callable[[End, End], Awaitable[None]]) -> None:
        async with tunnel(web, host) as (client, end_of_host):
            await end(client, end_of_host)
            await client.rest()
            await end_of_host.rest()

    async def by_host(_: End, end: End) -> None:
        end.writer.close()

    async def by_client(client: End, _: End) -> None:
        client.writer.close()

    async def all_of_them() -> None:
        for end in (by_host, by_client):
            await left(end)

    await all_of_them()
    descriptors, tasks = len(os.listdir("/proc/self/fd")), len(asyncio.all_tasks())
    for _ in range(5):
        await all_of_them()
    async with asyncio.timeout(DEADLINE_SECONDS):
        while len(os.listdir("/proc/self/fd")) > descriptors or len(asyncio.all_tasks()) > tasks:  # noqa: ASYNC110  # the kernel's and the loop's
            await asyncio.sleep(0.01)
