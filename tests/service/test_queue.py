"""Operations that wait: in order, told how many are before them, and stopped while they wait."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ide_server.wire import Operation, OperationId, PhaseStarted, QueueChanged
from tests.support.local_launchers import Laboratory, laboratory

pytestmark = pytest.mark.anyio

CODE = """
import time
def evaluate(params): time.sleep(params.get("seconds", 0))
"""
WAIT_SECONDS = 30.0


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Laboratory]:
    async with laboratory(tmp_path, max_launchers=1) as lab:
        lab.write({"main.py": CODE})
        yield lab


async def working(lab: Laboratory) -> Operation:
    """It takes the only place."""
    started = await lab.start("evaluate", {"seconds": 600})
    await lab.wait_event(started.id, lambda event: isinstance(event, PhaseStarted) and event.phase == "evaluate")
    return started


async def before(lab: Laboratory) -> dict[OperationId, int | None]:
    return {operation.id: operation.before for operation in await lab.operations.list(lab.model_id)}


async def next_queue(lab: Laboratory) -> dict[str, int]:
    async with asyncio.timeout(WAIT_SECONDS):
        async for event in lab.heard:
            if isinstance(event, QueueChanged):
                return event.before
    raise AssertionError("nothing more is heard")


async def test_what_waits_knows_how_many_are_before_it(lab: Laboratory) -> None:
    first = await working(lab)
    second, third, fourth = [await lab.start("evaluate") for _ in range(3)]
    assert [second.before, third.before, fourth.before] == [0, 1, 2]
    assert await before(lab) == {first.id: None, second.id: 0, third.id: 1, fourth.id: 2}
    assert await next_queue(lab) == {second.id: 0, third.id: 1, fourth.id: 2}
    cancelled = await lab.operations.cancel(second.id)
    assert (cancelled.status, cancelled.before) == ("cancelled", None)
    assert (await lab.operations.get(fourth.id)).before == 1
    assert await next_queue(lab) == {third.id: 0, fourth.id: 1}
    await lab.operations.cancel(first.id)
    started = [(await lab.finished(each.id)).operation.started_at or 0.0 for each in (third, fourth)]
    assert started == sorted(started)
    assert await before(lab) == dict.fromkeys((first.id, second.id, third.id, fourth.id))
    assert await next_queue(lab) == {}


async def test_many_changes_are_one_message(lab: Laboratory) -> None:
    first = await working(lab)
    while await next_queue(lab):  # of the first, while it waited
        pass
    began = time.monotonic()
    waiting = [await lab.start("evaluate") for _ in range(50)]
    for operation in waiting:
        await lab.operations.cancel(operation.id)
    most = 2 + time.monotonic() - began
    await lab.operations.cancel(first.id)
    await lab.finished(first.id)
    heard = 0
    while await next_queue(lab):
        heard += 1
    assert heard <= most
