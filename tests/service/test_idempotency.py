"""Idempotency keys, before an app that counts what it is asked to do."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ide_server.catalog import Catalog
from ide_server.catalog.replies import KEEP_SECONDS
from ide_server.host.idempotency import BODY_BYTES, Idempotency
from ide_server.settings import Settings
from tests.support.catalogs import make_catalog

pytestmark = pytest.mark.anyio


class Counting:
    """Answers each POST with its number; waits for `go`, and fails as told."""

    def __init__(self) -> None:
        self.count = 0
        self.status = 201
        self.go = asyncio.Event()
        self.go.set()
        self.begun = asyncio.Event()

    async def work(self, request: Request[Any]) -> Response:
        body = await request.body()
        self.count += 1
        self.begun.set()
        await self.go.wait()
        if self.status == 0:
            raise RuntimeError("a fault of ours")
        return JSONResponse({"number": self.count, "byte_size": len(body)}, self.status)


@pytest.fixture
async def catalog(tmp_path: Path) -> AsyncIterator[Catalog]:
    settings = Settings(data_dir=tmp_path)
    make_catalog(settings)
    catalog = Catalog.open(settings)
    yield catalog
    await catalog.close()


@pytest.fixture
def counting() -> Counting:
    return Counting()


@pytest.fixture
async def client(catalog: Catalog, counting: Counting) -> AsyncIterator[httpx.AsyncClient]:
    routes = [Route(path, counting.work, methods=["GET", "POST"]) for path in ("/things", "/others")]
    app = Starlette(routes=routes, middleware=[Middleware(Idempotency)])

    async def with_state(scope: Any, receive: Any, send: Any) -> None:
        await app(scope | {"state": {"catalog": catalog}}, receive, send)

    transport = httpx.ASGITransport(with_state, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://host") as client:
        yield client


KEY = {"Idempotency-Key": "k1"}


async def test_the_same_request_again_gets_the_same_reply_and_is_not_worked_on(
    client: httpx.AsyncClient, counting: Counting
) -> None:
    first = await client.post("/things", headers=KEY, content=b"x")
    again = await client.post("/things", headers=KEY, content=b"x")
    assert (
        (first.status_code, first.json()) == (again.status_code, again.json()) == (201, {"number": 1, "byte_size": 1})
    )
    assert ("idempotent-replayed" in first.headers, again.headers["idempotent-replayed"]) == (False, "true")
    assert counting.count == 1


async def test_without_a_key_or_with_another_it_is_done_again(client: httpx.AsyncClient, counting: Counting) -> None:
    await client.post("/things", headers=KEY)
    await client.post("/things", headers={"Idempotency-Key": "k2"})
    await client.post("/things")
    await client.get("/things", headers=KEY)
    assert counting.count == 4


@pytest.mark.parametrize(("path", "content"), [("/things", b"y"), ("/others", b"x"), ("/things?a=1", b"x")])
async def test_a_key_that_came_with_another_request_is_refused(
    client: httpx.AsyncClient, counting: Counting, path: str, content: bytes
) -> None:
    await client.post("/things", headers=KEY, content=b"x")
    reply = await client.post(path, headers=KEY, content=content)
    assert (reply.status_code, reply.json()["error"]["code"]) == (422, "idempotency_key_reused")
    assert counting.count == 1


async def test_a_second_one_is_told_that_the_first_is_under_way(client: httpx.AsyncClient, counting: Counting) -> None:
    counting.go.clear()
    first = asyncio.create_task(client.post("/things", headers=KEY))
    await counting.begun.wait()
    second = await client.post("/things", headers=KEY)
    assert (second.status_code, second.json()["error"]["code"]) == (409, "request_under_way")
    counting.go.set()
    assert (await first).json()["number"] == (await client.post("/things", headers=KEY)).json()["number"] == 1


@pytest.mark.parametrize("status", [0, 503])
async def test_a_failure_of_the_server_may_be_tried_again(
    client: httpx.AsyncClient, counting: Counting, status: int
) -> None:
    counting.status = status
    assert (await client.post("/things", headers=KEY)).status_code >= 500
    counting.status = 201
    assert (await client.post("/things", headers=KEY)).json()["number"] == 2


async def test_a_refusal_is_a_reply_too(client: httpx.AsyncClient, counting: Counting) -> None:
    counting.status = 404
    await client.post("/things", headers=KEY)
    counting.status = 201
    assert (await client.post("/things", headers=KEY)).status_code == 404


async def test_a_long_body_reaches_the_app_whole(client: httpx.AsyncClient) -> None:
    content = b"x" * (3 * BODY_BYTES + 7)

    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(content), 100_000):
            yield content[start : start + 100_000]

    reply = await client.post("/things", headers=KEY, content=chunks())
    assert reply.json()["byte_size"] == len(content)


async def test_a_key_is_free_again_after_a_day(
    client: httpx.AsyncClient, counting: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    await client.post("/things", headers=KEY)
    later = time.time() + KEEP_SECONDS + 1
    monkeypatch.setattr("ide_server.catalog.replies.time.time", lambda: later)
    assert (await client.post("/things", headers=KEY)).json()["number"] == 2


@pytest.mark.parametrize("key", ["", "k" * 201])
async def test_a_key_that_is_none_is_refused(client: httpx.AsyncClient, counting: Counting, key: str) -> None:
    reply = await client.post("/things", headers={"Idempotency-Key": key})
    assert (reply.status_code, reply.json()["error"]["code"], counting.count) == (400, "invalid_request", 0)
