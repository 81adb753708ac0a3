"""Substitutes of WebSockets, in the web process before a small real host."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import httpx
import msgspec
import pytest

from ide_server.web import substitutes
from ide_server.web.host import MAX_MESSAGE_BYTES
from tests.support.listening import listening
from tests.support.relayed import DEADLINE_SECONDS, MEBIBYTE, SmallHost, Web

pytestmark = pytest.mark.anyio

ROOT = "/api/v1/sockets"


class Stream:
    def __init__(self, client: httpx.AsyncClient, reply: httpx.Response) -> None:
        self._client = client
        self._lines = reply.aiter_lines()
        self.place = ""

    async def next(self) -> list[object]:
        async with asyncio.timeout(DEADLINE_SECONDS):
            async for line in self._lines:
                if line.startswith("data: "):
                    message: list[object] = msgspec.json.decode(line.removeprefix("data: "))
                    return message
        raise EOFError

    async def ask(self, *requests: list[object]) -> httpx.Response:
        return await self._client.post(self.place, json=requests)


@contextlib.asynccontextmanager
async def stream_of(client: httpx.AsyncClient) -> AsyncIterator[Stream]:
    async with client.stream("GET", ROOT) as reply:
        stream = Stream(client, reply)
        kind, name = await stream.next()
        assert kind == "stream"
        stream.place = f"{ROOT}/{name}"
        yield stream


@pytest.fixture
async def stream(relayed: Web) -> AsyncIterator[Stream]:
    async with relayed.client() as client, stream_of(client) as stream:
        yield stream


async def test_the_sockets_of_a_page_share_a_stream_and_keep_their_order(stream: Stream, small_host: SmallHost) -> None:
    assert (await stream.ask(["open", 1, "/api/v1/echo?x=1"], ["open", 2, "/api/v1/echo"])).status_code == 204
    assert sorted([await stream.next(), await stream.next()]) == [["opened", 1], ["opened", 2]]
    texts = [(1 + number % 2, f"{number}\n") for number in range(20)]
    assert (await stream.ask(*(["send", socket, text] for socket, text in texts))).status_code == 204
    came = [await stream.next() for _ in texts]
    for socket in (1, 2):
        assert [each for each in came if each[1] == socket] == [["text", *each] for each in texts if each[0] == socket]


async def test_a_socket_that_the_page_closes_ends_and_its_neighbour_goes_on(
    stream: Stream, small_host: SmallHost
) -> None:
    await stream.ask(["open", 1, "/api/v1/echo"], ["open", 2, "/api/v1/echo"])
    assert sorted([await stream.next(), await stream.next()]) == [["opened", 1], ["opened", 2]]
    await stream.ask(["close", 1], ["send", 1, "late"], ["close", 1], ["send", 2, "x"])
    assert await stream.next() == ["text", 2, "x"]
    code, _ = await asyncio.wait_for(small_host.closed.get(), DEADLINE_SECONDS)
    assert code == 1001


async def test_how_a_socket_ends_is_told(stream: Stream) -> None:
    await stream.ask(["open", 1, "/api/v1/close/4400"])
    assert [await stream.next(), await stream.next()] == [["opened", 1], ["closed", 1, 4400, "because"]]
    await stream.ask(["open", 2, "/api/v1/denied"])
    assert (await stream.next())[:3] == ["closed", 2, 4404]


async def test_without_a_host_a_socket_closes_with_1012_and_the_stream_stays(web: Web, small_host: SmallHost) -> None:
    async with web.client() as client, stream_of(client) as stream:
        await stream.ask(["open", 1, "/api/v1/echo"])
        assert (await stream.next())[:3] == ["closed", 1, 1012]
        async with listening(small_host.app(), web.host_socket):
            await stream.ask(["open", 2, "/api/v1/echo"])
            assert await stream.next() == ["opened", 2]
        assert (await stream.next())[:3] == ["closed", 2, 1012]


async def test_all_sockets_end_with_their_stream(relayed: Web, small_host: SmallHost) -> None:
    async with relayed.client() as client:
        async with stream_of(client) as stream:
            await stream.ask(["open", 1, "/api/v1/echo"], ["open", 2, "/api/v1/echo"])
            assert sorted([await stream.next(), await stream.next()]) == [["opened", 1], ["opened", 2]]
        codes = [(await asyncio.wait_for(small_host.closed.get(), DEADLINE_SECONDS))[0] for _ in range(2)]
        assert codes == [1001, 1001]
        assert (await stream.ask(["open", 3, "/api/v1/echo"])).status_code == 404


async def test_a_socket_that_is_flooded_lets_its_neighbour_through_and_can_be_closed(
    stream: Stream, small_host: SmallHost
) -> None:
    await stream.ask(["open", 1, "/api/v1/flood"], ["open", 2, "/api/v1/echo"])
    while (await stream.next()) != ["opened", 2]:
        pass
    await stream.ask(["send", 2, "x"])
    between = 0
    while (await stream.next()) != ["text", 2, "x"]:
        between += 1
    assert between < 1000, "what the network's own buffers hold may come first"
    await stream.ask(["close", 1])
    assert (await asyncio.wait_for(small_host.closed.get(), DEADLINE_SECONDS))[0] == 1006


async def test_a_page_that_does_not_read_makes_the_host_wait_and_can_leave(relayed: Web, small_host: SmallHost) -> None:
    async with relayed.client() as client, stream_of(client) as stream:
        await stream.ask(*(["open", 1 + number, "/api/v1/flood"] for number in range(4)))
        stopped_at = await small_host.settled()
        assert stopped_at * (64 << 10) < 32 * MEBIBYTE
        for _ in range(stopped_at):
            await stream.next()
        assert small_host.sent_frames > stopped_at
    for _ in range(4):
        await asyncio.wait_for(small_host.closed.get(), DEADLINE_SECONDS)


async def test_a_socket_whose_host_takes_nothing_is_ended_and_its_neighbours_go_on(
    stream: Stream, small_host: SmallHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ide_server.web.substitutes.STUCK_SECONDS", 0.5)
    await stream.ask(["open", 1, "/api/v1/deaf"], ["open", 2, "/api/v1/echo"])
    assert sorted([await stream.next(), await stream.next()]) == [["opened", 1], ["opened", 2]]
    asked = 0
    while asked < 20:
        asked += 1
        assert (await stream.ask(["send", 1, "x" * (MEBIBYTE - 100)], ["send", 2, str(asked)])).status_code == 204
        if (said := await stream.next()) != ["text", 2, str(asked)]:
            assert said[:3] == ["closed", 1, 1012]
            assert await stream.next() == ["text", 2, str(asked)]
            break
    small_host.left.set()
    assert asked * MEBIBYTE < 4 * MAX_MESSAGE_BYTES, "no more is held for it"


@pytest.mark.parametrize("path", ["/sign-out", "//evil.example/api/v1/echo", "/api/v1/sockets/x", "/api/v1/a b\n"])
async def test_nothing_but_a_socket_of_the_host_is_substituted(stream: Stream, path: str) -> None:
    assert (await stream.ask(["open", 1, path])).status_code == 400


async def test_a_number_is_one_sockets_and_sockets_and_streams_are_bounded(
    relayed: Web, stream: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(substitutes, "MOST_SOCKETS", 1)
    monkeypatch.setattr(substitutes, "MOST_STREAMS", 1)
    await stream.ask(["open", 1, "/api/v1/echo"])
    assert await stream.next() == ["opened", 1]
    assert (await stream.ask(["open", 1, "/api/v1/echo"])).status_code == 400
    assert (await stream.ask(["open", 2, "/api/v1/echo"])).status_code == 400
    await stream.ask(["close", 1], ["open", 2, "/api/v1/echo"])
    assert await stream.next() == ["opened", 2]
    async with relayed.client() as client:
        reply = await client.get(ROOT)
    assert reply.text.startswith('data: ["ended",1012,')


async def test_signing_out_ends_the_stream_with_all_its_sockets(
    relayed: Web, stream: Stream, small_host: SmallHost
) -> None:
    await stream.ask(["open", 1, "/api/v1/echo"])
    assert await stream.next() == ["opened", 1]
    async with relayed.client() as client:
        assert (await client.post("/sign-out")).status_code == 204
    assert (await stream.next())[:2] == ["ended", 4401]
    with pytest.raises(EOFError):
        await stream.next()
    assert (await asyncio.wait_for(small_host.closed.get(), DEADLINE_SECONDS))[0] == 1001
    assert (await stream.ask(["open", 2, "/api/v1/echo"])).status_code == 401


async def test_who_is_not_signed_in_or_comes_from_another_origin_gets_no_substitute(
    relayed: Web, stream: Stream
) -> None:
    opening = [["open", 1, "/api/v1/echo"]]
    async with httpx.AsyncClient(base_url=relayed.url, headers={"Origin": relayed.url}) as stranger:
        assert (await stranger.get(ROOT)).text.startswith('data: ["ended",4401,')
        assert (await stranger.post(stream.place, json=opening)).status_code == 401
    headers = {"Origin": "http://evil.example", "Cookie": relayed.cookie}
    async with httpx.AsyncClient(base_url=relayed.url, headers=headers) as foreign:
        assert (await foreign.post(stream.place, json=opening)).status_code == 403
