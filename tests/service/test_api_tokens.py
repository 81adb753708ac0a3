"""API tokens, with the web app in process before a host that echoes what reaches it."""

import asyncio
import contextlib
import sqlite3
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from ide_server.catalog import Catalog
from ide_server.settings import Settings
from ide_server.web.app import create_app
from tests.support.catalogs import make_catalog
from tests.support.listening import listening
from tests.support.relayed import SmallHost, Web, close_of, serving_web

URL = "http://127.0.0.1:8000"
OTHER_SITE = "https://elsewhere.example"


async def echo(request: Request[Any]) -> Response:
    return JSONResponse({"method": request.method, "headers": dict(request.headers)})


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = Settings(data_dir=tmp_path, run_dir=tmp_path)
    make_catalog(settings)
    return settings


@pytest.fixture
def web(settings: Settings) -> Iterator[TestClient]:
    """As a program comes: without Origin and without a cookie."""
    app = create_app(settings)
    host = Starlette(
        routes=[
            Route("/{path:path}", echo, methods=["GET", "PUT", "POST", "PATCH", "DELETE"]),
        ]
    )

    @contextlib.asynccontextmanager
    async def both(_: Starlette) -> AsyncIterator[None]:
        async with listening(host, settings.host_socket):
            yield

    with contextlib.ExitStack() as stack:
        portal = stack.enter_context(TestClient(Starlette(lifespan=both)))
        yield stack.enter_context(TestClient(app, base_url=URL))
        assert portal


@pytest.fixture
def page(web: TestClient, settings: Settings) -> dict[str, str]:
    """The headers of a browser that is signed in."""

    async def create() -> str:
        catalog = Catalog.open(settings)
        try:
            return await catalog.sign_in.create_token()
        finally:
            await catalog.close()

    reply = web.get("/sign-in", params={"token": asyncio.run(create())})
    cookie = reply.headers["set-cookie"].partition(";")[0]
    web.cookies.clear()
    return {"Origin": URL, "Cookie": cookie}


def new_token(web: TestClient, page: dict[str, str], *scopes: str, **more: Any) -> tuple[dict[str, str], str]:
    """The headers of a program that has it, and its id."""
    reply = web.post("/api/v1/tokens", headers=page, json={"name": "program", "scopes": scopes or ["read"], **more})
    assert reply.status_code == 201, reply.text
    return {"Authorization": f"Bearer {reply.json()['secret']}"}, reply.json()["token"]["id"]


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("GET", "/api/v1/models", "read"),
        ("GET", "/api/v1/models/m/files/main.py", "read"),
        ("POST", "/api/v1/models/m/operations", "run"),
        ("POST", "/api/v1/operations/o/cancel", "run"),
        ("POST", "/api/v1/operations/o/resume", "run"),
        ("POST", "/api/v1/operations/o/calls", "run"),
        ("POST", "/api/v1/models/m/check", "run"),
        ("POST", "/api/v1/models", "write"),
        ("PUT", "/api/v1/models/m/files/operations", "write"),
        ("PUT", "/api/v1/models/m/operations/../files/x", "write"),
        ("DELETE", "/api/v1/operations/o", "write"),
        ("PATCH", "/api/v1/models/m", "write"),
    ],
)
def test_a_token_may_do_what_its_scopes_say(
    web: TestClient, page: dict[str, str], method: str, path: str, scope: str
) -> None:
    right, _ = new_token(web, page, scope)
    wrong, _ = new_token(web, page, *({"read", "run", "write"} - {scope}))
    assert web.request(method, path, headers=right).json()["method"] == method
    refused = web.request(method, path, headers=wrong)
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "scope_missing")
    assert refused.json()["error"]["details"]["expected"] == scope


def test_the_host_never_sees_the_secret(web: TestClient, page: dict[str, str]) -> None:
    headers, _ = new_token(web, page)
    echoed = web.get("/api/v1/models", headers=headers).json()["headers"]
    assert "authorization" not in echoed


def test_a_token_needs_no_origin_but_does_not_lend_its_power_to_a_cookie(web: TestClient, page: dict[str, str]) -> None:
    headers, _ = new_token(web, page, "write")
    assert web.post("/api/v1/models", headers=headers).status_code == 200
    borrowed = {"Authorization": "Bearer slipway_guessed", "Cookie": page["Cookie"], "Origin": OTHER_SITE}
    assert web.post("/api/v1/models", headers=borrowed).status_code == 401
    assert web.post("/api/v1/models", headers={"Cookie": page["Cookie"], "Origin": OTHER_SITE}).status_code == 403


@pytest.mark.parametrize("secret", ["", "slipway_none", "x" * 5000])
def test_an_unknown_token_is_refused_in_words(web: TestClient, secret: str) -> None:
    reply = web.get("/api/v1/models", headers={"Authorization": f"Bearer {secret}"})
    assert (reply.status_code, reply.json()["error"]["code"]) == (401, "not_signed_in")
    assert "API token" in reply.json()["error"]["message"]


def test_a_token_ends_when_it_expires(web: TestClient, page: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    headers, _ = new_token(web, page, expires_at=time.time() + 100)
    assert web.get("/api/v1/models", headers=headers).status_code == 200
    later = time.time() + 101
    monkeypatch.setattr("ide_server.catalog.api_tokens.time.time", lambda: later)
    assert web.get("/api/v1/models", headers=headers).status_code == 401


def test_a_deleted_token_lets_nobody_in(web: TestClient, page: dict[str, str]) -> None:
    headers, token_id = new_token(web, page)
    assert web.delete(f"/api/v1/tokens/{token_id}", headers=page).status_code == 204
    assert web.get("/api/v1/models", headers=headers).status_code == 401
    gone = web.delete(f"/api/v1/tokens/{token_id}", headers=page)
    assert (gone.status_code, gone.json()["error"]["code"]) == (404, "token_not_found")


@pytest.mark.anyio
async def test_a_deleted_token_closes_what_it_has_open(tmp_path: Path) -> None:
    async with before_small_host(tmp_path) as web, web.client() as page:
        headers, token_id = await new_token_of(page, "read")
        async with web.socket("/api/v1/models/m/events", headers=headers) as socket:
            await socket.send("hello")
            assert await socket.recv() == "hello"
            assert (await page.delete(f"/api/v1/tokens/{token_id}")).status_code == 204
            assert (await close_of(socket))[0] == 4401


@pytest.mark.anyio
async def test_a_terminal_is_typed_into_only_with_the_scope_write(tmp_path: Path) -> None:
    terminal = "/api/v1/models/m/terminals/t/socket"
    async with before_small_host(tmp_path) as web, web.client() as page:
        reader, _ = await new_token_of(page, "read", "run")
        async with web.socket(terminal, headers=reader) as socket:
            assert (await close_of(socket))[0] == 4401
        writer, _ = await new_token_of(page, "write")
        async with web.socket(terminal, headers=writer) as socket:
            await socket.send("hello")
            assert await socket.recv() == "hello"


@contextlib.asynccontextmanager
async def before_small_host(folder: Path) -> AsyncIterator[Web]:
    async with serving_web(folder) as web, listening(SmallHost().app(), web.host_socket):
        yield web


async def new_token_of(page: httpx.AsyncClient, *scopes: str) -> tuple[dict[str, str], str]:
    """As new_token."""
    reply = (await page.post("/api/v1/tokens", json={"name": "program", "scopes": scopes})).json()
    return {"Authorization": f"Bearer {reply['secret']}"}, reply["token"]["id"]


def test_no_token_begets_another(web: TestClient, page: dict[str, str]) -> None:
    headers, token_id = new_token(web, page, "read", "run", "write")
    for reply in (
        web.get("/api/v1/tokens", headers=headers),
        web.post("/api/v1/tokens", headers=headers, json={"name": "x", "scopes": ["write"]}),
        web.delete(f"/api/v1/tokens/{token_id}", headers=headers),
    ):
        assert (reply.status_code, reply.json()["error"]["code"]) == (400, "invalid_request")


def test_tokens_are_listed_with_their_last_use_and_never_with_their_secret(
    web: TestClient, page: dict[str, str], settings: Settings
) -> None:
    headers, token_id = new_token(web, page, "read")
    assert web.get("/api/v1/tokens", headers=page).json()[0]["last_used_at"] is None
    web.get("/api/v1/models", headers=headers)
    [listed] = web.get("/api/v1/tokens", headers=page).json()
    assert (listed["id"], listed["scopes"], set(listed) & {"secret", "hash"}) == (token_id, ["read"], set())
    assert time.time() - listed["last_used_at"] < 60
    with sqlite3.connect(settings.data_dir / "slipway.db") as database:
        rows = str(database.execute("SELECT * FROM api_tokens").fetchall())
    assert headers["Authorization"].removeprefix("Bearer ") not in rows


@pytest.mark.parametrize(
    "body",
    [
        {"name": "", "scopes": ["read"]},
        {"name": "x", "scopes": []},
        {"name": "x", "scopes": ["read", "read"]},
        {"name": "x", "scopes": ["all"]},
        {"name": "x", "scopes": ["read"], "expires_at": 1.0},
        {"name": "x" * 5000, "scopes": ["read"]},
    ],
)
def test_a_token_that_makes_no_sense_is_refused(web: TestClient, page: dict[str, str], body: dict[str, Any]) -> None:
    reply = web.post("/api/v1/tokens", headers=page, json=body)
    assert (reply.status_code, reply.json()["error"]["code"]) == (400, "invalid_request")
    assert web.get("/api/v1/tokens", headers=page).json() == []


def test_another_site_makes_no_token(web: TestClient, page: dict[str, str]) -> None:
    foreign = {**page, "Origin": OTHER_SITE}
    reply = web.post("/api/v1/tokens", headers=foreign, json={"name": "x", "scopes": ["read"]})
    assert (reply.status_code, reply.json()["error"]["code"]) == (403, "forbidden_origin")
