"""Snapshots evaluated as they were taken, and trainings that go on from a checkpoint, on real runners."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from ide_server.errors import InvalidRequest, OperationNotFound, SnapshotNotFound, StateNotFound
from ide_server.wire import (
    LauncherId,
    NewOperation,
    NewSnapshot,
    OperationId,
    Snapshot,
    SnapshotId,
    StateId,
)
from tests.support.local_launchers import Finished, Laboratory, laboratory
from tests.support.mounted_models import until

pytestmark = pytest.mark.anyio

CODE = """
import os, pathlib
def createModelState(params): return b"made"
def instantiateModel(state):
    global held
    held = state
def evaluate(params):
    data = pathlib.Path(__file__).with_name("data")
    found = {"version": %d, "state": held.decode(), "data": data.read_text()}
    return found | {"x": params.get("x"), "process": os.getpid()}
"""
DEFINITIONS = '[[evaluate_input]]\nname = "x"\ntypes = ["%s"]\n'


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Laboratory]:
    async with laboratory(tmp_path, launcher_idle_seconds=600.0) as lab:
        lab.write({"main.py": CODE % 1, "data": "first", "slipway.toml": DEFINITIONS % "f64"})
        yield lab
    assert opened(lab) == []


def opened(lab: Laboratory) -> list[str]:
    folder = lab.settings.data_dir / "snapshots" / "opened"
    return os.listdir(folder) if folder.exists() else []


async def taken(lab: Laboratory, name: str = "first") -> Snapshot:
    return await lab.snapshots.create(lab.model_id, NewSnapshot(name))


async def evaluated(
    lab: Laboratory, x: Any, snapshot: Snapshot | None, state_id: StateId | None = None
) -> dict[str, Any]:
    snapshot_id = None if snapshot is None else snapshot.id
    new = NewOperation("evaluate", {"x": x}, state_id, snapshot_id=snapshot_id)
    finished = await lab.finished((await lab.operations.create(lab.model_id, new)).id)
    assert finished.operation.status == "succeeded", finished.message + finished.details
    assert finished.operation.snapshot_id == snapshot_id
    return {name: elements[0] for name, elements in (await lab.output(finished.operation.id)).items()}


async def test_a_snapshot_is_evaluated_as_it_was_taken_and_the_model_stays_as_it_is(lab: Laboratory) -> None:
    await lab.run("createModelState")
    snapshot = await taken(lab)
    lab.write({"main.py": CODE % 2, "data": "second", "slipway.toml": DEFINITIONS % "string"})
    made = await lab.run("createModelState")
    await lab.catalog.models.set_active_state(lab.model_id, made.operation.result_state_id)
    functions = (await lab.catalog.models.get(lab.model_id)).functions

    old = await evaluated(lab, 1.5, snapshot)
    assert old | {"process": 0} == {"version": 1, "state": "made", "data": "first", "x": 1.5, "process": 0}
    new = await evaluated(lab, "text", None)
    assert new | {"process": 0} == {"version": 2, "state": "made", "data": "second", "x": "text", "process": 0}
    assert (lab.files / "data").read_text() == "second"
    assert (await lab.catalog.models.get(lab.model_id)).functions == functions
    with pytest.raises(InvalidRequest, match='x: expected a number, got "text"'):
        await lab.operations.create(lab.model_id, NewOperation("evaluate", {"x": "text"}, snapshot_id=snapshot.id))


async def test_its_launcher_waits_beside_that_of_the_model_and_with_it_its_files_go(lab: Laboratory) -> None:
    await lab.run("createModelState")
    first, second = await taken(lab, "first"), await taken(lab, "second")
    processes = [(await evaluated(lab, 1.0, each))["process"] for each in (first, None, second)]
    assert [(await evaluated(lab, 1.0, each))["process"] for each in (first, None, second)] == processes
    assert len(set(processes)) == 3
    assert set(opened(lab)) == {first.id, second.id}
    lab.write({"main.py": CODE % 2})
    assert (await evaluated(lab, 1.0, first))["process"] == processes[0]
    assert (await evaluated(lab, 1.0, None))["process"] != processes[1]
    lab.operations.retire_idle(lab.model_id)
    await until(lambda: opened(lab) == [], what="what nothing uses is removed")


async def test_evaluates_at_once_share_its_files(lab: Laboratory) -> None:
    await lab.run("createModelState")
    snapshot = await taken(lab)
    found = await asyncio.gather(*(evaluated(lab, float(x), snapshot) for x in range(4)))
    assert [each["x"] for each in found] == [0.0, 1.0, 2.0, 3.0]
    assert opened(lab) == [snapshot.id]


async def test_it_runs_with_a_state_of_the_model_if_one_is_named(lab: Laboratory) -> None:
    snapshot = await taken(lab)
    made = (await lab.run("createModelState")).operation.result_state_id
    assert (await evaluated(lab, 1.0, snapshot, made))["state"] == "made"


async def test_one_without_a_state_makes_one_for_itself_only(lab: Laboratory) -> None:
    lab.write({"slipway.toml": DEFINITIONS % "f64" + '[[create_state]]\nname = "size"\ntypes = ["i64"]\n'})
    needing = await taken(lab)
    with pytest.raises(InvalidRequest, match="createModelState needs parameters"):
        await lab.operations.create(lab.model_id, NewOperation("evaluate", {"x": 1.0}, snapshot_id=needing.id))
    lab.write({"slipway.toml": DEFINITIONS % "f64"})
    snapshot = await taken(lab)
    first, second = await evaluated(lab, 1.0, snapshot), await evaluated(lab, 1.0, snapshot)
    assert first["state"] == "made" and second == first
    assert await lab.states.list(lab.model_id) == [] and await lab.active_state() is None
    states = lab.settings.data_dir / "models" / lab.model_id / "states"
    assert list(states.iterdir()) == []


async def test_what_no_snapshot_does_is_refused(lab: Laboratory) -> None:
    snapshot = await taken(lab)
    for new, refusal in (
        (NewOperation("train", snapshot_id=snapshot.id), "Expected kind 'evaluate'"),
        (NewOperation("createModelState", snapshot_id=snapshot.id), "Expected kind 'evaluate'"),
        (NewOperation("evaluate", snapshot_id=snapshot.id, launcher_id=LauncherId("x")), "got both"),
    ):
        with pytest.raises(InvalidRequest, match=refusal):
            await lab.operations.create(lab.model_id, new)
    with pytest.raises(SnapshotNotFound):
        await lab.operations.create(lab.model_id, NewOperation("evaluate", snapshot_id=SnapshotId("none")))
    other = await lab.catalog.models.create("other", limit_bytes=1 << 20)
    with pytest.raises(SnapshotNotFound):
        await lab.operations.create(other.id, NewOperation("evaluate", snapshot_id=snapshot.id))


async def test_a_snapshot_without_code_or_that_is_gone_ends_its_operation_in_words(lab: Laboratory) -> None:
    (lab.files / "main.py").unlink()
    empty = await taken(lab)
    new = NewOperation("evaluate", {"x": 1.0}, snapshot_id=empty.id)
    assert (await lab.finished((await lab.operations.create(lab.model_id, new)).id)).outcome[0] == (
        "read_executable_file_failed"
    )
    lab.write({"main.py": CODE % 1})
    snapshot = await taken(lab)
    new = NewOperation("evaluate", {"x": 1.0}, snapshot_id=snapshot.id)
    async with lab.snapshots.store.lock:
        started = await lab.operations.create(lab.model_id, new)
        await lab.catalog.snapshots.delete(snapshot.id)
        await lab.snapshots.store.forget([snapshot.id])
    assert (await lab.finished(started.id)).outcome[0] == "launcher_terminated"


async def test_folders_that_nobody_may_change_are_removed_too(lab: Laboratory) -> None:
    await lab.run("createModelState")
    lab.write({"closed/file": "x"})
    (lab.files / "closed").chmod(0o500)
    (lab.files / "link").symlink_to("/etc/passwd")
    os.link(lab.files / "data", lab.files / "same")
    assert (await evaluated(lab, 1.0, await taken(lab)))["data"] == "first"


TRAIN = """
def instantiateModel(state):
    global held
    held = state
def createModelState(params): return b"0"
def train(params, tracker):
    print("from", held)
    for step in range(int(held) + 1, 5):
        tracker.checkpoint(str(step).encode())
        if step == params["fail_at"] and held == b"0": raise ValueError("as asked")
def getModelState(): return b"done"
"""


async def ended_train(lab: Laboratory, **parameters: Any) -> Finished:
    return await lab.run("train", parameters)


async def test_a_training_goes_on_from_its_last_checkpoint(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        lab.write({"main.py": TRAIN})
        failed = await ended_train(lab, fail_at=3)
        assert (failed.operation.status, failed.log()) == ("failed", "from b'0'\n")
        resumed = await lab.finished((await lab.operations.resume(failed.operation.id)).id)
        assert resumed.log() == "from b'3'\n"
        assert resumed.operation.status == "succeeded"
        assert resumed.operation.resumes_id == failed.operation.id
        assert resumed.operation.state_id == failed.operation.result_state_id
        assert resumed.operation.parameters == {"fail_at": 3}
        assert (await lab.catalog.operations.get(resumed.operation.id)).resumes_id == failed.operation.id
        with pytest.raises(InvalidRequest, match="got a train that is succeeded"):
            await lab.operations.resume(resumed.operation.id)


async def test_a_large_parameter_is_resumed_with_all_of_it(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        lab.write({"main.py": TRAIN.replace('print("from", held)', 'print(len(params["text"]), held)')})
        failed = await ended_train(lab, fail_at=1, text="x" * 100_000)
        assert failed.operation.parameters["text"] is None
        resumed = await lab.finished((await lab.operations.resume(failed.operation.id)).id)
        assert resumed.log() == "100000 b'1'\n"


async def test_only_what_left_a_checkpoint_can_be_resumed(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        lab.write({"main.py": TRAIN})
        with pytest.raises(OperationNotFound):
            await lab.operations.resume(OperationId("none"))
        made = await lab.run("createModelState")
        with pytest.raises(InvalidRequest, match="got a createModelState that is succeeded"):
            await lab.operations.resume(made.operation.id)
        at_once = await ended_train(lab, fail_at="no number")
        assert at_once.operation.status == "succeeded"
        failed = await ended_train(lab, fail_at=2, text="x" * 20_000)  # which is long, so that it has a file
        assert failed.operation.result_state_id is not None
        request = lab.settings.data_dir / "operations" / failed.operation.id / "request.json"
        kept = request.rename(request.with_suffix(".kept"))
        with pytest.raises(OperationNotFound, match="no longer kept"):
            await lab.operations.resume(failed.operation.id)
        kept.rename(request)
        await lab.states.delete(lab.model_id, failed.operation.result_state_id)
        with pytest.raises(StateNotFound):
            await lab.operations.resume(failed.operation.id)
        lab.write({"main.py": "def train(params): raise ValueError\ndef instantiateModel(state): pass\n"})
        with pytest.raises(InvalidRequest, match="left no checkpoint"):
            await lab.operations.resume((await ended_train(lab)).operation.id)
