"""Other models' files in a model's terminals and launchers, with every owner of the host real."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from ide_server.errors import FilesystemUnavailable, InvalidRequest, ModelInUse, ModelNotFound, MountedModelNotFound
from ide_server.host.app import owners
from ide_server.host.files.conditions import IfMatch
from ide_server.host.state import HostState
from ide_server.settings import Settings
from ide_server.wire import (
    Model,
    ModelChange,
    ModelId,
    MountedModel,
    MountedModelsChanged,
    NewModel,
    NewOperation,
    OperationKind,
)
from tests.support.catalogs import make_catalog
from tests.support.environments import share_environments
from tests.support.mounted_models import body, until

pytestmark = [pytest.mark.anyio, pytest.mark.sandbox, pytest.mark.fuse]

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
    return (await host["models"].create(NewModel("mine", "image"))).id


@pytest.fixture
async def other(host: HostState) -> Model:
    other = await host["models"].create(NewModel("theirs", "image"))
    await host["files"].write_new(other.id, "words.txt", b"their words\n")
    return other


async def shell(host: HostState, model_id: ModelId, command: str) -> bool:
    """Whether the command succeeds where the model's next terminal would run."""
    seat = await host["workspaces"].get(model_id)
    try:
        return await seat.sandbox.execute(("/bin/bash", "-c", command)) == 0
    finally:
        seat.leave()


def outdated(host: HostState, model_id: ModelId) -> list[bool]:
    return [terminal.outdated for terminal in host["terminals"].list(model_id)]


async def test_a_terminal_sees_another_models_files_and_cannot_change_them(
    host: HostState, model: ModelId, other: Model
) -> None:
    made = await host["mounted_models"].set(model, "words", other.id)
    assert made == MountedModel("words", "/mounts/words", other.id, "theirs")
    assert await shell(host, model, "[ \"$(cat /mounts/words/words.txt)\" = 'their words' ]")
    for write in ("echo x >> words.txt", "rm words.txt", "touch new", "mkdir new", "chmod 777 ."):
        assert not await shell(host, model, f"cd /mounts/words && {write}"), write
    assert not await shell(host, model, "mount -o remount,rw /mounts/words")
    await host["files"].write_new(other.id, "later.txt", b"later")
    assert await shell(host, model, "[ -f /mounts/words/later.txt ]")
    assert await shell(host, other.id, "echo more >> words.txt && [ ! -e /mounts ]")


async def test_links_in_a_mounted_model_lead_nowhere_else(host: HostState, model: ModelId, other: Model) -> None:
    await host["mounted_models"].set(model, "words", other.id)
    assert await shell(host, other.id, "ln -s /etc/hostname name; ln -s /model/main.py own; ln -s ../../.. up")
    assert await shell(host, model, "cmp /mounts/words/name /etc/hostname && cmp /mounts/words/own /model/main.py")
    assert await shell(host, model, '[ "$(ls /mounts/words/up/)" = "$(ls /)" ]')


async def test_a_change_outdates_what_runs_and_the_next_terminal_has_it(
    host: HostState, model: ModelId, other: Model
) -> None:
    await host["terminals"].create(model, rows=24, columns=80)
    await host["mounted_models"].set(model, "words", other.id)
    assert outdated(host, model) == [True]
    await host["terminals"].create(model, rows=24, columns=80)
    assert outdated(host, model) == [True, False]
    assert await shell(host, model, "[ -d /mounts/words ]")
    await host["mounted_models"].delete(model, "words")
    assert outdated(host, model) == [True, True]
    assert await shell(host, model, "[ ! -e /mounts/words ]")


async def test_files_come_back_and_stay_closed_when_their_filesystem_is_mounted_again(
    host: HostState, model: ModelId, other: Model, settings: Settings
) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root may mount upon the remains of a mount")
    await host["mounted_models"].set(model, "words", other.id)
    terminal = await host["terminals"].create(model, rows=24, columns=80)
    seat = await host["workspaces"].get(model)
    mount = await host["mounts"].get(other.id)
    os.kill(int((settings.run_path / "control" / f"{other.id}.pid").read_text()), signal.SIGKILL)
    await until(lambda: mount.generation == 2, what="it is mounted again")
    await mount.view()
    assert await shell(host, model, "grep their /mounts/words/words.txt")
    assert not await shell(host, model, "echo x >> /mounts/words/words.txt")
    assert (await host["workspaces"].get(model)).sandbox is seat.sandbox
    await host["terminals"].remove(model, terminal.id)


async def test_a_model_that_others_have_mounted_is_not_deleted(host: HostState, model: ModelId, other: Model) -> None:
    await host["mounted_models"].set(model, "words", other.id)
    assert await shell(host, model, "[ -d /mounts/words ]")
    with pytest.raises(ModelInUse, match=r"mounted by mine\.") as refused:
        await host["models"].delete(other.id)
    assert refused.value.details == {"models": [model]}
    seat = await host["workspaces"].get(model)
    await host["mounted_models"].delete(model, "words")
    await host["models"].delete(other.id)
    # What was begun before is not kept from its own files by it.
    assert await seat.sandbox.execute(("/bin/bash", "-c", "touch /model/new && ! ls /mounts/words")) == 0
    seat.leave()


async def test_a_page_is_told_of_mounts_and_of_a_mounted_models_new_name(
    host: HostState, model: ModelId, other: Model
) -> None:
    with host["events"].subscribe(model) as subscription:
        await host["mounted_models"].set(model, "words", other.id)
        await host["models"].change(other.id, ModelChange(name="renamed"))
        await host["mounted_models"].delete(model, "words")
        subscription.end()
        told = [event.mounted_models async for event in subscription if isinstance(event, MountedModelsChanged)]
    assert [[each.model_name for each in mounted] for mounted in told] == [["theirs"], ["renamed"], []]


async def test_with_a_model_its_mounts_are_gone(host: HostState, model: ModelId, other: Model) -> None:
    await host["mounted_models"].set(model, "words", other.id)
    await host["models"].delete(model)
    await host["models"].delete(other.id)
    assert await host["models"].list() == []


async def test_what_cannot_be_mounted_is_refused(host: HostState, model: ModelId, other: Model) -> None:
    mounted = host["mounted_models"]
    await mounted.set(model, "words", other.id)
    for name in ("", "..", ".hidden", "-x", "a/b", "a b", "x" * 65, "é"):
        with pytest.raises(InvalidRequest, match="Expected a name"):
            await mounted.set(model, name, other.id)
    with pytest.raises(InvalidRequest, match="its own files"):
        await mounted.set(model, "self", model)
    with pytest.raises(InvalidRequest, match="theirs is mounted at /mounts/words already"):
        await mounted.set(model, "again", other.id)
    with pytest.raises(ModelNotFound):
        await mounted.set(model, "none", ModelId("none"))
    with pytest.raises(MountedModelNotFound):
        await mounted.delete(model, "none")
    assert [each.name for each in await mounted.list(model)] == ["words"]


async def test_each_may_mount_the_other(host: HostState, model: ModelId, other: Model) -> None:
    await host["mounted_models"].set(model, "theirs", other.id)
    await host["mounted_models"].set(other.id, "mine", model)
    assert await shell(host, model, "cmp /mounts/theirs/main.py /model/main.py")
    assert await shell(host, other.id, "cmp /mounts/mine/main.py /model/main.py && [ ! -e /mounts/mine/mounts ]")


async def test_a_filesystem_that_stays_down_is_named(
    host: HostState, model: ModelId, other: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    await host["mounted_models"].set(model, "words", other.id)

    async def down(_: object) -> None:
        raise FilesystemUnavailable("It cannot be mounted.")

    mount = await host["mounts"].get(other.id)
    monkeypatch.setattr(type(mount), "view", down)
    with pytest.raises(FilesystemUnavailable, match="Of the model mounted at /mounts/words: It cannot be mounted"):
        await asyncio.wait_for(host["workspaces"].get(model), 20)


MAKES_STATE = b"""
def createModelState(params, others):
    return {id: other.state["key"].read() if "key" in other.state else b"none" for id, other in others.items()}
def instantiateModel(state, others):
    global held, paths
    held, paths = state, {id: other.mount_path for id, other in others.items()}
def evaluate(params):
    with open("/mounts/words/words.txt") as file:
        return {"held": [held[id].decode() for id in held], "paths": list(paths.values()), "words": file.read(),
            "process": __import__("os").getpid()}
"""


async def remove(host: HostState, model_id: ModelId, path: str) -> None:
    await host["files"].remove(model_id, path, condition=IfMatch(None))


async def write(host: HostState, model_id: ModelId, path: str, content: bytes) -> None:
    await remove(host, model_id, path)
    await host["files"].write_new(model_id, path, content)


async def ran(host: HostState, model_id: ModelId, kind: OperationKind) -> dict[str, Any]:
    """What its outputs hold."""
    started = await host["operations"].create(model_id, NewOperation(kind))
    async with asyncio.timeout(WAIT_SECONDS):
        ended = await host["operations"].wait_ended(started.id)
    assert ended.status == "succeeded", ended.outcome
    if kind != "evaluate":
        return {}
    return {output.name: output.values[0].elements for output in (await host["operations"].result(ended.id)).outputs}


async def test_code_is_given_the_files_and_the_active_state_of_mounted_models(
    host: HostState, model: ModelId, other: Model
) -> None:
    await write(host, model, "main.py", MAKES_STATE)
    await remove(host, model, "slipway.toml")
    await host["mounted_models"].set(model, "words", other.id)
    first = await ran(host, model, "evaluate")
    assert first | {"process": 0} == {
        "held": ["none"],
        "paths": ["/mounts/words"],
        "words": ["their words\n"],
        "process": 0,
    }
    assert await ran(host, model, "evaluate") == first
    await write(host, other.id, "words.txt", b"other words\n")
    after = await ran(host, model, "evaluate")
    assert after["words"] == ["other words\n"]

    state = await host["states"].upload(other.id, "theirs", "key", body(b"their state"))
    await host["models"].change(other.id, ModelChange(active_state_id=state.id))
    await ran(host, model, "createModelState")
    made = (await host["catalog"].states.list(model))[0]
    await host["models"].change(model, ModelChange(active_state_id=made.id))
    assert (await ran(host, model, "evaluate"))["held"] == ["their state"]


async def test_a_launcher_that_waits_is_not_used_for_other_mounts(
    host: HostState, model: ModelId, other: Model
) -> None:
    await write(host, model, "main.py", b"import os\ndef evaluate(params): return os.listdir('/mounts')\n")
    await remove(host, model, "slipway.toml")
    for name in ("first", "second"):
        await host["mounted_models"].set(model, name, other.id)
        assert await ran(host, model, "evaluate") == {"output": [name]}
        await host["mounted_models"].delete(model, name)
