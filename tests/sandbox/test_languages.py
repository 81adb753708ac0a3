"""Real language servers in a workspace of the default environment, over real sockets."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from ide_server.host.environments import Environment
from ide_server.host.languages import Languages, Programs
from ide_server.host.mounts import Mounts
from ide_server.host.routes.languages import routes
from ide_server.host.sandbox import Sandboxes
from ide_server.host.workspaces import Workspaces
from ide_server.replies import EXCEPTION_HANDLERS
from ide_server.settings import Settings
from ide_server.wire import ModelId
from tests.support.environments import build_default
from tests.support.equipment import GivenEquipment
from tests.support.language_client import LanguageClient, language_client
from tests.support.terminal_watcher import Server, serving, wait_until

pytestmark = [pytest.mark.anyio, pytest.mark.sandbox, pytest.mark.network]

MODEL = ModelId("m")


class FolderMounts:
    def __init__(self, folder: Path) -> None:
        self.mount = SimpleNamespace(path=folder, lineage=1)

    async def get(self, _: ModelId) -> Any:
        return self.mount


class Host:
    server: Server

    def __init__(self, settings: Settings, sandboxes: Sandboxes, environment: Environment, folder: Path) -> None:
        self.settings = settings
        self.folder = folder
        self.equipment = GivenEquipment(environment)
        programs = Programs()
        mounts = cast(Mounts, FolderMounts(folder))  # it lends only what the cast stands for
        self.workspaces = Workspaces(settings, sandboxes, self.equipment, mounts, tools=programs.mounts)
        self.languages = Languages(settings, self.workspaces, programs)

    def app(self) -> Starlette:
        @contextlib.asynccontextmanager
        async def lifespan(_: Starlette) -> AsyncIterator[dict[str, Any]]:
            yield {"languages": self.languages, "settings": self.settings}

        return Starlette(
            routes=[Mount("/api/v1", routes=routes)], exception_handlers=EXCEPTION_HANDLERS, lifespan=lifespan
        )

    def speak(self, server: str) -> contextlib.AbstractAsyncContextManager[LanguageClient]:
        return language_client(f"ws://{self.server.address}/models/{MODEL}/languages/{server}/socket")

    async def running(self) -> int:
        return sum(server.running for server in await self.languages.list(MODEL))


@pytest.fixture(scope="session")
def environment() -> Environment:
    return asyncio.run(build_default())


@pytest.fixture
async def host(
    environment: Environment, settings: Settings, sandboxes: Sandboxes, model: Path
) -> AsyncIterator[Host]:
    host = Host(settings, sandboxes, environment, model)
    async with serving(host.app()) as host.server:
        yield host
    await host.workspaces.close()
    assert await host.running() == 0


async def test_ty_completes_and_diagnoses(host: Host) -> None:
    async with host.speak("ty") as client:
        await client.initialize()
        document = await client.open("a.py", "import json\njson.\n")
        assert "dumps" in await client.complete(document, 1, 5)
