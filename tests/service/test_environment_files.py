"""What can be read of an environment, and that nothing else can."""

import contextlib
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from ide_server.errors import (
    AccessDenied,
    FileNotFound,
    FileTooLarge,
    NameNotAllowed,
    NotAFile,
    SandboxFailed,
    SlipwayError,
    UnsafePath,
)
from ide_server.host.environment_files import MAX_BYTES, EnvironmentFiles
from ide_server.host.environments import Environment
from ide_server.host.routes.model_environment import routes
from ide_server.host.sandbox import Mount
from ide_server.replies import EXCEPTION_HANDLERS
from ide_server.wire import ModelId
from tests.support.equipment import GivenEquipment
from tests.support.terminal_watcher import serving

pytestmark = pytest.mark.anyio

MODEL = ModelId("m")


class Workspaces:
    """Lends a folder of this machine as the sandbox's /tmp."""

    def __init__(self, tmp: Path) -> None:
        self.tmp = tmp

    def open_tmp(self, _: ModelId) -> int:
        if not self.tmp.exists():
            raise SandboxFailed("No workspace of the model runs.")
        return os.open(self.tmp, os.O_PATH | os.O_DIRECTORY)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What lies below, the root of a sandbox may reach; what is above, only by leaving its folder."""
    (tmp_path / "secret").write_text("secret")
    for path in ("environment/lib", "python/lib", "packages", "languages", "tmp/cache/ty/vendored"):
        (tmp_path / path).mkdir(parents=True)
    return tmp_path


@pytest.fixture
async def files(folder: Path) -> AsyncIterator[EnvironmentFiles]:
    mounts = (
        Mount(folder / "python", "/opt/python"),
        Mount(folder / "packages", "/opt/python/lib/packages"),
        Mount(folder / "environment", "/opt/environment"),
    )
    environment = Environment("key", "", "", mounts, {}, "/opt/environment/bin/python")
    equipment = GivenEquipment(environment)
    tools = [Mount(folder / "languages", "/opt/slipway/languages")]
    files = EnvironmentFiles(equipment, tools, Workspaces(folder / "tmp"))
    yield files
    files.close()
    assert not +equipment.held


async def test_a_file_is_read_by_its_path_in_the_sandbox(files: EnvironmentFiles, folder: Path) -> None:
    wanted = {
        "opt/environment/lib/a.py": "environment/lib/a.py",
        "opt/python/lib/os.py": "python/lib/os.py",
        "opt/python/lib/packages/numpy.pyi": "packages/numpy.pyi",
        "opt/slipway/languages/lib.d.ts": "languages/lib.d.ts",
        "tmp/cache/ty/vendored/builtins.pyi": "tmp/cache/ty/vendored/builtins.pyi",
    }
    for inside, outside in wanted.items():
        (folder / outside).write_text(f"grüße {inside}\n")
        assert await files.read(MODEL, inside) == f"grüße {inside}\n"


async def test_nothing_else_can_be_read(files: EnvironmentFiles, folder: Path) -> None:
    lib = folder / "environment/lib"
    (lib / "out").symlink_to("../../secret")
    (lib / "absolute").symlink_to(folder / "secret")
    (lib / "folder").symlink_to(folder)
    (folder / "tmp/cache/ty/vendored/out").symlink_to(folder / "secret")
    os.mkfifo(lib / "fifo")
    (lib / "binary").write_bytes(b"\0\1")
    (lib / "latin").write_bytes(b"\xe9")
    (lib / "large").write_bytes(b"x" * (MAX_BYTES + 1))
    refused: dict[str, type[SlipwayError]] = {
        "": NameNotAllowed,
        "etc/passwd": UnsafePath,
        "proc/self/environ": UnsafePath,
        "tmp/secret": UnsafePath,
        "opt/environment": UnsafePath,
        "opt/environmental/a": UnsafePath,
        "opt/environment/../../secret": NameNotAllowed,
        "opt/environment//a": NameNotAllowed,
        "opt/environment/lib/out": UnsafePath,
        "opt/environment/lib/absolute": UnsafePath,
        "opt/environment/lib/folder/secret": UnsafePath,
        "tmp/cache/ty/vendored/out": UnsafePath,
        "opt/environment/lib/none": FileNotFound,
        "opt/environment/lib": NotAFile,
        "opt/environment/lib/fifo": NotAFile,
        "opt/environment/lib/binary": NotAFile,
        "opt/environment/lib/latin": NotAFile,
        "opt/environment/lib/large": FileTooLarge,
    }
    assert {path: await kind_of_refusal(files, path) for path in refused} == refused


async def kind_of_refusal(files: EnvironmentFiles, path: str) -> type[SlipwayError] | None:
    try:
        await files.read(MODEL, path)
    except SlipwayError as error:
        return type(error)
    return None


@pytest.mark.skipif(os.geteuid() != 0, reason="only a server run as root may read more than a sandbox")
async def test_what_the_sandboxs_root_may_not_read_stays_closed(files: EnvironmentFiles, folder: Path) -> None:
    (folder / "environment/lib/mine").write_text("root's")
    (folder / "environment/lib/mine").chmod(0o600)
    assert await kind_of_refusal(files, "opt/environment/lib/mine") is AccessDenied


async def test_stubs_are_gone_with_the_workspace(files: EnvironmentFiles, folder: Path) -> None:
    (folder / "tmp").rename(folder / "ended")
    assert await kind_of_refusal(files, "tmp/cache/ty/vendored/builtins.pyi") is FileNotFound


async def test_over_http_it_is_text_that_nothing_runs(files: EnvironmentFiles, folder: Path) -> None:
    (folder / "environment/lib/a.html").write_text("<script>")

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[dict[str, Any]]:
        yield {"environment_files": files}

    app = Starlette(routes=routes, exception_handlers=EXCEPTION_HANDLERS, lifespan=lifespan)
    async with serving(app) as server, httpx.AsyncClient() as client:
        base = f"http://{server.address.removesuffix('/api/v1')}/models/{MODEL}/environment/files"
        reply = await client.get(f"{base}/opt/environment/lib/a.html")
        assert (reply.status_code, reply.text) == (200, "<script>")
        assert reply.headers["content-type"] == "text/plain; charset=utf-8"
        assert reply.headers["x-content-type-options"] == "nosniff"
        assert "sandbox" in reply.headers["content-security-policy"]
        refused = await client.get(f"{base}/opt/environment/%2e%2e/secret")
        assert (refused.status_code, refused.json()["error"]["code"]) == (400, "name_not_allowed")
