"""A model that changes its Python, with everything real: two environments, a shell that stays, a run, own packages."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ide_server.errors import EnvironmentInUse
from ide_server.host.app import owners
from ide_server.host.files.conditions import IfMatch
from ide_server.host.routes.models import standing
from ide_server.host.state import HostState
from ide_server.host.terminals import Terminal
from ide_server.settings import Settings
from ide_server.wire import (
    Dependencies,
    Ended,
    EnvironmentChanged,
    EnvironmentChoice,
    InstalledPackage,
    ModelEnvironment,
    ModelId,
    NewModel,
    NewOperation,
    PackageSet,
)
from tests.support.catalogs import make_catalog
from tests.support.environments import share_environments
from tests.support.screen import Screen, watched
from tests.support.terminal_watcher import wait_until

pytestmark = [pytest.mark.anyio, pytest.mark.sandbox, pytest.mark.fuse, pytest.mark.network, pytest.mark.timeout(400)]

OLD, NEW = EnvironmentChoice("3.11", "24"), EnvironmentChoice("3.13", "24")
MAIN = b"""
import platform
def evaluate(params):
    return platform.python_version()
"""
INSTALL_SECONDS = 90.0


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = Settings(data_dir=tmp_path)
    share_environments(tmp_path)
    make_catalog(settings)
    return settings


@pytest.fixture
async def host(settings: Settings) -> AsyncIterator[HostState]:
    async with owners(settings) as state:
        ready = {offer.version for offer in (await state["environments"].offers()).pythons if offer.ready}
        if lacking := {OLD.python, NEW.python} - ready:
            pytest.skip(f"not on this machine: Python {', '.join(sorted(lacking))}")
        yield state


async def switch(host: HostState, model: ModelId, choice: EnvironmentChoice) -> ModelEnvironment:
    """Returns when it is in use."""
    environments = host["model_environments"]
    await environments.choose(model, choice)
    with host["events"].subscribe(model) as events:
        while (shown := await environments.get(model)).build is not None:
            assert shown.build.status == "running", shown.build.message
            await anext(aiter(events))
    assert shown.choice == choice
    return shown


async def open_terminal(host: HostState, model: ModelId) -> Terminal:
    record = await host["terminals"].create(model, rows=24, columns=200)
    return host["terminals"].get(model, record.id)


async def python_of(screen: Screen) -> bytes:
    screen.type('clear; python -c \'import platform; print("Py" + "thon", platform.python_version())\'\n')
    return (await screen.until(rb"Python (3\.\d+)\.\d+"))[1]


async def run(screen: Screen, command: str) -> None:
    screen.type(f"{command} && echo do''ne || echo fai''led\n")
    assert (await screen.until(rb"(done|failed)\r\n", seconds=INSTALL_SECONDS))[1] == b"done"


async def evaluated(host: HostState, model: ModelId) -> str:
    operation = await host["operations"].create(model, NewOperation("evaluate"))
    async for batch in host["operations"].events(operation.id, 0):
        for event in batch.events:
            assert not isinstance(event, Ended) or event.outcome.kind == "succeeded", event.outcome
    result = await host["operations"].result(operation.id)
    return str(result.outputs[0].values[0].elements[0])


def workspaces(host: HostState) -> int:
    folder = host["settings"].run_path / "sandboxes"
    return sum(entry.name.startswith("workspace-") for entry in folder.iterdir())


def outdated(host: HostState, model: ModelId) -> list[bool]:
    return [terminal.outdated for terminal in host["terminals"].list(model)]


async def test_from_one_python_to_another_and_back_with_a_terminal_open(host: HostState) -> None:
    model = (await host["models"].create(NewModel("m", "image"))).id
    for name in ("main.py", "slipway.toml"):
        await host["files"].remove(model, name, condition=IfMatch(None))
    await host["files"].write_new(model, "main.py", MAIN)
    await host["files"].write_new(model, "requirements.txt", b"tomli-w\n")

    await switch(host, model, OLD)
    async with watched(await open_terminal(host, model)) as old:
        assert await python_of(old) == b"3.11"
        await run(old, "pip install --quiet -r requirements.txt")
        own = await host["packages"].read(model)
        assert own.dependencies == [Dependencies("requirements.txt", False, "pip install -r requirements.txt")]
        assert (await evaluated(host, model)).startswith("3.11.")

        key = (await switch(host, model, NEW)).key
        assert key is not None
        with pytest.raises(EnvironmentInUse, match="a model has it"):
            await host["environments"].remove(key)
        assert outdated(host, model) == [True]
        assert await python_of(old) == b"3.11"
        assert (await evaluated(host, model)).startswith("3.13.")
        async with watched(await open_terminal(host, model)) as new:
            assert outdated(host, model) == [True, False]
            assert await python_of(new) == b"3.13"
            assert workspaces(host) == 2
            own = await host["packages"].read(model)
            [package] = own.sets[0].packages
            assert own.sets == [PackageSet("3.11", [InstalledPackage("tomli-w", package.version)])]
            assert own.reinstall_command == f"pip install tomli-w=={package.version}"
            assert own.dependencies[0].outdated
            await run(new, f"{own.reinstall_command} --quiet")
            await run(new, "python -c 'import tomli_w'")
            await run(old, "python -c 'import tomli_w'")
            own = await host["packages"].read(model)
            assert own.sets == [PackageSet(version, [package]) for version in ("3.13", "3.11")]
            assert (own.reinstall_command, own.dependencies[0].outdated) == ("", False)
            old.type("exit\n")
            await old.until_ended()
            await wait_until(lambda: workspaces(host) == 1)
            assert await python_of(new) == b"3.13"

    assert (await host["model_environments"].choose(model, OLD)).build is None
    with pytest.raises(EnvironmentInUse, match="still works in it"):
        await host["environments"].remove(key)
    assert EnvironmentChanged(await host["model_environments"].get(model)) in await standing(host, model)
    assert outdated(host, model) == [True]
    async with watched(await open_terminal(host, model)) as again:
        assert await python_of(again) == b"3.11"
        await run(again, "python -c 'import tomli_w'")
    assert (await host["packages"].read(model)).sets == own.sets


async def test_the_command_that_is_offered_for_a_dependency_file_satisfies_it(host: HostState) -> None:
    model = (await host["models"].create(NewModel("m", "image"))).id
    await host["files"].write_new(model, "requirements.txt", b"-r more.txt\n")
    await host["files"].write_new(model, "more.txt", b"tomli-w >= 1  # writes TOML\n")
    await host["files"].write_new(
        model, "pyproject.toml", b"[project]\nname = 'm'\nversion = '1'\ndependencies = ['iniconfig']\n"
    )
    await host["files"].write_new(model, "package.json", b'{"dependencies": {"is-odd": "^3"}}')
    own = await host["packages"].read(model)
    assert [each.outdated for each in own.dependencies] == [True, True, True]
    async with watched(await open_terminal(host, model)) as screen:
        for each in own.dependencies:
            await run(screen, f"{each.command} >/dev/null")
    own = await host["packages"].read(model)
    assert [(each.path, each.outdated) for each in own.dependencies] == [
        ("requirements.txt", False),
        ("pyproject.toml", False),
        ("package.json", False),
    ]
    assert [package.name for package in own.sets[0].packages] == ["iniconfig", "tomli-w"]
