"""Snapshots evaluated in real sandboxes, with every owner of the host real."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from ide_server.host.app import owners
from ide_server.host.files.conditions import IfMatch
from ide_server.host.state import HostState
from ide_server.settings import Settings
from ide_server.wire import ModelId, NewModel, NewOperation, NewSnapshot, Operation, Snapshot
from tests.support.catalogs import make_catalog
from tests.support.environments import share_environments
from tests.support.mounted_models import body, until

pytestmark = [pytest.mark.anyio, pytest.mark.sandbox, pytest.mark.fuse]

WAIT_SECONDS = 30.0
CODE = b"""
import os
def instantiateModel(state):
    global held
    held = state
def attempt(*arguments):
    try:
        os.close(os.open(*arguments))
        return "done"
    except OSError as error:
        return error.strerror
def evaluate(params):
    return {
        "data": open("/model/data.txt").read(),
        "linked": open("/model/link").read(),
        "state": held["key"].decode(),
        "new": attempt("/model/new", os.O_WRONLY | os.O_CREAT),
        "present": attempt("/model/data.txt", os.O_WRONLY),
        "owner": os.stat("/model/data.txt").st_uid,
        "names": sorted(os.listdir("/model")),
    }
"""
SEEN = {
    "data": "first",
    "linked": "first",
    "state": "kept",
    "new": "Read-only file system",
    "present": "Read-only file system",
    "owner": 0,
}


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
async def snapshot(host: HostState) -> Snapshot:
    """Of a model that has changed since."""
    model_id = (await host["models"].create(NewModel("m", "image"))).id
    for name in ("main.py", "slipway.toml"):
        await host["files"].remove(model_id, name, condition=IfMatch(None))
    await host["files"].write_new(model_id, "main.py", CODE)
    await host["files"].write_new(model_id, "data.txt", b"first")
    mount = await host["mounts"].get(model_id)
    await mount.run(lambda root: os.symlink("data.txt", "link", dir_fd=root))
    state = await host["states"].upload(model_id, "kept", "key", body(b"kept"))
    snapshot = await host["snapshots"].create(model_id, NewSnapshot("first", state.id))
    await host["states"].delete(model_id, state.id)
    await host["files"].remove(model_id, "main.py", condition=IfMatch(None))
    await host["files"].remove(model_id, "data.txt", condition=IfMatch(None))
    return snapshot


async def evaluated(host: HostState, model_id: ModelId, snapshot: Snapshot) -> tuple[Operation, dict[str, Any]]:
    started = await host["operations"].create(model_id, NewOperation("evaluate", snapshot_id=snapshot.id))
    async with asyncio.timeout(WAIT_SECONDS):
        ended = await host["operations"].wait_ended(started.id)
    assert ended.status == "succeeded", ended.outcome
    outputs = (await host["operations"].result(ended.id)).outputs
    return ended, {output.name: output.values[0].elements for output in outputs}


async def test_a_snapshot_runs_with_its_files_read_only_and_its_state(
    host: HostState, snapshot: Snapshot, settings: Settings
) -> None:
    ended, seen = await evaluated(host, snapshot.model_id, snapshot)
    names = seen.pop("names")
    assert {name: elements[0] for name, elements in seen.items()} == SEEN
    assert {"main.py", "data.txt", "link"} <= set(names)
    assert (ended.snapshot_id, ended.state_id) == (snapshot.id, None)
    assert "main.py" not in [entry.name for entry in await host["files"].list_folder(snapshot.model_id, "")]

    opened = settings.data_dir / "snapshots" / "opened"
    assert os.listdir(opened) == [snapshot.id]
    await host["models"].delete(snapshot.model_id)
    await until(lambda: os.listdir(opened) == [], what="what nothing uses is removed")


async def test_what_a_host_that_was_killed_had_open_is_removed(settings: Settings) -> None:
    left = settings.data_dir / "snapshots" / "opened" / "left" / "files"
    left.mkdir(parents=True)
    (left / "file").write_text("x")
    async with owners(settings):
        assert not left.parent.exists()
