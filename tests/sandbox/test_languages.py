"""Real language servers in a workspace of the default environment, over real sockets."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from websockets.exceptions import ConnectionClosed

from ide_server.host.environment_files import EnvironmentFiles
from ide_server.host.environments import Environment, Environments
from ide_server.host.languages import EnvironmentTools, Languages, Programs
from ide_server.host.mounts import Mounts
from ide_server.host.routes.languages import routes
from ide_server.host.sandbox import Sandbox, Sandboxes
from ide_server.host.sandbox.cgroups import find_cgroups
from ide_server.host.variables import PassedVariables
from ide_server.host.workspaces import Workspaces
from ide_server.replies import EXCEPTION_HANDLERS
from ide_server.settings import Settings
from ide_server.wire import ModelId
from tests.support.environments import SHARED, build_default
from tests.support.equipment import GivenEquipment
from tests.support.language_client import LanguageClient, language_client
from tests.support.terminal_watcher import Server, serving

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
        programs = Programs(settings, EnvironmentTools(Environments(Settings(data_dir=SHARED))))
        programs.start()
        mounts = cast(Mounts, FolderMounts(folder))  # it lends only what the cast stands for
        self.workspaces = Workspaces(settings, sandboxes, self.equipment, mounts, tools=programs.mounts)
        self.languages = Languages(settings, self.workspaces, programs)
        self.environment_files = EnvironmentFiles(self.equipment, programs.mounts, self.workspaces)

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
async def host(environment: Environment, settings: Settings, sandboxes: Sandboxes, model: Path) -> AsyncIterator[Host]:
    host = Host(settings, sandboxes, environment, model)
    async with serving(host.app()) as host.server:
        yield host
    host.environment_files.close()
    await host.workspaces.close()
    assert await host.running() == 0


@pytest.fixture
def site_packages(model: Path, environment: Environment) -> Path:
    """Of the model's .venv, which a workspace finds made."""
    name = "python" + ".".join(environment.python_version.split(".")[:2])
    folder = model / f".venv/lib/{name}/site-packages"
    folder.mkdir(parents=True)
    (model / ".venv/pyvenv.cfg").write_text("home = /opt/python/bin\ninclude-system-site-packages = true\n")
    return folder


async def test_ty_knows_the_standard_library_the_environment_and_the_models_own_packages(
    host: Host, site_packages: Path
) -> None:
    (site_packages / "mine.py").write_text("def installed_by_me() -> int: ...\n")
    async with host.speak("ty") as client:
        await client.initialize()
        document = await client.open("a.py", "import json\nimport mine\nimport pip\njson.\nmine.\npip.\n")
        assert "dumps" in await client.complete(document, 3, 5)
        assert "installed_by_me" in await client.complete(document, 4, 5)
        assert "main" in await client.complete(document, 5, 4)


async def test_ty_diagnoses_and_what_it_announces_names_the_models_path(host: Host) -> None:
    async with host.speak("ty") as client:
        await client.initialize()
        document = await client.open("a.py", "nope\n")
        found = await client.ask("textDocument/diagnostic", {"textDocument": document})
        assert [item["code"] for item in found["items"]] == ["unresolved-reference"]


async def test_a_definition_leads_into_files_of_the_environment_that_can_be_read(host: Host) -> None:
    text = "import json\nimport pip\njson.dumps\npip.main\nprint(len)\n"
    async with host.speak("ty") as client:
        await client.initialize()
        document = await client.open("a.py", text)
        for line, character, expected in ((2, 6, "def dumps("), (3, 5, "def main("), (4, 7, "def len(")):
            found = await client.ask_at("definition", document, line, character)
            path = found[0].get("targetUri", found[0].get("uri")).removeprefix("file:///")
            assert expected in await host.environment_files.read(MODEL, path), path


async def test_ruff_lints_formats_and_fixes(host: Host, model: Path) -> None:
    async with host.speak("ruff") as client:
        await client.initialize()
        document = await client.open("a.py", "import os\nx = { 1 }\n")
        found = await client.ask("textDocument/diagnostic", {"textDocument": document})
        assert "F401" in [item["code"] for item in found["items"]]
        options = {"tabSize": 4, "insertSpaces": True}
        edits = await client.ask("textDocument/formatting", {"textDocument": document, "options": options})
        assert "x = {1}" in "".join(edit["newText"] for edit in edits)
        actions = await client.ask(
            "textDocument/codeAction",
            {
                "textDocument": document,
                "range": found["items"][0]["range"],
                "context": {"diagnostics": found["items"]},
            },
        )
        assert any("F401" in action["title"] for action in actions)
    assert sorted(os.listdir(model)) == [".venv"]


async def test_what_does_not_come_with_slipway_is_fetched_when_it_is_first_asked_for(host: Host, model: Path) -> None:
    states = {server.name: server.state for server in await host.languages.list(MODEL)}
    assert states == {"ty": "ready", "ruff": "ready", "basedpyright": "not_fetched", "typescript": "not_fetched"}
    async with host.speak("typescript") as client:
        await client.initialize()
        document = await client.open("a.ts", "const names = [1]\nnames.\n", language="typescript")
        assert "push" in await client.complete(document, 1, 6)
        found = await client.ask_at("definition", document, 1, 3)
        assert found[0].get("targetUri", found[0].get("uri")) == "file:///model/a.ts"
        document = await client.open("b.ts", "[1].push(2)\n", language="typescript")
        found = await client.ask_at("definition", document, 0, 6)
        path = found[0].get("targetUri", found[0].get("uri")).removeprefix("file:///")
        assert "interface Array<T>" in await host.environment_files.read(MODEL, path), path
    async with host.speak("basedpyright") as client:
        await client.initialize()
        document = await client.open("a.py", "import json\njson.\n")
        assert "dumps" in await client.complete(document, 1, 5)
    states = {server.name: server.state for server in await host.languages.list(MODEL)}
    assert set(states.values()) == {"ready"}
    assert sorted(os.listdir(model)) == [".venv"]


async def test_a_server_beyond_its_memory_is_killed_and_the_page_told_why(
    settings: Settings, sandboxes: Sandboxes, environment: Environment, model: Path
) -> None:
    if "memory" not in find_cgroups(settings.run_path).controllers:
        pytest.skip("no memory controller here")
    host = Host(replace(settings, language_memory_mebibytes=32), sandboxes, environment, model)
    async with serving(host.app()) as host.server:
        async with host.speak("ty") as client:
            try:
                await client.initialize()
                document = await client.open("a.py", "".join(f"a{n} = [{n}, {n}]\n" for n in range(100_000)))
                await client.ask("textDocument/documentSymbol", {"textDocument": document})
            except ConnectionClosed:
                pass
            assert await client.until_closed() == (
                4502,
                "ty was killed: out of memory, it may have 32 MiB (--language-memory-mebibytes).",
            )
        assert "out of memory" in (await host.languages.list(MODEL))[0].message
    await host.workspaces.close()


@pytest.mark.parametrize("mebibytes", [32, 1024])
async def test_without_control_groups_a_server_is_held_to_its_memory_all_the_same(
    settings: Settings,
    sandboxes: Sandboxes,
    environment: Environment,
    model: Path,
    mebibytes: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Sandbox, "memory_group", lambda *_, **__: None)
    host = Host(replace(settings, language_memory_mebibytes=mebibytes), sandboxes, environment, model)
    text = "".join(f"a{number} = [{number}, {number}]\n" for number in range(10_000))
    async with serving(host.app()) as host.server, host.speak("ty") as client:
        try:
            await client.initialize()
            document = await client.open("a.py", text)
            symbols = await client.ask("textDocument/documentSymbol", {"textDocument": document})
            assert (mebibytes, len(symbols)) == (1024, 10_000)
        except ConnectionClosed:
            code, reason = await client.until_closed()
            assert (mebibytes, code) == (32, 4502)
            assert reason.startswith("ty ")
    await host.workspaces.close()


async def test_a_server_that_ends_with_its_workspace_says_so(host: Host) -> None:
    async with host.speak("ty") as client:
        await client.initialize()
        await host.workspaces.stop(MODEL)
        assert await client.until_closed() == (4502, "ty was stopped with the model's workspace.")


async def test_nothing_is_left_when_a_page_leaves(host: Host) -> None:
    async with host.speak("ty") as client:
        await client.initialize()
        (record, *_) = await host.languages.list(MODEL)
        assert record.running == 1
        assert 0 < record.memory_bytes < record.memory_limit_bytes
    async with asyncio.timeout(10):
        while await host.running():  # noqa: ASYNC110  # the host learns of a closed socket when it does
            await asyncio.sleep(0.01)
    assert [group for group in groups(host) if "." in group.name] == []


async def test_a_server_has_the_persons_variables_and_none_of_their_secrets(host: Host) -> None:
    passed = PassedVariables({"MINE": "plain", "KEY": "hidden"}, frozenset({"KEY"}), 0)
    host.equipment.present = replace(host.equipment.present, variables=passed)
    seat = await host.workspaces.get(MODEL)
    reading, writing = os.pipe()
    try:
        child = await seat.start_tool(("/usr/bin/env",), descriptors=(None, writing))
        await child.wait()
    finally:
        os.close(writing)
        seat.leave()
    with os.fdopen(reading) as output:
        said = output.read().splitlines()
    assert "MINE=plain" in said
    assert not [line for line in said if line.startswith("KEY=")]


async def test_a_page_is_told_to_connect_again_once_the_environment_is_another(host: Host) -> None:
    async with host.speak("ty") as client:
        await client.initialize()
        changed = PassedVariables({}, frozenset(), 1)
        host.equipment.present = replace(host.equipment.present, variables=changed)
        host.languages.retire(MODEL)
        assert await client.until_closed() == (1012, "the model's environment has changed; connect again")


def groups(host: Host) -> list[Path]:
    return list(find_cgroups(host.settings.run_path).groups())
