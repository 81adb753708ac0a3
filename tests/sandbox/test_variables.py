"""A model's variables in its terminals and launchers, with every owner of the host real."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ide_server.errors import SecretsUnreadable
from ide_server.host.app import owners
from ide_server.host.state import HostState
from ide_server.host.terminals import Terminal
from ide_server.settings import Settings
from ide_server.wire import Ended, Log, ModelId, NewModel, NewOperation, OperationEvent, VariableValue
from tests.support.catalogs import make_catalog
from tests.support.environments import share_environments
from tests.support.sandboxes import command_lines, files_with

pytestmark = [pytest.mark.anyio, pytest.mark.sandbox, pytest.mark.fuse]

SECRET = VariableValue("correct-horse-battery-staple", secret=True)
MAIN = b"""
import os
def evaluate(params):
    print(os.environ["MODE"], os.environ["TOKEN"], len(os.environ["TOKEN"]))
"""
WAIT_SECONDS = 30.0


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = Settings(data_dir=tmp_path, network="none")
    share_environments(tmp_path)
    make_catalog(settings)
    return settings


@pytest.fixture
async def host(settings: Settings) -> AsyncIterator[HostState]:
    async with owners(settings) as state:
        yield state


@pytest.fixture
async def model(host: HostState) -> ModelId:
    model = await host["models"].create(NewModel("m", "image"))
    await host["variables"].set(model.id, "MODE", VariableValue("fast"))
    await host["variables"].set(model.id, "TOKEN", SECRET)
    return model.id


async def open_terminal(host: HostState, model_id: ModelId) -> Terminal:
    record = await host["terminals"].create(model_id, rows=24, columns=200)
    return host["terminals"].get(model_id, record.id)


async def wait_shown(terminal: Terminal, command: str, text: str) -> None:
    shown = b""
    with terminal.attached(terminal.ring.end) as client:
        terminal.type(client, command + "\n")
        async with asyncio.timeout(WAIT_SECONDS):
            async for output in terminal.outputs(client):
                if isinstance(output, bytes):
                    shown += output
                    terminal.acknowledge(client, client.position)
                if text.encode() in shown:
                    return


async def evaluate(host: HostState, model_id: ModelId) -> list[OperationEvent]:
    started = await host["operations"].create(model_id, NewOperation("evaluate"))
    async with asyncio.timeout(WAIT_SECONDS):
        return [event async for batch in host["operations"].events(started.id, 0) for event in batch.events]


def outdated(host: HostState, model_id: ModelId) -> list[bool]:
    return [terminal.outdated for terminal in host["terminals"].list(model_id)]


async def test_a_new_terminal_has_the_variables_and_an_open_one_is_outdated_by_a_change(
    host: HostState, model: ModelId, settings: Settings
) -> None:
    first = await open_terminal(host, model)
    await wait_shown(first, 'echo "[$MODE $TOKEN]"', f"[fast {SECRET.value}]")
    assert outdated(host, model) == [False]
    await host["variables"].set(model, "MODE", VariableValue("slow"))
    assert outdated(host, model) == [True]
    second = await open_terminal(host, model)
    await wait_shown(second, 'echo "[$MODE $TOKEN]"', f"[slow {SECRET.value}]")
    assert outdated(host, model) == [True, False]
    assert files_with(SECRET.value, settings.run_path / "sandboxes") == []
    assert files_with(SECRET.value, settings.run_path / "runtime") == []
    assert SECRET.value not in command_lines()


async def test_a_launcher_has_the_variables_and_its_journal_not_the_secret(host: HostState, model: ModelId) -> None:
    for name in ("main.py", "slipway.toml"):
        await host["files"].move(model, name, name + ".old")
    await host["files"].write_new(model, "main.py", MAIN)
    events = await evaluate(host, model)
    assert "".join(event.text for event in events if isinstance(event, Log)) == f"fast *** {len(SECRET.value)}\n"


async def test_without_the_key_file_the_model_opens_and_says_what_its_runs_lack(
    host: HostState, model: ModelId, settings: Settings
) -> None:
    (settings.data_dir / "secrets.key").unlink()
    assert await host["files"].list_folder(model, "")
    assert len(await host["variables"].list(model)) == 2
    with pytest.raises(SecretsUnreadable, match=r"secrets\.key is missing.*Secrets: TOKEN"):
        await open_terminal(host, model)
    ended = (await evaluate(host, model))[-1]
    assert isinstance(ended, Ended)
    assert "secrets.key is missing" in ended.outcome.message
    await host["variables"].delete(model, "TOKEN")
    await wait_shown(await open_terminal(host, model), 'echo "[$MODE $TOKEN]"', "[fast ]")
