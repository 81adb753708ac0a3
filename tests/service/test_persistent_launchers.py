"""Persistent launchers, on real runners that are plain processes."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from ide_server.errors import (
    AlreadyExists,
    InvalidRequest,
    LauncherBusy,
    LauncherNotFound,
    StateNotFound,
    TooManyLaunchers,
)
from ide_server.host.launchers import persistent
from ide_server.host.routes import launchers
from ide_server.host.variables import PassedVariables
from ide_server.replies import EXCEPTION_HANDLERS
from ide_server.wire import (
    Launcher,
    LauncherChoice,
    LauncherId,
    LauncherLevel,
    LaunchersChanged,
    LauncherStatus,
    NewOperation,
    Operation,
    PhaseStarted,
    SpecChoice,
    StateId,
)
from tests.support.local_launchers import Finished, Laboratory, laboratory
from tests.support.mounted_models import until

pytestmark = pytest.mark.anyio

CODE = """
import os, time
instantiated = []
def createModelState(params): return b"made"
def instantiateModel(state): instantiated.append(state)
def evaluate(params):
    time.sleep(params.get("seconds", 0))
    return {"pid": os.getpid(), "states": ["".join(state.decode() for state in instantiated)], "version": 1}
def train(params, tracker): pass
def getModelState(): return b"trained"
"""
WAIT_SECONDS = 30.0


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Laboratory]:
    async with laboratory(tmp_path, launcher_idle_seconds=600.0, max_launchers=3) as lab:
        lab.write({"main.py": CODE})
        yield lab


def shown(lab: Laboratory, launcher_id: LauncherId) -> Launcher:
    return next(each for each in lab.operations.launchers.shown(lab.model_id) if each.id == launcher_id)


async def wait(lab: Laboratory, launcher_id: LauncherId, status: LauncherStatus) -> Launcher:
    await until(
        lambda: shown(lab, launcher_id).status == status,
        timeout_seconds=WAIT_SECONDS,
        what=f"it is {status}; it is {shown(lab, launcher_id)}",
    )
    return shown(lab, launcher_id)


async def made(lab: Laboratory, name: str = "always", status: LauncherStatus = "ready", **choice: Any) -> Launcher:
    launcher = await lab.operations.launchers.create(lab.model_id, LauncherChoice(name, **choice))
    return await wait(lab, launcher.id, status)


async def run(lab: Laboratory, new: NewOperation) -> Finished:
    return await lab.finished((await lab.operations.create(lab.model_id, new)).id)


async def evaluated(lab: Laboratory, **new: Any) -> dict[str, Any]:
    finished = await run(lab, NewOperation("evaluate", **new))
    assert finished.operation.status == "succeeded", finished.message + finished.details
    return {name: values[0] for name, values in (await lab.output(finished.operation.id)).items()}


def used(operation: Operation) -> tuple[LauncherId, str, LauncherLevel]:
    assert operation.launcher is not None
    return operation.launcher.id, operation.launcher.name, operation.launcher.level


@pytest.mark.parametrize("level", ["launcher", "code_loaded", "state_instantiated"])
async def test_it_waits_at_the_level_that_was_chosen(lab: Laboratory, level: LauncherLevel) -> None:
    await lab.run("createModelState")
    launcher = await made(lab, level=level)
    state = await lab.active_state() if level == "state_instantiated" else None
    assert (launcher.level, launcher.state_id, launcher.operations, launcher.restarts) == (level, state, 0, 0)
    finished = await lab.run("evaluate")
    assert used(finished.operation) == (launcher.id, "always", level)
    assert (await wait(lab, launcher.id, "ready")).operations == 1


async def test_the_model_s_evaluates_use_it_again_and_again(lab: Laboratory) -> None:
    await lab.run("createModelState")
    await made(lab)
    answers = [await evaluated(lab) for _ in range(3)]
    assert answers[0] == answers[1] == answers[2]
    assert answers[0]["states"] == "made"


async def test_one_that_dies_is_started_again(lab: Laboratory) -> None:
    await lab.run("createModelState")
    launcher = await made(lab)
    pid = (await evaluated(lab))["pid"]
    os.kill(pid, 9)
    restarting = await wait(lab, launcher.id, "restarting")
    assert restarting.message == "Its process ended while it waited: it was killed by SIGKILL."
    assert restarting.idle_until is not None
    ready = await wait(lab, launcher.id, "ready")
    assert (ready.restarts, ready.message, ready.level) == (1, "", "state_instantiated")
    assert (await evaluated(lab))["pid"] != pid


async def test_one_that_cannot_be_started_is_tried_again_after_longer_and_longer_pauses(lab: Laboratory) -> None:
    lab.write({"main.py": "import os\nos._exit(7)\n"})
    first = await made(lab, status="restarting", level="code_loaded")
    assert first.message == "The code's process ended during loading the code: it exited with code 7."
    await until(
        lambda: (shown(lab, first.id).status, shown(lab, first.id).restarts) == ("restarting", 2),
        timeout_seconds=WAIT_SECONDS,
        what="it was tried again",
    )
    second = shown(lab, first.id)
    assert first.idle_until is not None and second.idle_until is not None
    assert second.idle_until - first.idle_until > 2.0
    lab.write({"main.py": CODE})
    await evaluated(lab, launcher_id=first.id)
    assert (await wait(lab, first.id, "ready")).restarts == 0


async def test_code_that_was_changed_is_loaded_anew_at_the_next_use(lab: Laboratory) -> None:
    await lab.run("createModelState")
    launcher = await made(lab)
    before = await evaluated(lab)
    lab.write({"main.py": CODE.replace('"version": 1', '"version": 2')})
    finished = await lab.run("evaluate")
    after = await lab.output(finished.operation.id)
    assert (after["version"], after["pid"]) == ([2], [before["pid"]])
    assert used(finished.operation) == (launcher.id, "always", "launcher")


async def test_broken_code_is_told_and_the_next_use_after_it_was_repaired_works(lab: Laboratory) -> None:
    lab.write({"main.py": "import nothing_of_that_name\n"})
    launcher = await made(lab, status="failed", level="code_loaded")
    assert "nothing_of_that_name" in launcher.message
    assert launcher.level is None
    lab.write({"main.py": CODE})
    await evaluated(lab)
    assert (await wait(lab, launcher.id, "ready")).level == "state_instantiated"


async def test_it_is_there_again_after_the_server_was_started_anew(tmp_path: Path) -> None:
    async with laboratory(tmp_path, max_launchers=3) as lab:
        lab.write({"main.py": CODE})
        launcher = await made(lab, level="code_loaded")
    async with laboratory(tmp_path, max_launchers=3) as lab:
        again = await wait(lab, launcher.id, "ready")
        assert (again.choice, again.level) == (launcher.choice, "code_loaded")


async def test_another_state_is_used_where_it_is_asked_for_and_given_up_after(lab: Laboratory) -> None:
    await lab.run("createModelState")
    trained = (await lab.run("train")).operation.result_state_id
    launcher = await made(lab)
    assert (await evaluated(lab, launcher_id=launcher.id, state_id=trained))["states"].endswith("trained")
    await until(lambda: shown(lab, launcher.id).status == "ready", timeout_seconds=WAIT_SECONDS, what="it is back")
    await until(
        lambda: shown(lab, launcher.id).state_id == launcher.state_id, timeout_seconds=WAIT_SECONDS, what="the state"
    )
    unnamed = await lab.run("evaluate", state_id=trained)
    assert used(unnamed.operation)[0] != launcher.id


async def test_a_state_that_becomes_active_is_instantiated_before_anybody_asks(lab: Laboratory) -> None:
    launcher = await made(lab)
    assert (launcher.level, launcher.state_id) == ("code_loaded", None)
    await lab.run("createModelState")
    first = await lab.active_state()
    await until(lambda: shown(lab, launcher.id).state_id == first, timeout_seconds=WAIT_SECONDS, what="the first state")
    trained = (await lab.run("train")).operation.result_state_id
    await lab.catalog.models.set_active_state(lab.model_id, trained)
    lab.operations.active_state_changed(lab.model_id)
    await until(lambda: shown(lab, launcher.id).state_id == trained, timeout_seconds=WAIT_SECONDS, what="the new one")
    assert (await wait(lab, launcher.id, "ready")).level == "state_instantiated"


async def test_one_that_is_removed_while_it_ends_its_process_leaves_nothing(lab: Laboratory) -> None:
    lab.write({"main.py": CODE + "\ndef dispose(): time.sleep(1)\n"})
    await lab.run("createModelState")
    launcher = await made(lab)
    lab.operations.retire_idle(lab.model_id)
    lab.write({"main.py": CODE})
    await wait(lab, launcher.id, "starting")
    await lab.operations.remove_launcher(lab.model_id, launcher.id)
    assert [each for each in lab.spawn.processes if not each.child.ended] == []


async def test_one_of_a_given_state_serves_that_state(lab: Laboratory) -> None:
    await lab.run("createModelState")
    trained = (await lab.run("train")).operation.result_state_id
    launcher = await made(lab, state_id=trained)
    assert launcher.state_id == trained
    assert used((await lab.run("evaluate", state_id=trained)).operation)[0] == launcher.id
    assert used((await lab.run("evaluate")).operation)[0] != launcher.id


async def test_a_training_has_it_only_by_name_and_it_is_started_anew_after(lab: Laboratory) -> None:
    await lab.run("createModelState")
    launcher = await made(lab)
    assert used((await lab.run("train")).operation)[0] != launcher.id
    finished = await run(lab, NewOperation("train", launcher_id=launcher.id))
    assert (finished.operation.status, used(finished.operation)[0]) == ("succeeded", launcher.id)
    ready = await wait(lab, launcher.id, "ready")
    assert (ready.restarts, ready.state_id) == (0, await lab.active_state())


async def test_a_spec_of_its_own_serves_by_name_only(lab: Laboratory) -> None:
    launcher = await made(lab, level="launcher", spec=SpecChoice(cpus=0.5))
    assert used((await lab.run("evaluate")).operation)[0] != launcher.id
    finished = await run(lab, NewOperation("evaluate", launcher_id=launcher.id))
    assert finished.operation.spec == launcher.spec
    assert used(finished.operation)[0] == launcher.id
    with pytest.raises(InvalidRequest, match="a persistent launcher has a spec of its own"):
        await run(lab, NewOperation("evaluate", launcher_id=launcher.id, spec=SpecChoice(cpus=1.0)))


async def test_an_operation_waits_for_the_launcher_that_it_names_and_others_do_not(lab: Laboratory) -> None:
    await lab.run("createModelState")
    launcher = await made(lab)
    first = await lab.operations.create(
        lab.model_id, NewOperation("evaluate", {"seconds": 30}, launcher_id=launcher.id)
    )
    await lab.wait_event(first.id, lambda event: isinstance(event, PhaseStarted) and event.phase == "evaluate")
    second = await lab.operations.create(lab.model_id, NewOperation("evaluate", launcher_id=launcher.id))
    assert (await lab.operations.get(second.id)).before == 0
    assert used((await lab.run("evaluate")).operation)[0] != launcher.id
    with pytest.raises(LauncherBusy, match=first.id):
        await lab.operations.remove_launcher(lab.model_id, launcher.id)
    assert shown(lab, launcher.id).operation_id == first.id
    await lab.operations.cancel(first.id)
    assert used((await lab.finished(second.id)).operation)[0] == launcher.id


async def test_what_waits_for_one_that_is_removed_ends(lab: Laboratory) -> None:
    lab.write({"main.py": "import time\ntime.sleep(1000)\n"})
    launcher = await made(lab, status="starting", level="code_loaded")
    waiting = await lab.operations.create(lab.model_id, NewOperation("evaluate", launcher_id=launcher.id))
    assert waiting.status == "queued"
    await lab.operations.remove_launcher(lab.model_id, launcher.id)
    finished = await lab.finished(waiting.id)
    assert finished.outcome == ("launcher_terminated", None)
    assert finished.message == "The persistent launcher that it waited for was removed. Run it on another."
    assert await lab.operations.launchers.list(lab.model_id) == []
    with pytest.raises(LauncherNotFound):
        await lab.operations.remove_launcher(lab.model_id, launcher.id)


async def test_one_place_is_always_left_to_others(lab: Laboratory) -> None:
    await made(lab, "one", level="launcher", spec=SpecChoice(cpus=0.5))
    await made(lab, "two", level="launcher", spec=SpecChoice(cpus=0.5))
    with pytest.raises(TooManyLaunchers, match="of the 3 launchers that the server may run one is always left"):
        await lab.operations.launchers.create(lab.model_id, LauncherChoice("three"))
    pids = {answer["pid"] for answer in await asyncio.gather(*(evaluated(lab) for _ in range(4)))}
    assert len(pids) == 1
    assert len([each for each in lab.spawn.processes if not each.child.ended]) == 3


async def test_one_that_is_made_while_all_places_are_taken_waits_for_one(lab: Laboratory) -> None:
    long = [await lab.start("evaluate", {"seconds": 600}) for _ in range(3)]
    for operation in long:
        await lab.wait_event(operation.id, lambda event: isinstance(event, PhaseStarted) and event.phase == "evaluate")
    launcher = await made(lab, status="starting", level="code_loaded")
    await until(lambda: "waits for a place" in shown(lab, launcher.id).message, what="it says so")
    assert len([each for each in lab.spawn.processes if not each.child.ended]) == 3
    for operation in long:
        await lab.operations.cancel(operation.id)
    await wait(lab, launcher.id, "ready")


async def test_a_model_that_takes_long_to_load_holds_no_other_up(
    lab: Laboratory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(persistent, "TURN_SECONDS", 0.2)
    lab.write({"main.py": "import time\ntime.sleep(600)\n"})
    slow = await made(lab, "slow", status="starting", level="code_loaded")
    await made(lab, "quick", level="launcher")
    assert shown(lab, slow.id).status == "starting"


async def test_code_that_prints_for_ever_waits_for_operations_as_any(lab: Laboratory) -> None:
    lab.write(
        {
            "main.py": "import threading\n"
            "def chatter():\n    while True: print('chatter')\n"
            "threading.Thread(target=chatter, daemon=True).start()\n"
            "def evaluate(params): return 1\n"
        }
    )
    launcher = await made(lab, level="code_loaded")
    finished = await run(lab, NewOperation("evaluate", launcher_id=launcher.id))
    assert (finished.outcome, shown(lab, launcher.id).operations) == (("succeeded", None), 1)


async def test_a_secret_in_what_is_wrong_is_not_told(lab: Laboratory) -> None:
    lab.spawn.variables = PassedVariables({"TOKEN": "correct-horse"}, frozenset({"correct-horse"}), 1)
    lab.write({"main.py": "import os\nraise ValueError(os.environ['TOKEN'])\n"})
    launcher = await made(lab, status="failed", level="code_loaded")
    assert "ValueError" in launcher.message
    assert "correct-horse" not in launcher.message


async def test_those_that_a_smaller_server_has_no_place_for_say_so(tmp_path: Path) -> None:
    async with laboratory(tmp_path, max_launchers=3) as lab:
        lab.write({"main.py": CODE})
        first, second = await made(lab, "one", level="launcher"), await made(lab, "two", level="launcher")
    async with laboratory(tmp_path, max_launchers=2) as lab:
        await wait(lab, first.id, "ready")
        refused = shown(lab, second.id)
        assert (refused.status, refused.message) == (
            "failed",
            "There is no place for it: of the 2 launchers that the server may run one is always left to others. "
            "Remove another persistent launcher.",
        )
        with pytest.raises(InvalidRequest, match="This launcher runs nothing"):
            await lab.operations.create(lab.model_id, NewOperation("evaluate", launcher_id=second.id))
        await lab.operations.remove_launcher(lab.model_id, first.id)
        await wait(lab, second.id, "ready")


async def test_it_is_changed_and_what_is_wrong_is_refused(lab: Laboratory) -> None:
    await lab.run("createModelState")
    launcher, other = await made(lab), await made(lab, "other", level="launcher")
    choice = LauncherChoice("renamed", "launcher", spec=SpecChoice(memory_bytes=1 << 28))
    await lab.operations.launchers.change(lab.model_id, launcher.id, choice)
    await until(lambda: shown(lab, launcher.id).level == "launcher", timeout_seconds=WAIT_SECONDS, what="as chosen")
    changed = await wait(lab, launcher.id, "ready")
    assert (changed.name, changed.choice, changed.spec.memory_bytes) == ("renamed", choice, 1 << 28)
    with pytest.raises(AlreadyExists, match="'other' already"):
        await lab.operations.launchers.change(lab.model_id, launcher.id, LauncherChoice("other"))
    with pytest.raises(InvalidRequest, match="Expected a name"):
        await lab.operations.launchers.change(lab.model_id, launcher.id, LauncherChoice("  "))
    with pytest.raises(InvalidRequest, match="Expected cpus"):
        await lab.operations.launchers.change(lab.model_id, other.id, LauncherChoice("x", spec=SpecChoice(cpus=0.01)))
    with pytest.raises(StateNotFound):
        await lab.operations.launchers.change(lab.model_id, other.id, LauncherChoice("x", state_id=StateId("none")))


async def test_whoever_watches_hears_of_it(lab: Laboratory) -> None:
    launcher = await made(lab, level="launcher")
    async with asyncio.timeout(WAIT_SECONDS):
        async for event in lab.heard:
            if isinstance(event, LaunchersChanged) and [each.status for each in event.launchers] == ["ready"]:
                assert event.launchers == [launcher]
                return


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[TestClient, str]]:
    labs: list[Laboratory] = []

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[dict[str, Any]]:
        async with laboratory(tmp_path) as lab:
            lab.write({"main.py": CODE})
            labs.append(lab)
            yield {"operations": lab.operations}

    app = Starlette(
        routes=[Mount("/api/v1", routes=launchers.routes)], exception_handlers=EXCEPTION_HANDLERS, lifespan=lifespan
    )
    with TestClient(app) as client:
        yield client, f"/api/v1/models/{labs[0].model_id}"


def test_the_routes_make_list_change_and_remove(served: tuple[TestClient, str]) -> None:
    client, model = served
    made = client.post(f"{model}/launchers", json={"name": "always", "level": "launcher"})
    assert (made.status_code, made.json()["choice"]["level"], made.json()["status"]) == (201, "launcher", "starting")
    launcher = f"{model}/launchers/{made.json()['id']}"
    assert [each["id"] for each in client.get("/api/v1/launchers").json()] == [made.json()["id"]]
    assert client.put(launcher, json={"name": "renamed", "level": "launcher"}).json()["name"] == "renamed"
    assert [each["name"] for each in client.get(f"{model}/launchers").json()] == ["renamed"]
    assert client.post(f"{model}/launchers", json={"name": "renamed"}).status_code == 409
    assert client.delete(launcher).status_code == 204
    assert client.delete(launcher).json()["error"]["code"] == "launcher_not_found"
    assert client.get("/api/v1/models/none/launchers").status_code == 404
