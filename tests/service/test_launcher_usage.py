"""What launchers use, while they run and after, on real runners that are plain processes."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ide_server.errors import LauncherNotFound, OperationNotFound
from ide_server.wire import LauncherChoice, LauncherId, OperationId
from tests.support.local_launchers import Laboratory, laboratory

pytestmark = pytest.mark.anyio

CODE = """
import time
def evaluate(params):
    held = bytearray(b"x" * (64 << 20))
    print("working", flush=True)
    end = time.monotonic() + params["seconds"]
    while time.monotonic() < end: pass
    return len(held)
"""
SECONDS = 60.0


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Laboratory]:
    async with laboratory(tmp_path, launcher_idle_seconds=600.0, max_launchers=2) as lab:
        lab.write({"main.py": CODE})
        yield lab


async def wait_samples(lab: Laboratory, operation_id: OperationId, count: int) -> None:
    async with asyncio.timeout(SECONDS):
        while len(await lab.operations.usage(operation_id)) < count:  # noqa: ASYNC110 (as a page asks)
            await asyncio.sleep(0.1)


async def test_an_operation_s_use_is_known_while_it_works_and_after(lab: Laboratory) -> None:
    started = await lab.start("evaluate", {"seconds": 600})
    await wait_samples(lab, started.id, 3)
    [launcher] = await lab.operations.launchers.list()
    assert (launcher.status, launcher.operation_id) == ("working", started.id)
    live = lab.operations.launchers.usage(lab.model_id, launcher.id)
    while_working = await lab.operations.usage(started.id)
    assert set(while_working) <= set(live)
    assert max(sample.memory_bytes or 0 for sample in while_working) > 64 << 20
    assert max(sample.cpus or 0.0 for sample in while_working) > 0.05  # of a machine that others use as well
    await lab.operations.cancel(started.id)
    await lab.finished(started.id)
    after = await lab.operations.usage(started.id)
    assert list(after[: len(while_working)]) == list(while_working)
    with pytest.raises(LauncherNotFound):
        lab.operations.launchers.usage(lab.model_id, launcher.id)


async def test_one_that_waits_is_read_too_and_a_short_operation_has_no_samples(lab: Laboratory) -> None:
    finished = await lab.run("evaluate", {"seconds": 0})
    [launcher] = await lab.operations.launchers.list()
    assert (launcher.status, launcher.level) == ("ready", "state_instantiated")
    async with asyncio.timeout(SECONDS):
        while not lab.operations.launchers.usage(lab.model_id, launcher.id):  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    assert len(await lab.operations.usage(finished.operation.id)) <= 1
    with pytest.raises(OperationNotFound):
        await lab.operations.usage(OperationId("none"))
    with pytest.raises(LauncherNotFound):
        lab.operations.launchers.usage(lab.model_id, LauncherId("none"))


async def test_a_persistent_one_without_a_process_uses_nothing(lab: Laboratory) -> None:
    lab.write({"main.py": "broken("})
    made = await lab.operations.launchers.create(lab.model_id, LauncherChoice("always"))
    async with asyncio.timeout(SECONDS):
        while (await lab.operations.launchers.list())[0].status != "failed":  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    assert lab.operations.launchers.usage(lab.model_id, made.id) == []
