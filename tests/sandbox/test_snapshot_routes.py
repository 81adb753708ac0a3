"""Snapshots through the host's routes, with every owner of the host real."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from ide_server.host.app import create_app
from ide_server.settings import MEBIBYTE, Settings
from tests.support.catalogs import make_catalog
from tests.support.environments import share_environments

pytestmark = [pytest.mark.anyio, pytest.mark.sandbox, pytest.mark.fuse]

API = "/api/v1"


class Client:
    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def ask(self, method: str, path: str, *, status: int = 200, **request: Any) -> Any:
        reply = await self._http.request(method, API + path, **request)
        assert reply.status_code == status, reply.text
        if reply.headers.get("content-type") == "application/json":
            return reply.json()
        return reply.content

    async def new_model(self, **body: Any) -> dict[str, Any]:
        made: dict[str, Any] = await self.ask("POST", "/models", status=201, json={"name": "model", **body})
        return made

    async def write(self, model: dict[str, Any], path: str, content: bytes) -> None:
        url = f"/models/{model['id']}/files/{path}"
        await self.ask("PUT", url, status=201, content=content, headers={"If-None-Match": "*"})

    async def launch_evaluates_with(self, model: dict[str, Any], *, cpus: float) -> None:
        await self.ask("PUT", f"/models/{model['id']}/launch", json={"evaluate": {"cpus": cpus}})

    async def cpus_of_evaluates(self, model: dict[str, Any]) -> float:
        launch = await self.ask("GET", f"/models/{model['id']}/launch")
        cpus: float = launch["choice"]["evaluate"]["cpus"]
        return cpus

    async def names(self, model: dict[str, Any]) -> list[str]:
        return [entry["name"] for entry in await self.ask("GET", f"/models/{model['id']}/tree/")]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = Settings(data_dir=tmp_path, default_limit_mebibytes=1, max_limit_mebibytes=4)
    share_environments(tmp_path)
    make_catalog(settings)
    return settings


@pytest.fixture
async def client(settings: Settings) -> AsyncIterator[Client]:
    app = create_app(settings)
    async with (
        running(app) as state,
        httpx.AsyncClient(transport=httpx.ASGITransport(WithState(app, state)), base_url="http://host") as http,
    ):
        yield Client(http)


def running(app: Starlette) -> Any:
    return app.router.lifespan_context(app)


class WithState:
    """What a server does with the state of a lifespan, which httpx has none of."""

    def __init__(self, app: Starlette, state: Any) -> None:
        self._app = app
        self._state = state

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self._app(scope | {"state": dict(self._state)}, receive, send)


async def test_a_model_is_restored_copied_exported_and_imported(client: Client) -> None:
    model = await client.new_model(template="image")
    names = await client.names(model)
    await client.ask("PATCH", f"/models/{model['id']}", json={"limit_bytes": 2 * MEBIBYTE})
    await client.launch_evaluates_with(model, cpus=0.5)
    taken = await client.ask("POST", f"/models/{model['id']}/snapshots", status=201, json={"name": "first"})
    snapshot = f"/models/{model['id']}/snapshots/{taken['id']}"
    assert (taken["file_count"], taken["left_out"], taken["state_name"]) == (len(names), [], None)
    await client.ask("PATCH", snapshot, json={"name": "renamed"})
    await client.write(model, "later", b"x")
    await client.ask("DELETE", f"/models/{model['id']}/files/main.py", status=204, headers={"If-Match": "*"})

    await client.launch_evaluates_with(model, cpus=0.25)

    before = await client.ask("POST", f"{snapshot}/restore", status=201)
    assert (await client.names(model), await client.cpus_of_evaluates(model)) == (names, 0.5)
    listed = await client.ask("GET", f"/models/{model['id']}/snapshots")
    assert [each["name"] for each in listed] == ["Before renamed", "renamed"] and listed[0]["id"] == before["id"]

    copy = await client.new_model(snapshot_id=taken["id"])
    assert (await client.names(copy), copy["usage"]["limit_bytes"]) == (names, 2 * MEBIBYTE)
    assert await client.cpus_of_evaluates(copy) == 0.5
    exported = await client.ask("GET", f"{snapshot}/zip")
    await client.ask("DELETE", f"/models/{model['id']}", status=204)
    imported = await client.ask("POST", "/models/import?name=imported", status=201, content=exported)
    assert (await client.names(imported), imported["usage"]) == (names, copy["usage"])
    assert (imported["name"], await client.cpus_of_evaluates(imported)) == ("imported", 0.5)


async def test_what_cannot_be_imported_leaves_no_model(client: Client) -> None:
    refused = await client.ask("POST", "/models/import?name=x", status=400, content=b"no zip")
    assert refused["error"]["code"] == "invalid_request"
    await client.ask("POST", "/models/import", status=400, content=b"")
    assert (await client.ask("POST", "/models", status=404, json={"name": "x", "snapshot_id": "none"}))["error"][
        "code"
    ] == "snapshot_not_found"
    assert await client.ask("GET", "/models") == []


async def test_a_snapshot_belongs_to_one_model(client: Client) -> None:
    mine, other = await client.new_model(template="image"), await client.new_model(template="image")
    taken = await client.ask("POST", f"/models/{mine['id']}/snapshots", status=201, json={"name": "mine"})
    for method, rest in (("PATCH", ""), ("DELETE", ""), ("POST", "/restore"), ("GET", "/zip")):
        path = f"/models/{other['id']}/snapshots/{taken['id']}{rest}"
        refused = await client.ask(method, path, status=404, json={"name": "x"} if method == "PATCH" else None)
        assert refused["error"]["code"] == "snapshot_not_found"


async def test_a_page_hears_of_snapshots(client: Client) -> None:
    model = await client.new_model(template="image")
    heard: list[str] = []

    async def listen() -> None:
        async with client._http.stream("GET", f"{API}/models/{model['id']}/events") as reply:
            async for line in reply.aiter_lines():
                heard.append(line)

    listening = asyncio.create_task(listen())
    await client.ask("POST", f"/models/{model['id']}/snapshots", status=201, json={"name": "told of"})
    await client.ask("DELETE", f"/models/{model['id']}", status=204)
    async with asyncio.timeout(20):
        await listening
    assert any('"type":"snapshots"' in line and "told of" in line for line in heard)
