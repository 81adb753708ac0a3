"""Launchers that are kept warm for the next operation, on real runners that are plain processes."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ide_server.errors import OperationEnded
from ide_server.wire import NewOperation, PhaseEnded, SpecChoice, StateId
from tests.support.local_launchers import DEADLINE_SECONDS, Finished, Laboratory, laboratory
from tests.support.mounted_models import until

pytestmark = pytest.mark.anyio

CODE = """
import os, threading, time
loaded, instantiated = [], []
loaded.append(1)
def createModelState(params): return b"made"
def instantiateModel(state):
    instantiated.append(state)
    print("instantiated", state)
def evaluate(params):
    print("evaluated")
    if params.get("raise"): raise ValueError("as asked")
    if params.get("end"): os._exit(3)
    return {"pid": os.getpid(), "instances": len(instantiated)}
def train(params, tracker): pass
def getModelState(): return b"trained"
def dispose():
    with open(%r, "a") as file: file.write("disposed\\n")
"""


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Laboratory]:
    async with laboratory(tmp_path, launcher_idle_seconds=600.0, max_launchers=2) as lab:
        lab.write({"main.py": CODE % str(tmp_path / "disposed")})
        yield lab


async def evaluated(lab: Laboratory, **options: StateId) -> tuple[int, int]:
    """The process that answered, and how many instances it has made so far."""
    finished = await lab.run("evaluate", {}, **options)
    assert finished.operation.status == "succeeded", finished.details
    output = await lab.output(finished.operation.id)
    return output["pid"][0], output["instances"][0]


def phases(finished: Finished) -> list[str]:
    return [event.phase for event in finished.of(PhaseEnded)]


async def test_the_next_evaluate_is_answered_by_the_same_instance_and_has_a_log_of_its_own(lab: Laboratory) -> None:
    first = await lab.run("evaluate")
    second = await lab.run("evaluate")
    outputs = [await lab.output(each.operation.id) for each in (first, second)]
    assert outputs[0] == outputs[1]
    assert (first.log(), second.log()) == ("instantiated b'made'\nevaluated\n", "evaluated\n")
    assert phases(second) == ["codeStartup", "evaluate"]
    assert second.functions == first.functions


@pytest.mark.parametrize("name", ["main.py", "data.csv", "folder/helper.py"])
async def test_a_file_that_was_changed_is_read_anew(lab: Laboratory, name: str) -> None:
    pid, _ = await evaluated(lab)
    present = (lab.files / name).read_text() if (lab.files / name).exists() else ""
    lab.write({name: present + "\n# changed\n"})
    assert (await evaluated(lab))[0] != pid


async def test_another_state_gets_another_launcher_and_the_first_keeps_its_own(lab: Laboratory) -> None:
    trained = (await lab.run("train")).operation.result_state_id
    active = await lab.active_state()
    assert active is not None and trained is not None
    first, second = await evaluated(lab, state_id=active), await evaluated(lab, state_id=trained)
    assert second[0] != first[0]
    assert await evaluated(lab, state_id=active) == first
    assert await evaluated(lab, state_id=trained) == second


async def test_a_state_that_was_made_active_is_used_at_once(lab: Laboratory) -> None:
    await evaluated(lab)
    trained = (await lab.run("train")).operation.result_state_id
    await lab.catalog.models.set_active_state(lab.model_id, trained)
    finished = await lab.run("evaluate")
    assert finished.operation.state_id == trained
    assert "instantiated b'trained'" in finished.log()


async def test_what_fails_or_trains_is_not_kept(lab: Laboratory) -> None:
    pid, _ = await evaluated(lab)
    assert (await lab.run("evaluate", {"raise": True})).outcome[0] == "exception"
    after_exception, _ = await evaluated(lab)
    assert (await lab.run("evaluate", {"end": True})).outcome[0] == "code_terminated"
    after_end, _ = await evaluated(lab)
    assert len({pid, after_exception, after_end}) == 3


async def test_a_launcher_that_ends_while_it_waits_is_replaced(lab: Laboratory) -> None:
    pid, _ = await evaluated(lab)
    os.kill(pid, 9)
    await until(lambda: lab.spawn.processes[-1].child.ended, what="it has ended")
    assert (await evaluated(lab))[0] != pid


async def test_operations_at_once_have_launchers_of_their_own_and_never_more_than_the_limit(lab: Laboratory) -> None:
    pids = {pid for pid, _ in await asyncio.gather(*(evaluated(lab) for _ in range(6)))}
    assert 1 <= len(pids) <= 2
    alive = [each for each in lab.spawn.processes if not each.child.ended]
    assert len(alive) <= 2


async def test_an_idle_one_gives_way_where_there_is_room_for_no_more(lab: Laboratory, tmp_path: Path) -> None:
    states = [await lab.active_state()]
    await evaluated(lab)
    for _ in range(3):
        states.append((await lab.run("train")).operation.result_state_id)
    for state in states[1:]:
        assert state is not None
        await evaluated(lab, state_id=state)
        alive = [each for each in lab.spawn.processes if not each.child.ended]
        assert len(alive) <= 2
    assert "disposed" in (tmp_path / "disposed").read_text()


async def test_an_idle_one_ends_when_its_time_is_over_and_disposes_of_its_state(tmp_path: Path) -> None:
    async with laboratory(tmp_path, launcher_idle_seconds=0.05) as lab:
        lab.write({"main.py": CODE % str(tmp_path / "disposed")})
        await evaluated(lab)
        await until(lambda: lab.spawn.processes[-1].child.ended, what="the launcher has ended")
        assert (tmp_path / "disposed").read_text() == "disposed\n"


async def test_retired_ones_end_and_with_the_model_all_are_gone(lab: Laboratory) -> None:
    pid, _ = await evaluated(lab)
    lab.operations.retire_idle(lab.model_id)
    assert (await evaluated(lab))[0] != pid
    await lab.operations.remove_all(lab.model_id)
    assert all(each.child.ended for each in lab.spawn.processes)


async def test_code_that_prints_for_ever_ends_no_operation_but_its_own(lab: Laboratory) -> None:
    code = (
        "import threading, sys\n"
        "def flood():\n"
        "    while True: sys.stdout.write('x' * 60000 + '\\n')\n"
        "def evaluate(params):\n"
        "    threading.Thread(target=flood, daemon=True).start()\n"
        "    return 1\n"
    )
    lab.write({"main.py": code})
    for _ in range(2):
        assert (await lab.run("evaluate")).operation.status == "succeeded"


async def test_a_launcher_that_is_stopped_while_it_ends_leaves_its_place_once(tmp_path: Path) -> None:
    """Otherwise another one than is allowed would fit in."""
    lasting = """
import atexit, os, time
def evaluate(params):
    if params.get("slow"): atexit.register(leave)
    return {"y": 1}
def leave():
    open(os.path.join(os.path.dirname(__file__), "leaving"), "w").close()
    time.sleep(60)
"""
    async with laboratory(tmp_path, max_launchers=1, launcher_idle_seconds=60.0) as lab:
        lab.write({"main.py": lasting})
        new = NewOperation("evaluate", {"slow": True}, spec=SpecChoice(idle_seconds=0.0))
        operation = await lab.operations.create(lab.model_id, new)
        leaving = lab.files / "leaving"
        await until(leaving.exists, timeout_seconds=DEADLINE_SECONDS, what="the code leaves")
        with contextlib.suppress(OperationEnded):  # it has been quick
            await lab.operations.cancel(operation.id)
        await lab.finished(operation.id)
        leaving.unlink()
        await lab.run("evaluate")
        other = await lab.operations.create(lab.model_id, NewOperation("evaluate", spec=SpecChoice(cpus=0.5)))
        await lab.finished(other.id)
        assert len(lab.operations.launchers.shown()) == 1
