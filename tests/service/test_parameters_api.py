"""The routes of parameter definitions over the app in process, on a real mount."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount as Prefix
from starlette.types import ASGIApp, Receive, Scope, Send

from ide_server.host.parameter_files import ParameterFiles
from ide_server.host.routes import files as file_routes
from ide_server.host.routes import parameters as parameter_routes
from ide_server.replies import EXCEPTION_HANDLERS
from tests.support.fsquota import needs_fuse
from tests.support.mounted_models import BLOCK, MODEL, MountedModels, mounted_models

pytestmark = [pytest.mark.anyio, pytest.mark.fuse, needs_fuse]

TEXT = b"# mine\n\n[[train]]\nname = 'rate' # fast\ntypes = ['f64']\n"
RATE = {"name": "rate", "types": ["f64"], "maximum": 2}
NEW = {"If-None-Match": "*"}


def app_of(models: MountedModels) -> ASGIApp:
    routes = [*file_routes.routes, *parameter_routes.routes]
    app = Starlette(routes=[Prefix("/api/v1", routes=routes)], exception_handlers=EXCEPTION_HANDLERS)
    state = {"files": models.files, "parameter_files": ParameterFiles(models.mounts, models.files)}

    async def with_state(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "state": state}, receive, send)

    return with_state


@pytest.fixture
async def models(tmp_path: Path) -> AsyncIterator[MountedModels]:
    async with mounted_models(tmp_path, limit_bytes=8 * BLOCK) as models:
        await models.mount()
        yield models


@pytest.fixture
async def client(models: MountedModels) -> AsyncIterator[httpx.AsyncClient]:
    base = f"http://host/api/v1/models/{MODEL}"
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app_of(models)), base_url=base) as client:
        yield client


def error_of(reply: httpx.Response) -> tuple[int, str]:
    return reply.status_code, reply.json()["error"]["code"]


async def test_definitions_are_read_and_written_with_the_etag_of_their_file(
    models: MountedModels, client: httpx.AsyncClient
) -> None:
    made = await client.put("/files/slipway.toml", content=TEXT, headers=NEW)
    read = await client.get("/parameters")
    assert ([each["name"] for each in read.json()["train"]], read.headers["etag"]) == (["rate"], made.headers["etag"])
    written = await client.put("/parameters", json={"train": [RATE]}, headers={"If-Match": read.headers["etag"]})
    assert (written.status_code, written.json()["train"][0]["maximum"]) == (200, 2)
    content = (await client.get("/files/slipway.toml")).text
    assert content == TEXT.decode() + "maximum = 2\n"
    assert (await client.get("/parameters")).headers["etag"] == written.headers["etag"]


async def test_a_file_that_changed_meanwhile_is_not_replaced(client: httpx.AsyncClient) -> None:
    made = await client.put("/files/slipway.toml", content=TEXT, headers=NEW)
    condition = {"If-Match": made.headers["etag"]}
    await client.put("/files/slipway.toml", content=b"# another\n", headers=condition)
    late = await client.put("/parameters", json={"train": [RATE]}, headers=condition)
    assert error_of(late) == (412, "file_changed")
    assert error_of(await client.put("/parameters", json={}, headers=NEW)) == (412, "file_changed")
    assert error_of(await client.put("/parameters", json={})) == (428, "precondition_required")
    assert (await client.get("/files/slipway.toml")).content == b"# another\n"


async def test_the_file_is_made_where_there_is_none(client: httpx.AsyncClient) -> None:
    read = await client.get("/parameters")
    assert (read.json()["train"], "etag" in read.headers) == ([], False)
    assert (await client.put("/parameters", json={"train": [RATE]}, headers=NEW)).status_code == 200
    assert (await client.get("/parameters")).json()["train"][0]["name"] == "rate"


async def test_a_broken_file_and_definitions_that_do_not_fit_are_refused_in_words(client: httpx.AsyncClient) -> None:
    wrong = {"train": [{**RATE, "minimum": 3}]}
    refused = await client.put("/parameters", json=wrong, headers=NEW)
    assert error_of(refused) == (400, "invalid_request")
    assert "train, parameter 1: expected a minimum" in refused.json()["error"]["message"]
    made = await client.put("/files/slipway.toml", content=b"[[train]]\nname =\n", headers=NEW)
    broken = await client.put("/parameters", json={}, headers={"If-Match": made.headers["etag"]})
    assert "line 2" in broken.json()["error"]["message"]


async def test_a_full_filesystem_keeps_the_file_that_was(client: httpx.AsyncClient) -> None:
    made = await client.put("/files/slipway.toml", content=TEXT, headers=NEW)
    free = await client.put("/files/rest", content=bytes(6 * BLOCK), headers=NEW)
    assert free.status_code == 201
    long = {"train": [{**RATE, "description": "x" * 2 * BLOCK}]}
    full = await client.put("/parameters", json=long, headers={"If-Match": made.headers["etag"]})
    assert error_of(full) == (507, "filesystem_full")
    assert (await client.get("/files/slipway.toml")).content == TEXT
