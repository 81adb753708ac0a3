"""Debug sessions on real runners that are plain processes here."""

import contextlib
import os
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from ide_server.errors import CallUnderWay, InvalidRequest, OperationEnded, StateNotFound
from ide_server.host.routes import operations
from ide_server.replies import EXCEPTION_HANDLERS
from ide_server.wire import (
    CallStarted,
    CallState,
    CallStateKept,
    Ended,
    KeepState,
    Loaded,
    Log,
    Metric,
    NewOperation,
    Progress,
    SpecChoice,
    StateId,
    WaitingForCall,
)
from tests.support.debug_sessions import Session, started
from tests.support.local_launchers import Laboratory, laboratory

pytestmark = pytest.mark.anyio

MAIN = """
import sys
print("loading")
held = None
def createModelState(params):
    return {"start": bytes([params.get("start", 1)])}
def instantiateModel(state):
    global held
    held = None if state is None else state["start"][0]
    print("instantiated with", held)
def evaluate(params):
    print("evaluating")
    return {"y": held + params.get("x", 0)}
def train(params, tracker):
    global held
    for step in range(3):
        tracker.metrics({"loss": 1 / (step + 1)}, step=step)
    tracker.progress(0.5)
    held += 10
def getModelState():
    return {"start": bytes([held])}
def dispose():
    print("disposed")
"""
ALL = ["createModelState", "instantiateModel", "evaluate", "train", "getModelState", "dispose"]


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Laboratory]:
    async with laboratory(tmp_path) as made:
        yield made


async def test_a_session_loads_the_code_and_says_which_functions_there_are(lab: Laboratory) -> None:
    session = await started(lab, MAIN)
    loading = await session.told(1)
    assert (loading.outcome, loading.log) == ("succeeded", "loading\n")
    assert [event.functions for event in loading.events if isinstance(event, Loaded)] == [ALL]
    operation = await session.stop()
    assert (operation.kind, operation.status, operation.outcome and operation.outcome.message) == (
        "debug",
        "cancelled",
        "The session was ended.",
    )


async def test_functions_are_called_in_any_order_as_often_as_one_likes(lab: Laboratory) -> None:
    session = await started(lab, MAIN)
    created = await session.call("createModelState", {"start": 5})
    assert [key.key for key in created.end.state_keys] == ["start"]
    made = await session.call("instantiateModel", state=CallState(call=2))
    assert made.log == "instantiated with 5\n"
    first = await session.call("evaluate", {"x": 2})
    assert (first.log, first.end.has_result) == ("evaluating\n", True)
    trained = await session.call("train")
    assert [(event.step, event.value) for event in trained.events if isinstance(event, Metric)] == [
        (0, 1.0),
        (1, 0.5),
        (2, 1 / 3),
    ]
    assert [event.fraction for event in trained.events if isinstance(event, Progress)] == [0.5]
    await session.call("evaluate", {"x": 2})
    assert [await session.output(number) for number in (4, 6)] == [{"y": [7]}, {"y": [17]}]
    learned = await session.call("getModelState")
    assert learned.end.states == [2, 7]
    assert (await session.call("dispose")).log == "disposed\n"
    await session.stop()
    events = await session.events()
    assert [event.call for event in events if isinstance(event, CallStarted)] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert "disposed" not in "".join(event.text for event in events[-3:] if isinstance(event, Log))


@pytest.mark.parametrize("chosen", ["active", "named", "none"])
async def test_the_model_is_instantiated_with_the_state_that_was_chosen(lab: Laboratory, chosen: str) -> None:
    session = await started(lab, MAIN)
    state_id = (await lab.run("createModelState", {"start": 9})).operation.result_state_id
    state = {"active": None, "named": CallState(id=state_id), "none": CallState()}[chosen]
    told = await session.call("instantiateModel", state=state)
    assert told.log == {"none": "instantiated with None\n"}.get(chosen, "instantiated with 9\n")
    await session.stop()


async def test_one_call_is_made_at_a_time(lab: Laboratory) -> None:
    code = "import os, time\ndef evaluate(params):\n    while not os.path.exists(params['until']): time.sleep(0.01)\n"
    session = await started(lab, code)
    flag = lab.files / "done"
    number = await session.begin("evaluate", {"until": str(flag)})
    with pytest.raises(CallUnderWay, match=f"Call {number}, evaluate, has not ended"):
        await session.begin("evaluate", {"until": str(flag)})
    flag.touch()
    assert (await session.told(number)).outcome in ("succeeded", "invalid_output")
    assert (await session.call("evaluate", {"until": str(flag)})).end.call == number + 1
    await session.stop()


async def test_an_exception_ends_its_call_and_not_the_session(lab: Laboratory) -> None:
    session = await started(
        lab, "calls = 0\ndef evaluate(params):\n    global calls\n    calls += 1\n    return {'y': 1 // (calls - 1)}\n"
    )
    failed = await session.call("evaluate")
    outcome = failed.end.outcome
    assert (outcome.kind, outcome.at, failed.end.has_result) == ("exception", "evaluate", False)
    assert 'main.py", line 5' in outcome.details and "ZeroDivisionError" in failed.log
    assert (await session.call("evaluate")).outcome == "succeeded"
    await session.stop()


@pytest.mark.parametrize(
    ("code", "toml"),
    [
        ("def evaluate(params): return {'y': object()}", ""),
        ("def evaluate(params): return {'y': 'text'}", "[[evaluate_output]]\nname = 'y'\ntypes = ['f32']\n"),
        ("def evaluate(params): return {f'y{i}': 1 for i in range(1001)}", ""),
    ],
)
async def test_a_result_that_cannot_be_kept_ends_its_call_and_not_the_session(
    lab: Laboratory, code: str, toml: str
) -> None:
    session = await started(lab, f"{code}\ndef getModelState(): return b'still here'\n", toml)
    failed = await session.call("evaluate")
    assert (failed.outcome, failed.end.has_result) == ("invalid_output", False)
    assert (await session.call("getModelState")).outcome == "succeeded"
    await session.stop()


async def test_a_missing_function_is_said_to_be_missing(lab: Laboratory) -> None:
    session = await started(lab, "def evaluate(params): return {}")
    assert (await session.call("train")).outcome == "missing_function"
    await session.stop()


async def test_the_death_of_the_process_during_a_call_ends_the_session(lab: Laboratory) -> None:
    session = await started(
        lab, "import os\ndef evaluate(params):\n    print('last words', flush=True)\n    os._exit(3)\n"
    )
    told = await session.call("evaluate")
    assert (told.outcome, told.end.outcome.exit_code, told.log) == ("code_terminated", 3, "last words\n")
    operation = await session.ended()
    assert operation.outcome is not None and (operation.status, operation.outcome.exit_code) == ("failed", 3)
    with pytest.raises(OperationEnded):
        await session.begin("evaluate")


async def test_the_death_of_the_process_between_calls_ends_the_session(lab: Laboratory) -> None:
    session = await started(lab, MAIN)
    os.killpg(lab.spawn.processes[-1].child.pid, signal.SIGKILL)
    operation = await session.ended()
    assert operation.outcome is not None
    assert (operation.outcome.kind, operation.outcome.signal) == ("code_terminated", "SIGKILL")
    assert "while the session waited for a call" in operation.outcome.message


async def test_a_call_that_takes_too_long_ends_the_session(tmp_path: Path) -> None:
    async with laboratory(tmp_path, evaluate_seconds=0.5) as lab:
        session = await started(lab, "import time\ndef evaluate(params): time.sleep(60)\n")
        assert (await session.call("evaluate")).outcome == "max_duration_exceeded"
        operation = await session.ended()
        assert operation.outcome is not None and operation.outcome.kind == "max_duration_exceeded"


async def test_reload_forgets_the_code_and_loads_what_it_is_now(lab: Laboratory) -> None:
    session = await started(lab, MAIN)
    await session.call("instantiateModel")
    lab.write({"main.py": "def train(params, tracker): pass\n"})
    reloaded = await session.call("load")
    assert (reloaded.outcome, reloaded.log) == ("succeeded", "disposed\n")
    assert [event.functions for event in reloaded.events if isinstance(event, Loaded)] == [["train"]]
    await session.stop()


async def test_code_that_cannot_be_loaded_is_mended_within_the_session(lab: Laboratory) -> None:
    session = await started(lab, "def evaluate(params:\n")
    assert (await session.told(1)).outcome == "invalid_executable_file"
    with pytest.raises(InvalidRequest, match="Mend it, then reload it"):
        await session.begin("evaluate")
    (lab.files / "main.py").unlink()
    assert (await session.call("load")).outcome == "read_executable_file_failed"
    lab.write({"main.py": "def evaluate(params): return {'y': 1}\n"})
    assert (await session.call("load")).outcome == "succeeded"
    assert (await session.call("evaluate")).outcome == "succeeded"
    await session.stop()


async def test_a_session_ends_by_itself_when_no_call_comes(tmp_path: Path) -> None:
    async with laboratory(tmp_path, debug_idle_seconds=0.3) as lab:
        session = await started(lab, MAIN)
        operation = await session.ended()
        assert operation.outcome is not None
        assert (operation.outcome.kind, operation.outcome.message) == (
            "cancelled",
            "No call came for 0.3 seconds, so the session has ended.",
        )
        [waiting] = [event for event in await session.events() if isinstance(event, WaitingForCall)]
        assert waiting.until == pytest.approx(waiting.time + 0.3)


async def test_stop_lets_the_code_clean_up(lab: Laboratory) -> None:
    session = await started(lab, MAIN)
    await session.call("instantiateModel", state=CallState())
    await session.stop()
    assert "disposed\n" in [event.text for event in await session.events() if isinstance(event, Log)]


async def test_stop_asks_a_train_first_and_then_ends_the_session(lab: Laboratory) -> None:
    code = """
import time
def train(params, tracker):
    print("training", flush=True)
    while not tracker.cancelled: time.sleep(0.01)
    print("returned")
"""
    session = await started(lab, code)
    number = await session.begin("train")
    await lab.wait_event(session.id, lambda event: isinstance(event, Log) and "training" in event.text)
    await session.stop()
    told = await session.told(number)
    assert (told.outcome, told.log) == ("cancelled", "training\nreturned\n")


async def test_a_call_that_is_stopped_has_its_end_too(lab: Laboratory) -> None:
    session = await started(
        lab, "import time\ndef evaluate(params):\n    print('on', flush=True)\n    time.sleep(60)\n"
    )
    number = await session.begin("evaluate")
    await lab.wait_event(session.id, lambda event: isinstance(event, Log) and "on" in event.text)
    operation = await session.stop()
    assert ((await session.told(number)).outcome, operation.status) == ("cancelled", "cancelled")


async def test_a_server_that_stops_interrupts_its_sessions(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        session = await started(lab, MAIN)
    async with laboratory(tmp_path) as lab:
        operation = await lab.operations.get(session.id)
        assert operation.status == "interrupted"
        again = Session(lab, operation)
        assert (await again.told(1)).outcome == "succeeded"


async def test_code_for_node_is_called_and_reloaded(lab: Laboratory) -> None:
    lab.write({"index.mjs": "export function evaluate(params) { return { y: params.x * 2 }; }\n"})
    session = Session(lab, await lab.start("debug"))
    assert (await session.told(1)).outcome == "succeeded"
    await session.call("evaluate", {"x": 2})
    lab.write({"index.mjs": "export function evaluate(params) { throw new Error('as asked'); }\n"})
    await session.call("load")
    failed = await session.call("evaluate", {"x": 2})
    assert (failed.outcome, await session.output(2)) == ("exception", {"y": [4]})
    await session.stop()


# --- states ---


async def test_a_state_is_kept_only_when_the_person_says_so_and_tells_where_it_is_from(lab: Laboratory) -> None:
    session = await started(lab, MAIN)
    first = (await lab.run("createModelState")).operation.result_state_id
    await session.call("instantiateModel")
    await session.call("train")
    learned = (await session.call("getModelState")).end.call
    assert [state.id for state in await lab.states.list(lab.model_id)] == [first]
    kept = await lab.operations.keep_state(session.id, learned, KeepState("learned by hand"))
    assert (kept.name, kept.origin, kept.parent_id, kept.operation_id) == (
        "learned by hand",
        "trained",
        first,
        session.id,
    )
    assert [state.id for state in await lab.states.list(lab.model_id)] == [kept.id, first]
    assert (await lab.states.path(lab.model_id, kept.id, "start")).read_bytes() == bytes([11])
    assert await lab.active_state() == first
    await session.stop()
    assert [event.state_id for event in await session.events() if isinstance(event, CallStateKept)] == [kept.id]


async def test_a_state_can_be_kept_after_the_session_has_ended(lab: Laboratory) -> None:
    session = await started(lab, MAIN)
    number = (await session.call("createModelState", {"start": 3})).end.call
    await session.stop()
    kept = await lab.operations.keep_state(session.id, number, KeepState())
    assert (kept.origin, kept.parameters, kept.byte_size) == ("created", {"start": 3}, 1)
    assert isinstance((await session.events())[-1], Ended)
    with pytest.raises(StateNotFound):
        await lab.operations.keep_state(session.id, 1, KeepState())


async def test_the_newest_states_of_a_session_stay(lab: Laboratory) -> None:
    session = await started(lab, MAIN)
    for start in range(4):
        told = await session.call("createModelState", {"start": start})
    assert told.end.states == [3, 4, 5]
    with pytest.raises(StateNotFound, match="Call 2 made no state, or it is gone"):
        await session.begin("instantiateModel", state=CallState(call=2))
    with pytest.raises(StateNotFound):
        await lab.operations.keep_state(session.id, 2, KeepState())
    assert not (lab.settings.data_dir / "operations" / session.id / "calls" / "2" / "state").exists()
    await session.stop()


async def test_a_checkpoint_stays_when_its_training_fails_and_goes_when_it_returns(lab: Laboratory) -> None:
    code = """
def train(params, tracker):
    tracker.checkpoint(b"half")
    if params["fails"]: raise ValueError("too bad")
"""
    session = await started(lab, code)
    assert (await session.call("train", {"fails": False})).outcome == "succeeded"
    assert await lab.states.list(lab.model_id) == []
    assert (await session.call("train", {"fails": True})).outcome == "exception"
    [state] = await lab.states.list(lab.model_id)
    assert (state.origin, (await session.operation()).result_state_id) == ("checkpoint", state.id)
    await session.stop()


# --- places and refusals ---


async def test_a_session_leaves_a_launcher_to_others_where_there_is_more_than_one(tmp_path: Path) -> None:
    async with laboratory(tmp_path, max_launchers=2) as lab:
        session = await started(lab, MAIN)
        waiting = Session(lab, await lab.start("debug"))
        with pytest.raises(CallUnderWay, match="waits for a launcher"):
            await waiting.begin("evaluate")
        await session.call("instantiateModel", state=CallState())
        assert (await lab.run("createModelState")).outcome[0] == "succeeded"
        assert (await waiting.operation()).status == "queued"
        await session.stop()
        assert (await waiting.told(1)).outcome == "succeeded"
        await waiting.stop()


async def test_where_there_is_one_launcher_a_session_has_it_until_it_ends(tmp_path: Path) -> None:
    async with laboratory(tmp_path, max_launchers=1) as lab:
        session = await started(lab, MAIN)
        other = await lab.start("createModelState")
        await session.call("createModelState")
        assert (await lab.operations.get(other.id)).status == "queued"
        await session.stop()
        assert (await lab.finished(other.id)).outcome[0] == "succeeded"


async def test_a_session_has_a_launcher_of_its_own(tmp_path: Path) -> None:
    async with laboratory(tmp_path, launcher_idle_seconds=60.0) as lab:
        lab.write({"main.py": MAIN})
        await lab.run("createModelState")
        session = await started(lab, MAIN)
        operation = await session.operation()
        assert operation.launcher is not None and operation.launcher.level == "launcher"
        assert len(lab.spawn.processes) == 2
        await session.stop()


async def test_a_session_is_launched_as_evaluate_is(lab: Laboratory) -> None:
    lab.write({"main.py": MAIN})
    new = NewOperation("debug", spec=SpecChoice(cpus=0.5))
    operation = await lab.operations.create(lab.model_id, new)
    assert operation.spec is not None and operation.spec.cpus == 0.5
    for wrong in (NewOperation("debug", {"x": 1}), NewOperation("debug", state_id=StateId("any"))):
        with pytest.raises(InvalidRequest, match="Expected neither parameters"):
            await lab.operations.create(lab.model_id, wrong)
    await Session(lab, operation).stop()


async def test_what_does_not_fit_is_no_call(lab: Laboratory) -> None:
    session = await started(lab, MAIN, "[[evaluate_input]]\nname = 'x'\ntypes = ['f32']\n")
    with pytest.raises(InvalidRequest, match="x: missing"):
        await session.begin("evaluate")
    with pytest.raises(InvalidRequest, match="getModelState takes none"):
        await session.begin("getModelState", {"x": 1})
    with pytest.raises(InvalidRequest, match="for instantiateModel alone"):
        await session.begin("evaluate", {"x": 1}, state=CallState())
    with pytest.raises(InvalidRequest, match="got both"):
        await session.begin("instantiateModel", state=CallState(id=StateId("any"), call=1))
    lab.write({"slipway.toml": ""})
    assert (await session.call("instantiateModel", state=CallState())).end.call == 2
    await session.stop()


async def test_large_parameters_are_left_out_of_the_journal(lab: Laboratory) -> None:
    session = await started(lab, "def evaluate(params): return {'n': len(params['text'])}")
    told = await session.call("evaluate", {"text": "x" * 70_000, "small": 1})
    [start] = [event for event in told.events if isinstance(event, CallStarted)]
    assert start.parameters == {"text": None, "small": 1}
    assert await session.output(2) == {"n": [70_000]}
    await session.stop()


async def test_an_operation_that_is_no_session_takes_no_calls(lab: Laboratory) -> None:
    lab.write({"main.py": MAIN})
    operation = await lab.start("createModelState")
    with pytest.raises(InvalidRequest, match="Expected a debug session"):
        await Session(lab, operation).begin("evaluate")
    await lab.finished(operation.id)


# --- through the API ---


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[dict[str, Any]]:
        async with laboratory(tmp_path) as lab:
            lab.write({"main.py": MAIN.replace('"y": held', '"picture": b"\\x89PNG\\r\\n\\x1a\\n", "y": held')})
            yield {"operations": lab.operations, "model_id": lab.model_id}

    routes = [Mount("/api/v1", routes=operations.routes)]
    with TestClient(Starlette(routes=routes, exception_handlers=EXCEPTION_HANDLERS, lifespan=lifespan)) as client:
        yield client


def wait_ended(client: TestClient, session: str, call: int) -> None:
    with client.websocket_connect(f"{session}/events?offset=0") as socket:
        while True:
            for event in socket.receive_json()["events"]:
                if event["type"] == "call_ended" and event["call"] == call:
                    return


def test_a_session_through_the_api(client: TestClient) -> None:
    model_id = client.app_state["model_id"]
    made = client.post(f"/api/v1/models/{model_id}/operations", json={"kind": "debug"})
    session = f"/api/v1/operations/{made.json()['id']}"
    wait_ended(client, session, 1)
    calls: list[dict[str, Any]] = [
        {"function": "createModelState", "parameters": {"start": 4}},
        {"function": "instantiateModel", "state": {"call": 2}},
        {"function": "evaluate", "parameters": {"x": 1}},
    ]
    for number, call in enumerate(calls, 2):
        reply = client.post(f"{session}/calls", json=call)
        assert (reply.status_code, reply.json()) == (202, {"number": number, "function": call["function"]})
        wait_ended(client, session, number)
    result = client.get(f"{session}/calls/4/result").json()
    assert [output["name"] for output in result["outputs"]] == ["picture", "y"]
    assert result["outputs"][1]["values"][0]["elements"] == [5]
    assert client.get(f"{session}/calls/4/result/blobs/0").headers["content-type"] == "image/png"
    assert client.get(f"{session}/calls/3/result").status_code == 404
    assert client.get(f"{session}/calls/4/result/blobs/7").status_code == 404
    kept = client.post(f"{session}/calls/2/state", json={"name": "four"})
    assert (kept.status_code, kept.json()["name"]) == (201, "four")
    unknown = client.post(f"{session}/calls", json={"function": "fly"})
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (400, "invalid_request")
    client.post(f"{session}/cancel")
