"""The web process before a small real host, both on real sockets."""

import asyncio
import contextlib
import dataclasses
import hashlib
import resource
from collections.abc import AsyncIterator

import httpx
import pytest

from ide_server.web import relay
from tests.support.listening import listening
from tests.support.relayed import DEADLINE_SECONDS, MEBIBYTE, SmallHost, Web, close_of

pytestmark = pytest.mark.anyio


async def test_a_request_reaches_the_host_as_it_was_and_its_reply_the_client(relayed: Web) -> None:
    async with relayed.client() as client:
        reply = await client.post("/api/v1/echo/a%2Fb%20c?x=1&x=%20", content=b"body", headers={"If-Match": '"e"'})
    said = reply.json()
    assert reply.status_code == 207
    assert (said["method"], said["target"], said["body"]) == ("POST", "/api/v1/echo/a%2Fb%20c?x=1&x=%20", "body")
    assert said["headers"]["if-match"] == '"e"'
    assert reply.headers["etag"] == '"e"'
    assert len(reply.headers.get_list("date")) == 1


async def test_the_session_and_headers_of_one_connection_go_no_further(relayed: Web) -> None:
    async with relayed.client() as client:
        headers = {"Connection": "x-mine, keep-alive", "X-Mine": "1", "TE": "trailers"}
        reply = await client.get("/api/v1/echo/x", headers=headers)
    assert {"cookie", "x-mine", "te"}.isdisjoint(reply.json()["headers"])
    assert "x-hop" not in reply.headers


async def test_dot_segments_reach_the_host_unresolved(relayed: Web) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(relayed.url.rpartition(":")[2]))
    host = relayed.url.removeprefix("http://")
    target = "/api/v1/echo/../../../healthz"
    writer.write(
        f"GET {target} HTTP/1.1\r\nHost: {host}\r\nCookie: {relayed.cookie}\r\nConnection: close\r\n\r\n".encode()
    )
    reply = await asyncio.wait_for(reader.read(), DEADLINE_SECONDS)
    writer.close()
    assert f'"target":"{target}?"'.encode() in reply


async def test_a_header_that_is_not_ascii_reaches_the_host_and_one_of_this_connection_does_not(relayed: Web) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(relayed.url.rpartition(":")[2]))
    head = f"GET /api/v1/echo/x HTTP/1.1\r\nHost: {relayed.url.removeprefix('http://')}\r\nCookie: {relayed.cookie}\r\n"
    writer.write(
        head.encode() + b"X-Text: \xc3\xa9\r\nX-Bytes: \xff\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n"
    )
    reply = await asyncio.wait_for(reader.read(), DEADLINE_SECONDS)
    writer.close()
    assert b'"x-text":' in reply
    assert b'"x-bytes":' in reply and b'"expect"' not in reply


async def test_a_reply_that_comes_before_the_end_of_an_upload_is_passed_on(relayed: Web) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(64):
            yield bytes(MEBIBYTE)

    async with relayed.client() as client:
        replies = [await client.put("/api/v1/refused", content=chunks()) for _ in range(2)]
        after = await client.get("/api/v1/echo/x")
    assert [reply.status_code for reply in replies] == [412, 412]
    assert after.status_code == 207


async def test_large_bodies_stream_both_ways_in_flat_memory(relayed: Web) -> None:
    count = 96

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(count):
            yield bytes(MEBIBYTE)

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    async with relayed.client() as client:
        uploaded = await client.put("/api/v1/upload", content=chunks())
        downloaded = 0
        async with client.stream("GET", f"/api/v1/download/{count}") as reply:
            async for chunk in reply.aiter_raw():
                downloaded += len(chunk)
    assert uploaded.json() == hashlib.sha256(bytes(count * MEBIBYTE)).hexdigest()
    assert downloaded == count * MEBIBYTE
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 48 << 10


async def test_the_host_hears_when_a_client_leaves_a_stream(relayed: Web, small_host: SmallHost) -> None:
    async with relayed.client() as client, client.stream("GET", "/api/v1/endless") as reply:
        assert await anext(reply.aiter_raw()) == b"data: 1\n\n"
    await asyncio.wait_for(small_host.left.wait(), DEADLINE_SECONDS)


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_the_host_hears_when_a_client_leaves_before_the_reply(
    relayed: Web, small_host: SmallHost, method: str
) -> None:
    async with relayed.client() as client:
        with pytest.raises(httpx.ReadTimeout):
            await client.request(method, "/api/v1/silent", content=b"x" if method == "POST" else None, timeout=0.2)
    await asyncio.wait_for(small_host.left.wait(), DEADLINE_SECONDS)


async def test_the_host_hears_when_a_client_leaves_in_the_middle_of_an_upload(
    relayed: Web, small_host: SmallHost
) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield bytes(MEBIBYTE)
        raise OSError("the client's own disk failed")

    async with relayed.client() as client:
        with pytest.raises(OSError, match="own disk"):
            await client.put("/api/v1/upload", content=broken())
    await asyncio.wait_for(small_host.left.wait(), DEADLINE_SECONDS)


async def test_an_upload_that_stalls_is_given_up(
    relayed: Web, small_host: SmallHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ide_server.web.relay.STALL_SECONDS", 0.1)

    async def stalling() -> AsyncIterator[bytes]:
        yield b"x"
        await small_host.left.wait()

    async with relayed.client() as client:
        reply = await client.put("/api/v1/upload", content=stalling())
    assert (reply.status_code, reply.json()["error"]["code"]) == (408, "request_timeout")
    await asyncio.wait_for(small_host.left.wait(), DEADLINE_SECONDS)


@pytest.mark.parametrize("size", [relay.SHORT_BYTES, relay.SHORT_BYTES + 1])
async def test_a_post_reaches_the_host_whole_whether_it_is_read_before_or_streamed(relayed: Web, size: int) -> None:
    async with relayed.client() as client:
        said = (await client.post("/api/v1/echo/x", content=b"x" * size)).json()
    assert (said["body"], said["headers"]["content-length"]) == ("x" * size, str(size))


async def test_a_short_post_that_has_no_end_is_given_up(relayed: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ide_server.web.relay.STALL_SECONDS", 0.1)
    reader, writer = await asyncio.open_connection("127.0.0.1", int(relayed.url.rpartition(":")[2]))
    host = relayed.url.removeprefix("http://")
    writer.write(
        f"POST /api/v1/echo/x HTTP/1.1\r\nHost: {host}\r\nOrigin: {relayed.url}\r\nCookie: {relayed.cookie}\r\n"
        "Content-Length: 2\r\n\r\nx".encode()
    )
    reply = await asyncio.wait_for(reader.read(), DEADLINE_SECONDS)
    writer.close()
    assert reply.startswith(b"HTTP/1.1 408 ")


async def test_signing_out_closes_the_sockets_of_that_session_only(relayed: Web, small_host: SmallHost) -> None:
    name = relayed.cookie.partition("=")[0]
    other = dataclasses.replace(relayed, cookie=f"{name}={await relayed.session()}")
    async with relayed.socket("/api/v1/echo") as ended, other.socket("/api/v1/echo") as open_still:
        async with relayed.client() as client:
            assert (await client.post("/sign-out")).status_code == 204
        assert (await close_of(ended))[0] == 4401
        await open_still.send("x")
        assert await open_still.recv() == "x"
    assert (await asyncio.wait_for(small_host.closed.get(), DEADLINE_SECONDS))[0] == 1005


@pytest.mark.parametrize(
    ("limit", "sent"),
    [
        ("MAX_HEAD_BYTES", b"GET / HTTP/1.1\r\nX: " + b"x" * 600_000),
        ("HEAD_SECONDS", b"GET / HTTP/1.1\r\n"),
        ("HEAD_SECONDS", b""),
    ],
)
async def test_a_request_whose_head_has_no_end_is_given_up(
    web: Web, monkeypatch: pytest.MonkeyPatch, limit: str, sent: bytes
) -> None:
    if limit == "HEAD_SECONDS":
        monkeypatch.setattr("ide_server.serving.HEAD_SECONDS", 0.1)
    reader, writer = await asyncio.open_connection("127.0.0.1", int(web.url.rpartition(":")[2]))
    writer.write(sent)
    with contextlib.suppress(ConnectionResetError):
        assert await asyncio.wait_for(reader.read(), DEADLINE_SECONDS) == b""
    writer.close()


async def test_without_a_host_the_reply_says_so_and_the_next_one_works(web: Web, small_host: SmallHost) -> None:
    async with web.client() as client:
        away = await client.get("/api/v1/echo/x")
        async with listening(small_host.app(), web.host_socket):
            back = await client.get("/api/v1/echo/x")
    assert (away.status_code, away.json()["error"]["code"]) == (503, "host_unavailable")
    assert back.status_code == 207


async def test_text_and_bytes_keep_their_kind_and_the_subprotocol_is_the_hosts_choice(relayed: Web) -> None:
    async with relayed.socket("/api/v1/echo", subprotocols=["v1", "v2"]) as client:
        assert client.subprotocol == "v2"
        for message in ("text", b"bytes", "", b"", "é" * 100_000):
            await client.send(message)
            assert await client.recv() == message


@pytest.mark.parametrize("code", [1000, 1012, 4400, 4404])
async def test_the_hosts_close_code_and_reason_reach_the_client(relayed: Web, code: int) -> None:
    async with relayed.socket(f"/api/v1/close/{code}") as client:
        assert await close_of(client) == (code, "because")


async def test_the_clients_close_code_and_reason_reach_the_host(relayed: Web, small_host: SmallHost) -> None:
    async with relayed.socket("/api/v1/echo") as client:
        await client.close(4000, "enough")
    assert await asyncio.wait_for(small_host.closed.get(), DEADLINE_SECONDS) == (4000, "enough")


async def test_a_client_that_vanishes_is_gone_for_the_host_at_once(relayed: Web, small_host: SmallHost) -> None:
    async with relayed.socket("/api/v1/echo") as client:
        client.transport.abort()
        assert await asyncio.wait_for(small_host.closed.get(), 2) == (1005, "")


async def test_a_client_that_does_not_read_makes_the_host_wait(relayed: Web, small_host: SmallHost) -> None:
    async with relayed.socket("/api/v1/flood") as client:
        client.transport.pause_reading()
        assert await small_host.settled() * (64 << 10) < 32 * MEBIBYTE
        client.transport.resume_reading()
        stopped_at = small_host.sent_frames
        for _ in range(stopped_at + 10):
            await asyncio.wait_for(client.recv(), DEADLINE_SECONDS)
        assert small_host.sent_frames > stopped_at
        client.transport.abort()


async def test_a_socket_closes_with_4404_if_the_host_refuses_and_1012_without_a_host(
    web: Web, small_host: SmallHost
) -> None:
    async with web.socket("/api/v1/echo") as client:
        assert (await close_of(client))[0] == 1012
    async with listening(small_host.app(), web.host_socket), web.socket("/api/v1/denied") as client:
        assert (await close_of(client))[0] == 4404


async def test_a_host_that_stops_closes_its_sockets_with_1012(web: Web, small_host: SmallHost) -> None:
    async with contextlib.AsyncExitStack() as stack:
        async with listening(small_host.app(), web.host_socket):
            client = await stack.enter_async_context(web.socket("/api/v1/echo"))
            await client.send("x")
            assert await client.recv() == "x"
        assert (await close_of(client))[0] == 1012
