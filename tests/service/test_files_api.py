"""The routes of files over the app in process, on a real mount."""

import asyncio
import io
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount as Prefix
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ide_server.host.routes import files as file_routes
from ide_server.replies import EXCEPTION_HANDLERS
from tests.support.fsquota import needs_fuse
from tests.support.mounted_models import BLOCK, MODEL, MountedModels, mounted_models

pytestmark = [pytest.mark.anyio, pytest.mark.fuse, needs_fuse]

BASE = f"/api/v1/models/{MODEL}"
NEW = {"If-None-Match": "*"}
ANY = {"If-Match": "*"}


def app_of(models: MountedModels) -> ASGIApp:
    app = Starlette(routes=[Prefix("/api/v1", routes=file_routes.routes)], exception_handlers=EXCEPTION_HANDLERS)

    async def with_state(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "state": {"files": models.files}}, receive, send)

    return with_state


@pytest.fixture
async def models(tmp_path: Path) -> AsyncIterator[MountedModels]:
    async with mounted_models(tmp_path, limit_bytes=64 * BLOCK) as models:
        await models.mount()
        yield models


@pytest.fixture
async def client(models: MountedModels) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app_of(models))
    async with httpx.AsyncClient(transport=transport, base_url="http://host" + BASE) as client:
        yield client


def error_of(reply: httpx.Response) -> tuple[int, str]:
    body = reply.json()
    assert sorted(body) == ["error"]
    assert sorted(body["error"]) == ["code", "details", "message"]
    return reply.status_code, body["error"]["code"]


async def test_a_file_is_made_read_saved_and_removed(client: httpx.AsyncClient) -> None:
    made = await client.put("/files/main.py", content=b"one", headers=NEW)
    assert (made.status_code, made.headers["etag"]) == (201, made.json()["etag"])
    read = await client.get("/files/main.py")
    assert (read.status_code, read.content, read.headers["etag"]) == (200, b"one", made.headers["etag"])
    saved = await client.put("/files/main.py", content=b"two", headers={"If-Match": made.headers["etag"]})
    assert (saved.status_code, saved.json()["byte_size"]) == (200, 3)
    late = await client.put("/files/main.py", content=b"late", headers={"If-Match": made.headers["etag"]})
    assert error_of(late) == (412, "file_changed")
    assert late.json()["error"]["details"] == {"etag": saved.headers["etag"]}
    removed = await client.delete("/files/main.py", headers={"If-Match": saved.headers["etag"]})
    assert (removed.status_code, removed.content) == (204, b"")
    assert error_of(await client.get("/files/main.py")) == (404, "file_not_found")


async def test_a_folder_is_made_listed_moved_measured_and_removed(client: httpx.AsyncClient) -> None:
    made = await client.put("/tree/data")
    assert (made.status_code, made.json()["kind"]) == (201, "folder")
    await client.put("/files/data/a%20b%23c", content=b"x", headers=NEW)
    moved = await client.post("/moves", json={"source": "data", "destination": "renamed"})
    assert (moved.status_code, moved.json()["path"]) == (200, "renamed")
    assert [entry["path"] for entry in (await client.get("/tree/")).json()] == ["renamed"]
    assert [entry["path"] for entry in (await client.get("/tree/renamed")).json()] == ["renamed/a b#c"]
    [largest] = (await client.get("/folders")).json()
    assert (largest["path"], largest["used_bytes"]) == ("renamed", BLOCK)
    assert (await client.delete("/files/renamed", headers=ANY)).status_code == 204
    assert (await client.get("/tree/")).json() == []


@pytest.mark.parametrize(
    ("method", "path", "headers", "expected"),
    [
        ("PUT", "/files/a", {}, (428, "precondition_required")),
        ("DELETE", "/files/a", {}, (428, "precondition_required")),
        ("PUT", "/files/a", {"If-Match": "etag"}, (400, "invalid_request")),
        ("PUT", "/files/a", NEW, (412, "file_changed")),
        ("PUT", "/files/b", ANY, (412, "file_changed")),
        ("PUT", "/files/folder", ANY, (409, "not_a_file")),
        ("PUT", "/files/no/such", NEW, (404, "file_not_found")),
        ("PUT", "/tree/folder", {}, (409, "already_exists")),
        ("GET", "/files/folder", {}, (409, "not_a_file")),
        ("GET", "/tree/a", {}, (409, "not_a_folder")),
        ("GET", "/tree/no-such", {}, (404, "file_not_found")),
        ("GET", "/files/out", {}, (403, "unsafe_path")),
        ("GET", "/files/a%00b", {}, (400, "name_not_allowed")),
        ("GET", "/files/%2e%2e/%2e%2e/etc/passwd", {}, (400, "name_not_allowed")),
        ("GET", "/files/folder%2f..%2fa", {}, (400, "name_not_allowed")),
        ("GET", "/files//etc/passwd", {}, (400, "name_not_allowed")),
        ("GET", "/files/" + "n" * 256, {}, (400, "name_not_allowed")),
        ("POST", "/moves", {}, (400, "invalid_request")),
        ("GET", "/files/a", {"Range": "bytes=9-"}, (416, "requested_range_not_satisfiable")),
    ],
)
async def test_what_is_refused_has_its_status_and_code(
    client: httpx.AsyncClient,
    models: MountedModels,
    method: str,
    path: str,
    headers: dict[str, str],
    expected: tuple[int, str],
) -> None:
    await models.files.write_new(MODEL, "a", b"a")
    await models.files.make_folder(MODEL, "folder")
    ((await models.mount()).path / "out").symlink_to("/etc/passwd")
    assert error_of(await client.request(method, path, headers=headers)) == expected


async def test_another_model_is_not_found(models: MountedModels) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app_of(models)), base_url="http://host") as client:
        assert error_of(await client.get("/api/v1/models/none/tree/")) == (404, "model_not_found")


async def test_a_write_that_does_not_fit_says_what_is_needed(client: httpx.AsyncClient) -> None:
    reply = await client.put("/files/large", content=b"x" * (64 * BLOCK + 1), headers=NEW)
    assert error_of(reply) == (507, "filesystem_full")
    details = reply.json()["error"]["details"]
    assert (details["needed_bytes"], details["free_bytes"], details["limit_bytes"]) == (
        65 * BLOCK,
        64 * BLOCK,
        64 * BLOCK,
    )


async def test_parts_and_versions_of_a_file(client: httpx.AsyncClient, models: MountedModels) -> None:
    etag = (await models.files.write_new(MODEL, "a.txt", b"0123456789")).etag
    part = await client.get("/files/a.txt", headers={"Range": "bytes=2-4"})
    assert (part.status_code, part.content, part.headers["content-range"]) == (206, b"234", "bytes 2-4/10")
    whole = await client.get("/files/a.txt", headers={"Range": "bytes=2-4", "If-Range": '"another"'})
    assert (whole.status_code, whole.content) == (200, b"0123456789")
    beyond = await client.get("/files/a.txt", headers={"Range": "bytes=10-"})
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, "bytes */10")
    known = await client.get("/files/a.txt", headers={"If-None-Match": str(etag)})
    assert (known.status_code, known.content, known.headers["etag"]) == (304, b"", etag)
    changed = await client.get("/files/a.txt", headers={"If-Match": '"another"'})
    assert error_of(changed) == (412, "file_changed")
    head = await client.head("/files/a.txt")
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", "10")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.txt", "text/plain; charset=utf-8"),
        ("page.html", "text/plain; charset=utf-8"),
        ("main.py", "text/plain; charset=utf-8"),
        ("plot.png", "image/png"),
        ("drawing.svg", "image/svg+xml"),
        ("data.tar.gz", "application/octet-stream"),
        ("no-ending", "application/octet-stream"),
    ],
)
async def test_nothing_a_model_holds_is_run_by_the_browser(
    client: httpx.AsyncClient, models: MountedModels, name: str, kind: str
) -> None:
    await models.files.write_new(MODEL, name, b"<script>")
    reply = await client.get(f"/files/{name}")
    assert reply.headers["content-type"] == kind
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert "content-disposition" not in reply.headers


async def test_a_download_is_named_whatever_its_name(client: httpx.AsyncClient, models: MountedModels) -> None:
    entry = await models.files.write_new(MODEL, 'caf\u00e9 "1"\r\n.txt', b"x")
    reply = await client.get(f"/files/{quote(entry.path)}?download")
    assert (reply.status_code, reply.content) == (200, b"x")
    assert reply.headers["content-disposition"] == f"attachment; filename*=UTF-8''{quote(entry.name)}"
    assert "%0D" not in reply.headers["content-disposition"]


def scope_of(method: str, path: str, headers: dict[str, str]) -> dict[str, Any]:
    encoded = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": BASE + path,
        "raw_path": (BASE + path).encode(),
        "query_string": b"",
        "root_path": "",
        "headers": encoded,
    }


async def test_a_client_that_leaves_in_mid_upload_leaves_nothing_behind(models: MountedModels) -> None:
    messages: list[Message] = [
        {"type": "http.request", "body": b"half", "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def receive() -> Message:
        return messages.pop(0)

    async def send(message: Message) -> None:
        assert message.get("status", 400) == 400

    await app_of(models)(scope_of("PUT", "/files/new", NEW), receive, send)
    assert messages == []
    assert models.staged() == []
    assert await models.files.list_folder(MODEL, "") == []


async def test_a_reader_that_leaves_in_mid_download_leaves_no_open_file(models: MountedModels) -> None:
    """The fixture counts descriptors."""
    await models.files.write_new(MODEL, "large", b"x" * 63 * BLOCK)
    receiving, sent = asyncio.Event(), 0

    async def receive() -> Message:
        await receiving.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        nonlocal sent
        sent += len(message.get("body", b""))
        if sent:
            receiving.set()
            await asyncio.Event().wait()

    async with asyncio.timeout(5):
        await app_of(models)(scope_of("GET", "/files/large", {}), receive, send)
    assert sent > 0


async def test_what_is_deleted_is_put_back_by_its_id(client: httpx.AsyncClient) -> None:
    await client.put("/tree/folder")
    await client.put("/files/folder/a.py", content=b"a", headers=NEW)
    deleted = await client.post("/trash", json={"paths": ["folder"]})
    assert (deleted.status_code, deleted.json()["paths"]) == (201, ["folder"])
    assert (await client.get("/tree/")).json() == []
    restored = await client.post(f"/trash/{deleted.json()['id']}/restore")
    assert [entry["path"] for entry in restored.json()] == ["folder"]
    assert (await client.get("/files/folder/a.py")).content == b"a"
    again = await client.post("/trash", json={"paths": ["folder"]})
    assert (await client.delete(f"/trash/{again.json()['id']}")).status_code == 204
    assert error_of(await client.post(f"/trash/{again.json()['id']}/restore")) == (404, "trash_not_found")
    assert error_of(await client.post("/trash", json={"paths": []})) == (400, "invalid_request")


async def test_a_copy_and_a_zip_are_of_whole_folders(client: httpx.AsyncClient) -> None:
    await client.put("/tree/folder")
    await client.put("/files/folder/a.py", content=b"a" * 9, headers=NEW)
    copied = await client.post("/copies", json={"source": "folder", "destination": "folder copy"})
    assert (copied.status_code, copied.json()["path"]) == (201, "folder copy")
    again = await client.post("/copies", json={"source": "folder", "destination": "folder copy"})
    assert error_of(again) == (409, "already_exists")
    reply = await client.get("/zip", params={"path": "folder copy"})
    assert reply.headers["content-disposition"] == "attachment; filename*=UTF-8''folder%20copy.zip"
    with zipfile.ZipFile(io.BytesIO(reply.content)) as archive:
        assert archive.namelist() == ["folder copy/", "folder copy/a.py"]
    reply = await client.get("/zip", params={"path": ["folder", "folder copy"]})
    assert reply.headers["content-disposition"] == "attachment; filename*=UTF-8''files.zip"
    assert error_of(await client.get("/zip", params={"path": "none"})) == (404, "file_not_found")
    assert error_of(await client.get("/zip")) == (400, "invalid_request")


async def test_an_upload_comes_in_parts(client: httpx.AsyncClient) -> None:
    begun = await client.post("/uploads", json={"path": "a", "byte_size": 6})
    assert begun.status_code == 201
    here = f"/uploads/{begun.json()['id']}"
    part = await client.patch(here, params={"offset": 0}, content=b"abc")
    assert (part.json()["received_bytes"], part.json()["entry"]) == (3, None)
    assert error_of(await client.patch(here, params={"offset": 1}, content=b"x")) == (409, "upload_out_of_step")
    assert error_of(await client.patch(here, params={"offset": "-1"}, content=b"x")) == (400, "invalid_request")
    whole = await client.patch(here, params={"offset": 3}, content=b"def")
    assert whole.json()["entry"]["byte_size"] == 6
    assert (await client.get(here)).json() == whole.json()
    assert (await client.get("/files/a")).content == b"abcdef"
    assert (await client.delete(here)).status_code == 204
    assert error_of(await client.get(here)) == (404, "upload_not_found")
    assert error_of(await client.post("/uploads", json={"path": "a", "byte_size": 6})) == (412, "file_changed")


async def test_an_upload_that_is_cut_off_keeps_what_came(client: httpx.AsyncClient, models: MountedModels) -> None:
    begun = (await client.post("/uploads", json={"path": "a", "byte_size": 6})).json()
    messages: list[Message] = [{"type": "http.request", "body": b"abc", "more_body": True}, {"type": "http.disconnect"}]

    async def receive() -> Message:
        return messages.pop(0)

    async def send(_: Message) -> None: ...

    path = f"{BASE}/uploads/{begun['id']}"
    scope = {"type": "http", "method": "PATCH", "path": path, "query_string": b"offset=0", "headers": []}
    await app_of(models)(scope, receive, send)
    assert (await client.get(f"/uploads/{begun['id']}")).json()["received_bytes"] == 3
