"""What operations are launched with: bounds, what a model chose, what an operation asks for."""

import contextlib
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from ide_server.errors import InvalidRequest
from ide_server.host.launchers.launch import bounds_of
from ide_server.host.routes import launchers, operations
from ide_server.replies import EXCEPTION_HANDLERS
from ide_server.settings import MEBIBYTE, Settings
from ide_server.wire import (
    DurationsChoice,
    LaunchChanged,
    LaunchChoice,
    LauncherChoice,
    NewOperation,
    PhaseEnded,
    SpecChoice,
)
from tests.support.local_launchers import Laboratory, laboratory

pytestmark = pytest.mark.anyio

CODE = """
import os, time
def evaluate(params):
    time.sleep(params.get("seconds", 0))
    return {"pid": os.getpid()}
"""
DEFAULT = {"cpus": 2.0, "memory_bytes": 2048 * MEBIBYTE, "gpus": 0, "idle_seconds": 600.0}


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Laboratory]:
    async with laboratory(tmp_path, launcher_idle_seconds=600.0) as lab:
        lab.write({"main.py": CODE})
        yield lab


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[TestClient, str]]:
    made: list[Laboratory] = []

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[dict[str, Any]]:
        async with laboratory(tmp_path, launcher_idle_seconds=600.0, max_launcher_cpus=8.0) as lab:
            lab.write({"main.py": CODE})
            made.append(lab)
            yield {"operations": lab.operations}

    app = Starlette(
        routes=[Mount("/api/v1", routes=[*launchers.routes, *operations.routes])],
        exception_handlers=EXCEPTION_HANDLERS,
        lifespan=lifespan,
    )
    with TestClient(app) as client:
        yield client, f"/api/v1/models/{made[0].model_id}"


async def evaluated(lab: Laboratory, new: NewOperation) -> int:
    """The process that answered."""
    started = await lab.operations.create(lab.model_id, new)
    finished = await lab.finished(started.id)
    assert finished.operation.status == "succeeded", finished.message
    return int((await lab.output(started.id))["pid"][0])


def ran(client: TestClient, model: str, new: Any) -> Any:
    """To its end, so that nothing is left to be ended with the test."""
    started = client.post(f"{model}/operations", json=new).json()
    client.get(f"/api/v1/operations/{started['id']}/events")
    return client.get(f"/api/v1/operations/{started['id']}").json()


def test_a_model_chooses_and_is_told_what_it_may_choose(served: tuple[TestClient, str]) -> None:
    client, model = served
    launch = client.get(f"{model}/launch").json()
    assert launch["default_spec"] == DEFAULT
    assert launch["bounds"]["lowest"] == {"cpus": 0.125, "memory_bytes": 128 * MEBIBYTE, "gpus": 0, "idle_seconds": 0.0}
    assert launch["bounds"]["highest"]["cpus"] == 8.0
    choice = {"evaluate": {"cpus": 0.5}, "max_durations": {"evaluate_seconds": 20}}
    chosen = client.put(f"{model}/launch", json=choice).json()
    assert chosen["choice"]["evaluate"] == {"cpus": 0.5, "memory_bytes": None, "gpus": None, "idle_seconds": None}
    assert client.get(f"{model}/launch").json() == chosen
    operation = ran(client, model, {"kind": "evaluate", "spec": {"memory_bytes": 1 << 30}})
    assert operation["spec"] == DEFAULT | {"cpus": 0.5, "memory_bytes": 1 << 30}
    assert operation["max_durations"]["evaluate_seconds"] == 20
    assert ran(client, model, {"kind": "train"})["spec"] == DEFAULT


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        ({"train": {"cpus": 0.1}}, "Expected cpus from 0.125 to 8, got 0.1."),
        ({"train": {"cpus": 9}}, "Expected cpus from 0.125 to 8, got 9."),
        ({"evaluate": {"memory_bytes": 1 << 20}}, "Expected memory_bytes from 134217728 to "),
        ({"evaluate": {"gpus": 1}}, "Expected gpus to be 0, got 1: this server has no GPUs. Leave it out."),
        ({"evaluate": {"idle_seconds": -1}}, "Expected idle_seconds from 0 to 86400, got -1."),
        ({"max_durations": {"train_seconds": 0}}, "Expected train_seconds from 1 to 1209600, got 0."),
    ],
)
def test_what_is_out_of_bounds_is_refused(served: tuple[TestClient, str], choice: Any, said: str) -> None:
    client, model = served
    reply = client.put(f"{model}/launch", json=choice)
    assert (reply.status_code, reply.json()["error"]["code"]) == (400, "invalid_request")
    assert reply.json()["error"]["message"].startswith(said)


def test_the_machine_bounds_what_the_settings_leave_open_and_a_default_is_always_allowed() -> None:
    highest = bounds_of(Settings()).highest
    assert highest.cpus == max(2.0, os.cpu_count() or 1)
    assert highest.memory_bytes >= os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert bounds_of(Settings(launcher_cpus=64.0, max_launcher_cpus=1.0)).highest.cpus == 64.0
    assert bounds_of(Settings(train_seconds=9e9)).longest.train_seconds == 9e9


async def test_what_was_chosen_when_the_server_gave_more_is_held_to_what_it_gives_now(tmp_path: Path) -> None:
    async with laboratory(tmp_path, max_launcher_cpus=8.0) as lab:
        lab.write({"main.py": CODE})
        train = DurationsChoice(train_seconds=1e6)
        await lab.operations.choose_launch(lab.model_id, LaunchChoice(SpecChoice(cpus=8.0), max_durations=train))
        choice = LauncherChoice("always", "launcher", spec=SpecChoice(cpus=8.0))
        assert (await lab.operations.launchers.create(lab.model_id, choice)).spec.cpus == 8.0
    async with laboratory(tmp_path, max_launcher_cpus=4.0, max_phase_seconds=10.0) as lab:
        [launcher] = lab.operations.launchers.shown()
        assert (launcher.choice, launcher.spec.cpus) == (choice, 4.0)
        made = await lab.operations.create(lab.model_id, NewOperation("createModelState"))
        assert made.spec is not None and made.max_durations is not None
        assert (made.spec.cpus, made.max_durations.train_seconds) == (4.0, lab.settings.train_seconds)


async def test_a_launcher_of_another_spec_is_not_used_and_stays_for_its_own(lab: Laboratory) -> None:
    plain, small = NewOperation("evaluate"), NewOperation("evaluate", spec=SpecChoice(cpus=0.5))
    first, second = await evaluated(lab, plain), await evaluated(lab, small)
    assert first != second
    assert (await evaluated(lab, plain), await evaluated(lab, small)) == (first, second)


async def test_how_long_it_is_kept_makes_no_other_launcher(lab: Laboratory) -> None:
    first = await evaluated(lab, NewOperation("evaluate"))
    assert await evaluated(lab, NewOperation("evaluate", spec=SpecChoice(idle_seconds=0))) == first
    assert await evaluated(lab, NewOperation("evaluate")) != first


async def test_an_operation_may_have_less_time_than_its_model_gives(lab: Laboratory) -> None:
    shorter = DurationsChoice(evaluate_seconds=1)
    started = await lab.operations.create(
        lab.model_id, NewOperation("evaluate", {"seconds": 60}, max_durations=shorter)
    )
    finished = await lab.finished(started.id)
    assert finished.outcome == ("max_duration_exceeded", "evaluate")
    assert finished.message == "evaluate took longer than the 1 seconds it may take, so it was ended."
    assert [event.phase for event in finished.of(PhaseEnded)] == ["codeStartup", "evaluate"]


async def test_an_operation_that_asks_for_too_much_makes_no_row(lab: Laboratory) -> None:
    with pytest.raises(InvalidRequest, match="Expected cpus"):
        await lab.operations.create(lab.model_id, NewOperation("evaluate", spec=SpecChoice(cpus=1e9)))
    assert await lab.operations.list(lab.model_id) == []


async def test_a_choice_is_told_to_whoever_watches(lab: Laboratory) -> None:
    launch = await lab.operations.launches.choose(lab.model_id, LaunchChoice(train=SpecChoice(cpus=1.0)))
    assert await anext(aiter(lab.heard)) == LaunchChanged(launch)
