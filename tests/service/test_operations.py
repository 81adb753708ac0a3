"""Operations on real runners, Python and Node, that are plain processes here."""

import asyncio
import time
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from ide_server.errors import InvalidRequest, OperationEnded, OperationNotFound, StateNotFound
from ide_server.host.launchers.results import sync_result
from ide_server.host.templates import Templates
from ide_server.wire import (
    Ended,
    Log,
    Metric,
    ModelChanged,
    ModelEvent,
    NewOperation,
    Operation,
    OperationChanged,
    OperationKind,
    PhaseEnded,
    PhaseStarted,
    Progress,
    StateChange,
    StatesChanged,
)
from tests.support.local_launchers import Laboratory, laboratory

pytestmark = pytest.mark.anyio


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Laboratory]:
    async with laboratory(tmp_path) as made:
        yield made


def python(code: str) -> dict[str, str]:
    return {"main.py": code}


def node(code: str) -> dict[str, str]:
    return {"index.mjs": code}


# --- every way to end ---


class Ends(NamedTuple):
    """Code, what is run of it, the outcome, and what its traceback shows."""

    code: str
    kind: OperationKind
    outcome: str
    at: str
    shows: list[str]


PYTHON_ENDS: list[Ends] = [
    Ends(
        "def evaluate(params):\n    return 1 +\n",
        "evaluate",
        "invalid_executable_file",
        "codeStartup",
        ['/main.py", line 2', "SyntaxError"],
    ),
    Ends(
        "x = 1\nimport nowhere\n",
        "evaluate",
        "invalid_executable_file",
        "codeStartup",
        ['/main.py", line 2', "No module named 'nowhere'"],
    ),
    Ends(
        "import helper\n",
        "evaluate",
        "invalid_executable_file",
        "codeStartup",
        ['/main.py", line 1', '/helper.py", line 1'],
    ),
    Ends("1 / 0\n", "evaluate", "exception", "codeStartup", ['/main.py", line 1', "ZeroDivisionError"]),
    Ends("open('/nowhere')\n", "evaluate", "exception", "codeStartup", ['/main.py", line 1', "FileNotFoundError"]),
    Ends(
        "def createModelState(params): 1 / 0\ndef evaluate(params): pass",
        "evaluate",
        "exception",
        "createState",
        ["line 1, in createModelState"],
    ),
    Ends(
        "def instantiateModel(state): 1 / 0\ndef evaluate(params): pass",
        "evaluate",
        "exception",
        "instantiateModel",
        ["line 1, in instantiateModel"],
    ),
    Ends("async def evaluate(params): 1 / 0", "evaluate", "exception", "evaluate", ["line 1, in evaluate"]),
    Ends("def evaluate(params): return params['x']", "evaluate", "exception", "evaluate", ["KeyError: 'x'"]),
    Ends("def evaluate(params): raise KeyboardInterrupt", "evaluate", "exception", "evaluate", ["KeyboardInterrupt"]),
    Ends("def train(params, tracker): 1 / 0", "train", "exception", "train", ["line 1, in train"]),
    Ends("def train(params, tracker): tracker.metrics(3)", "train", "exception", "train", ["TypeError"]),
    Ends(
        "def train(params, tracker): pass\ndef getModelState(): 1 / 0",
        "train",
        "exception",
        "getState",
        ["line 2, in getModelState"],
    ),
    Ends("def train(params, tracker): tracker.failed('no data')", "train", "exception", "train", []),
    Ends("def train(params, tracker): pass", "evaluate", "missing_function", "evaluate", []),
    Ends("def evaluate(params): pass", "train", "missing_function", "train", []),
    Ends("def evaluate(params): pass", "createModelState", "missing_function", "createState", []),
    Ends("def evaluate(params): return {'y': [[1], [1, 2]]}", "evaluate", "invalid_output", "evaluate", []),
    Ends("def evaluate(params): return {'y': object()}", "evaluate", "invalid_output", "evaluate", []),
    Ends("def createModelState(params): return 'text'", "createModelState", "invalid_output", "createState", []),
    Ends("def createModelState(params): return {}", "createModelState", "invalid_output", "createState", []),
    Ends("def train(params, tracker): pass\ndef getModelState(): return 3", "train", "invalid_output", "getState", []),
]

NODE_ENDS: list[Ends] = [
    Ends(
        "export function evaluate() {\n  return 1 +;\n}\n",
        "evaluate",
        "invalid_executable_file",
        "codeStartup",
        ["/index.mjs:2", "SyntaxError"],
    ),
    Ends(
        "import 'nowhere';\n",
        "evaluate",
        "invalid_executable_file",
        "codeStartup",
        ["/index.mjs", "Cannot find package 'nowhere'"],
    ),
    Ends("import './helper.mjs';\n", "evaluate", "invalid_executable_file", "codeStartup", ["/helper.mjs:1"]),
    Ends("throw new Error('oh')\n", "evaluate", "exception", "codeStartup", ["Error: oh", "/index.mjs:1"]),
    Ends(
        "export function createModelState() { throw new Error('oh') }\nexport function evaluate() {}",
        "evaluate",
        "exception",
        "createState",
        ["/index.mjs:1"],
    ),
    Ends(
        "export function instantiateModel() { throw new Error('oh') }\nexport function evaluate() {}",
        "evaluate",
        "exception",
        "instantiateModel",
        ["/index.mjs:1"],
    ),
    Ends(
        "export async function evaluate() { throw new TypeError('oh') }",
        "evaluate",
        "exception",
        "evaluate",
        ["TypeError: oh", "/index.mjs:1"],
    ),
    Ends("export function evaluate() { throw 'words' }", "evaluate", "exception", "evaluate", ["words"]),
    Ends("export function train() { throw new Error('oh') }", "train", "exception", "train", ["/index.mjs:1"]),
    Ends(
        "export function train() {}\nexport function getModelState() { throw new Error('oh') }",
        "train",
        "exception",
        "getState",
        ["/index.mjs:2"],
    ),
    Ends("export function train(params, tracker) { tracker.failed('no data') }", "train", "exception", "train", []),
    Ends("export function train() {}", "evaluate", "missing_function", "evaluate", []),
    Ends("export function evaluate() { return {y: [[1], [1, 2]]} }", "evaluate", "invalid_output", "evaluate", []),
    Ends("export function evaluate() { return {y: new Date()} }", "evaluate", "invalid_output", "evaluate", []),
    Ends(
        "export function createModelState() { return 'text' }", "createModelState", "invalid_output", "createState", []
    ),
]


@pytest.mark.parametrize("ends", PYTHON_ENDS, ids=lambda ends: f"{ends.outcome}-{ends.at}")
async def test_python_code_that_fails_ends_with_its_reason_and_traceback(lab: Laboratory, ends: Ends) -> None:
    lab.write({"main.py": ends.code, "helper.py": "def ("})
    finished = await lab.run(ends.kind)
    assert (finished.outcome, finished.operation.status) == ((ends.outcome, ends.at), "failed")
    assert [part for part in ends.shows if part not in finished.details] == []
    assert "slipway_runner" not in finished.details
    assert "frozen importlib" not in finished.details
    assert finished.details in finished.log("stderr")


@pytest.mark.parametrize("ends", NODE_ENDS, ids=lambda ends: f"{ends.outcome}-{ends.at}")
async def test_node_code_that_fails_ends_with_its_reason_and_traceback(lab: Laboratory, ends: Ends) -> None:
    lab.write({"index.mjs": ends.code, "helper.mjs": "export function ("})
    finished = await lab.run(ends.kind)
    assert (finished.outcome, finished.operation.status) == ((ends.outcome, ends.at), "failed")
    assert [part for part in ends.shows if part not in finished.details] == []
    assert "runner/node" not in finished.details
    assert "node:internal" not in finished.details
    assert finished.details in finished.log("stderr")


async def test_messages_say_what_to_do(lab: Laboratory) -> None:
    lab.write(python("def train(params, tracker): tracker.failed('no data')"))
    assert (await lab.run("evaluate")).message == (
        "main.py has no function evaluate. Add it at the top level: def evaluate(params): return {'output': ...}"
    )
    assert (await lab.run("train")).message == "train reported a failure: no data"
    lab.write(python("def evaluate(params): return {'y': {1: 2}}"))
    assert "y: expected numbers, text, booleans, bytes" in (await lab.run("evaluate")).message


async def test_a_model_without_code_says_what_to_make(lab: Laboratory) -> None:
    finished = await lab.run("evaluate")
    assert finished.outcome == ("read_executable_file_failed", "codeStartup")
    assert "make a main.py" in finished.message
    (lab.files / "main.py").mkdir()
    assert (await lab.run("evaluate")).outcome == ("read_executable_file_failed", "codeStartup")


@pytest.mark.parametrize(
    ("files", "exit_code", "killed_by"),
    [
        (python("import sys\ndef evaluate(params): sys.exit(3)"), 3, None),
        (python("import os\ndef evaluate(params): os._exit(4)"), 4, None),
        (python("import os\ndef evaluate(params): os.abort()"), None, "SIGABRT"),
        (node("export function evaluate() { process.exit(5) }"), 5, None),
        (node("export function evaluate() { process.kill(process.pid, 'SIGSEGV') ; while (true); }"), None, "SIGSEGV"),
    ],
)
async def test_a_process_that_ends_is_named_with_its_exit(
    lab: Laboratory, files: dict[str, str], exit_code: int | None, killed_by: str | None
) -> None:
    lab.write(files)
    finished = await lab.run("evaluate")
    assert finished.outcome == ("code_terminated", "evaluate")
    outcome = finished.operation.outcome
    assert outcome is not None
    assert (outcome.exit_code, outcome.signal, outcome.oom) == (exit_code, killed_by, False)
    assert str(exit_code or killed_by) in outcome.message


@pytest.mark.parametrize(
    ("limit", "phase", "code"),
    [
        ("code_startup_seconds", "codeStartup", "while True: pass"),
        (
            "create_state_seconds",
            "createState",
            "def createModelState(p):\n    while True: pass\ndef train(p, t): pass",
        ),
        ("instantiate_seconds", "instantiateModel", "def instantiateModel(s):\n    while True: pass"),
        ("train_seconds", "train", "import asyncio\nasync def train(p, t): await asyncio.sleep(1000)"),
    ],
)
async def test_a_phase_that_takes_too_long_is_ended(tmp_path: Path, limit: str, phase: str, code: str) -> None:
    changes: dict[str, Any] = {limit: 0.5}
    async with laboratory(tmp_path, **changes) as lab:
        lab.write(python(code))
        finished = await lab.run("train")
        assert finished.outcome == ("max_duration_exceeded", phase)
        assert "longer than the 0.5 seconds" in finished.message


async def test_a_long_traceback_is_cut_in_the_outcome_and_whole_in_the_log(lab: Laboratory) -> None:
    lab.write(python("def evaluate(params): raise ValueError('x' * 30_000 + 'the end')"))
    finished = await lab.run("evaluate")
    assert len(finished.details) <= 10_000
    assert finished.details.endswith("the end\n")
    assert "x" * 30_000 in finished.log("stderr")


# --- stopping ---


@pytest.mark.parametrize(
    "files",
    [python("def evaluate(params):\n    while True: pass"), node("export function evaluate() { while (true); }")],
)
async def test_an_endless_evaluate_is_stopped_at_once(lab: Laboratory, files: dict[str, str]) -> None:
    lab.write(files)
    started = await lab.start("evaluate")
    await lab.wait_event(started.id, lambda event: isinstance(event, PhaseStarted) and event.phase == "evaluate")
    asked = time.monotonic()
    await lab.operations.cancel(started.id)
    finished = await lab.finished(started.id)
    assert (finished.outcome, finished.operation.status) == (("cancelled", None), "cancelled")
    assert time.monotonic() - asked < 2
    with pytest.raises(OperationEnded):
        await lab.operations.cancel(started.id)


STOPPABLE = [
    python(
        """
import time
def train(params, tracker):
    tracker.on_cancel(lambda: print("called back"))
    tracker.progress(0.5)
    while not tracker.cancelled: time.sleep(0.01)
def getModelState(): return b"learned"
"""
    ),
    python(
        """
import asyncio
async def train(params, tracker):
    stop = asyncio.Event()
    tracker.on_cancel(stop.set)
    tracker.on_cancel(lambda: print("called back"))
    tracker.progress(0.5)
    await stop.wait()
def getModelState(): return b"learned"
"""
    ),
    node(
        """
export async function train(params, tracker) {
  await new Promise((resolve) => {
    tracker.onCancel(() => console.log("called back"));
    tracker.onCancel(resolve);
    tracker.progress(0.5);
  });
}
export function getModelState() { return Buffer.from("learned") }
"""
    ),
    node(
        """
export function train(params, tracker) {
  tracker.progress(0.5);
  while (!tracker.cancelled);
  console.log("called back");
}
export function getModelState() { return Buffer.from("learned") }
"""
    ),
]


@pytest.mark.parametrize("files", STOPPABLE, ids=["python-sync", "python-async", "node-async", "node-blocking"])
async def test_a_train_that_is_asked_to_stop_keeps_what_it_learned(lab: Laboratory, files: dict[str, str]) -> None:
    lab.write(files)
    started = await lab.start("train")
    await lab.wait_event(started.id, lambda event: isinstance(event, Progress))
    await lab.operations.cancel(started.id)
    finished = await lab.finished(started.id)
    assert finished.operation.status == "cancelled"
    assert finished.log() == "called back\n"
    assert [state.id for state in await lab.states.list(lab.model_id)] == [finished.operation.result_state_id]


async def test_a_train_that_does_not_listen_is_ended_after_the_grace(
    lab: Laboratory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ide_server.host.launchers.run.GRACE_SECONDS", 0.3)
    lab.write(python("def train(params, tracker):\n    tracker.progress(0)\n    while True: pass"))
    started = await lab.start("train")
    await lab.wait_event(started.id, lambda event: isinstance(event, Progress))
    asked = time.monotonic()
    await lab.operations.cancel(started.id)
    assert (await lab.finished(started.id)).outcome == ("cancelled", None)
    assert 0.3 <= time.monotonic() - asked < 2.3


async def test_stop_pressed_twice_does_not_wait(lab: Laboratory) -> None:
    lab.write(python("def train(params, tracker):\n    tracker.progress(0)\n    while True: pass"))
    started = await lab.start("train")
    await lab.wait_event(started.id, lambda event: isinstance(event, Progress))
    asked = time.monotonic()
    await lab.operations.cancel(started.id)
    await lab.operations.cancel(started.id)
    assert (await lab.finished(started.id)).outcome == ("cancelled", None)
    assert time.monotonic() - asked < 2


# --- what is seen meanwhile ---

LIVE = [
    python(
        """
import os, time
def train(params, tracker):
    print("began")
    tracker.progress(0.25)
    tracker.metrics([("loss", 0.5)])
    while not os.path.exists(params["until"]): time.sleep(0.01)
"""
    ),
    node(
        """
import { existsSync } from "node:fs";
export function train({ until }, tracker) {
  console.log("began");
  tracker.progress(0.25);
  tracker.metrics([["loss", 0.5]]);
  while (!existsSync(until));
}
"""
    ),
]


@pytest.mark.parametrize("files", LIVE, ids=["python", "node"])
async def test_log_progress_and_metrics_are_live_while_train_blocks(
    lab: Laboratory, files: dict[str, str], tmp_path: Path
) -> None:
    lab.write(files)
    started = await lab.start("train", {"until": str(tmp_path / "go")})
    log = await lab.wait_event(started.id, lambda event: isinstance(event, Log))
    progress = await lab.wait_event(started.id, lambda event: isinstance(event, Progress))
    metric = await lab.wait_event(started.id, lambda event: isinstance(event, Metric))
    assert isinstance(log, Log) and log.text == "began\n"
    assert isinstance(progress, Progress) and progress.fraction == 0.25
    assert isinstance(metric, Metric) and (metric.name, metric.step, metric.value) == ("loss", 0, 0.5)
    assert (await lab.operations.get(started.id)).status == "running"
    (tmp_path / "go").touch()
    assert (await lab.finished(started.id)).operation.status == "succeeded"


async def test_phases_are_told_in_order_with_their_durations(lab: Laboratory) -> None:
    lab.write(
        python(
            "import time\n"
            "def createModelState(params): return b''\n"
            "def instantiateModel(state): pass\n"
            "def train(params, tracker): time.sleep(0.1)\n"
            "def getModelState(): return b''\n"
        )
    )
    finished = await lab.run("train")
    phases = ["codeStartup", "createState", "instantiateModel", "train", "getState"]
    assert [event.phase for event in finished.of(PhaseStarted)] == phases
    assert [event.phase for event in finished.of(PhaseEnded)] == phases
    assert 0.1 <= finished.of(PhaseEnded)[3].seconds < 5


async def test_ten_thousand_lines_arrive_in_order_and_whole(lab: Laboratory) -> None:
    lab.write(
        python(
            "import sys\n"
            "def evaluate(params):\n"
            "    for n in range(10_000): print('line', n, 'ä€😀' * 3)\n"
            "    print('no end', end='')\n"
            "    sys.stdout.buffer.write(b'\\xe2\\x82'); sys.stdout.flush()\n"
        )
    )
    finished = await lab.run("evaluate")
    expected = "".join(f"line {n} {'ä€😀' * 3}\n" for n in range(10_000)) + "no end\ufffd"
    assert finished.log() == expected


async def test_a_prompt_without_a_line_break_is_shown(lab: Laboratory, tmp_path: Path) -> None:
    lab.write(
        python(
            "import os, time\n"
            "def evaluate(params):\n"
            "    print('50%', end='')\n"
            "    while not os.path.exists(params['until']): time.sleep(0.01)\n"
            "    print('\\r100%')\n"
        )
    )
    started = await lab.start("evaluate", {"until": str(tmp_path / "go")})
    log = await lab.wait_event(started.id, lambda event: isinstance(event, Log))
    assert isinstance(log, Log) and log.text == "50%"
    (tmp_path / "go").touch()
    assert (await lab.finished(started.id)).log() == "50%\r100%\n"


async def test_a_reader_that_comes_back_misses_nothing(lab: Laboratory) -> None:
    lab.write(python("def evaluate(params):\n    for n in range(2000): print(n)"))
    started = await lab.start("evaluate")
    texts, offset = "", 0
    async with asyncio.timeout(20):
        while (await lab.operations.get(started.id)).outcome is None or not texts.endswith("1999\n"):
            async for batch in lab.operations.events(started.id, offset):
                texts += "".join(event.text for event in batch.events if isinstance(event, Log))
                offset = batch.offset
                break  # the connection is lost after every message
    assert texts == "".join(f"{n}\n" for n in range(2000))


async def test_the_page_hears_of_operations_states_and_functions(lab: Laboratory) -> None:
    lab.write(python("def createModelState(params): return b'x'\ndef evaluate(params): return 1"))
    finished = await lab.run("evaluate")
    await lab.operations.close()  # the last event is published right after the journal has its end
    lab.heard.end()
    heard: list[ModelEvent] = [event async for event in lab.heard]
    statuses = [event.operation.status for event in heard if isinstance(event, OperationChanged)]
    assert statuses == ["queued", "running", "running", "succeeded"]
    [states] = [event.states for event in heard if isinstance(event, StatesChanged)]
    models = [event.model for event in heard if isinstance(event, ModelChanged)]
    assert models[0].functions == ["createModelState", "evaluate"]
    assert models[-1].active_state_id == states[0].id == finished.operation.state_id


# --- values ---

ECHO = {
    "slipway.toml": """
[[evaluate_input]]
name = "number"
types = ["f64"]
[[evaluate_input]]
name = "matrix"
types = ["i64"]
shape = [-1, 2]
[[evaluate_input]]
name = "text"
types = ["string"]
default = "häí"
[[evaluate_input]]
name = "picture"
types = ["image"]
[[evaluate_output]]
name = "number"
types = ["f64"]
[[evaluate_output]]
name = "matrix"
types = ["i64"]
shape = [-1, 2]
""",
    "main.py": "def evaluate(params): return dict(params)\n",
}
PICTURE = {"format": "png", "base64": "iVBORw0KGgo="}


@pytest.mark.parametrize(
    "code",
    [
        {"main.py": "def evaluate(params): return dict(params)\n"},
        {"main.py": "async def evaluate(params): return [{'name': n, 'data': v} for n, v in params.items()]\n"},
        {"index.js": "exports.evaluate = (params) => params;\n"},
        {"index.ts": "export const evaluate = (params: object): object => new Map(Object.entries(params));\n"},
    ],
    ids=["python", "python-list", "commonjs", "typescript"],
)
async def test_values_go_in_and_come_out_unchanged(lab: Laboratory, code: dict[str, str]) -> None:
    lab.write({"slipway.toml": ECHO["slipway.toml"], **code})
    finished = await lab.run("evaluate", {"number": "nan", "matrix": [[1, 2], [3, 4]], "picture": PICTURE})
    assert finished.message == "Evaluated."
    outputs = {output.name: output.values[0] for output in (await lab.operations.result(finished.operation.id)).outputs}
    assert outputs["number"].elements == ["nan"]
    assert (outputs["matrix"].shape, outputs["matrix"].elements) == ([2, 2], [1, 2, 3, 4])
    assert (outputs["text"].type, outputs["text"].elements) == ("string", ["häí"])
    assert (outputs["picture"].type, outputs["picture"].blobs[0].format) == ("image", "png")
    path, blob, output = await lab.operations.blob(finished.operation.id, 0)
    assert (output, path.read_bytes(), blob.byte_size) == ("picture", b"\x89PNG\r\n\x1a\n", 8)
    with pytest.raises(OperationNotFound, match="no file 7"):
        await lab.operations.blob(finished.operation.id, 7)


async def test_parameters_that_do_not_fit_start_nothing(lab: Laboratory) -> None:
    lab.write(ECHO)
    with pytest.raises(InvalidRequest, match="number: expected a number") as refused:
        await lab.start("evaluate", {"number": "one", "matrix": [[1]]})
    assert len(refused.value.details["problems"]) == 3
    lab.write({"slipway.toml": "[[evaluate_input]]\nname = 1\n"})
    with pytest.raises(InvalidRequest, match="line 1"):
        await lab.start("evaluate")
    assert (await lab.operations.list(lab.model_id), lab.spawn.processes) == ([], [])


async def test_outputs_that_do_not_fit_their_definitions_are_named(lab: Laboratory) -> None:
    lab.write({"slipway.toml": "[[evaluate_output]]\nname = 'y'\ntypes = ['f64']\n"})
    for returned, problem in [
        ("{}", "no output 'y'"),
        ("{'y': 'a'}", "expected f64"),
        ("{'y': [1.5]}", "the shape []"),
    ]:
        lab.write(python(f"def evaluate(params): return {returned}"))
        finished = await lab.run("evaluate")
        assert finished.outcome == ("invalid_output", "evaluate")
        assert problem in finished.message
        with pytest.raises(OperationNotFound, match="has no result"):
            await lab.operations.result(finished.operation.id)


async def test_a_result_of_many_megabytes_goes_through(lab: Laboratory) -> None:
    lab.write(
        python(
            "def evaluate(params):\n"
            "    return {'file': {'data': bytes(5_000_000), 'format': 'bin'}, 'long': 'x' * 3_000_000,\n"
            "            'many': list(range(20_000))}\n"
        )
    )
    finished = await lab.run("evaluate")
    result = await lab.operations.result(finished.operation.id)
    file, long, many = (output.values[0] for output in result.outputs)
    assert (file.type, file.blobs[0].byte_size) == ("binary", 5_000_000)
    assert (len(long.elements[0]), long.truncated) == (1 << 20, True)
    assert (many.shape, len(many.elements), many.truncated) == ([20_000], 10_000, True)


async def test_a_large_parameter_is_read_but_not_kept_in_the_row(lab: Laboratory) -> None:
    lab.write(python("def evaluate(params): return len(params['x'])"))
    finished = await lab.run("evaluate", {"x": "y" * 3_000_000, "small": 1})
    assert await lab.output(finished.operation.id) == {"output": [3_000_000]}
    assert finished.operation.parameters == {"x": None, "small": 1}


# --- states ---

KEYED = [
    python(
        """
def createModelState(params): return {"a/b": b"1" * 3_000_000, ".": b"dot", "empty": b""}
def instantiateModel(state):
    global known
    known = state
def evaluate(params):
    if isinstance(known, bytes): return {"bytes": known.decode()}
    return {key: len(value) for key, value in known.items()}
def train(params, tracker): pass
def getModelState(): return [b"lear", b"ned"]
"""
    ),
    node(
        """
let known;
export function createModelState() {
  return { "a/b": Buffer.alloc(3_000_000), ".": Buffer.from("dot"), empty: new Uint8Array() };
}
export function instantiateModel(state) { known = state }
export function evaluate() {
  if (Buffer.isBuffer(known)) return { bytes: known.toString() };
  return Object.fromEntries(Object.entries(known).map(([key, value]) => [key, value.length]));
}
export function train() {}
export function getModelState() { return [Buffer.from("lear"), Buffer.from("ned")] }
"""
    ),
]


@pytest.mark.parametrize("files", KEYED, ids=["python", "node"])
async def test_a_state_comes_back_as_it_was_made(lab: Laboratory, files: dict[str, str]) -> None:
    lab.write(files)
    first = await lab.run("evaluate")
    assert await lab.output(first.operation.id) == {".": [3], "a/b": [3_000_000], "empty": [0]}
    active = await lab.active_state()
    assert first.operation.state_id == active is not None
    trained = await lab.run("train")
    assert await lab.active_state() == active
    newest, oldest = await lab.states.list(lab.model_id)
    assert (newest.id, newest.byte_size, oldest.byte_size) == (trained.operation.result_state_id, 7, 3_000_003)
    assert newest.name.startswith("trained ") and oldest.name.startswith("created ")
    assert (newest.operation_id, oldest.operation_id) == (trained.operation.id, first.operation.id)
    second = await lab.run("evaluate", state_id=newest.id)
    assert await lab.output(second.operation.id) == {"bytes": ["learned"]}


async def test_states_are_renamed_and_deleted_but_never_the_active_one(lab: Laboratory) -> None:
    lab.write(python("def createModelState(params): return b'x'"))
    first, second = [(await lab.run("createModelState")).operation.result_state_id for _ in range(2)]
    assert first is not None and second is not None
    assert await lab.active_state() == first
    assert (await lab.states.change(lab.model_id, second, StateChange(" better "))).name == "better"
    with pytest.raises(InvalidRequest, match="1 to 100 printable"):
        await lab.states.change(lab.model_id, second, StateChange(""))
    with pytest.raises(InvalidRequest, match="is the active state"):
        await lab.states.delete(lab.model_id, first)
    await lab.states.delete(lab.model_id, second)
    folder = lab.settings.data_dir / "models" / lab.model_id / "states"
    assert [path.name for path in folder.iterdir()] == [first]
    with pytest.raises(StateNotFound):
        await lab.start("evaluate", state_id=second)


async def test_a_failed_state_leaves_nothing(lab: Laboratory) -> None:
    lab.write(python("def createModelState(params): return {'a': b'1' * 2_000_000, 'b': 2}"))
    await lab.run("createModelState")
    assert list((lab.settings.data_dir / "models" / lab.model_id / "states").iterdir()) == []
    assert await lab.states.list(lab.model_id) == []


async def test_without_a_state_parameters_without_default_are_asked_for_first(lab: Laboratory) -> None:
    lab.write({"slipway.toml": "[[create_state]]\nname = 'size'\ntypes = ['i64']\n"})
    lab.write(
        python("def createModelState(params): return str(params['size']).encode()\ndef evaluate(params): return 1")
    )
    with pytest.raises(InvalidRequest, match="Create a state first"):
        await lab.start("evaluate")
    await lab.run("createModelState", {"size": 3})
    assert (await lab.run("evaluate")).operation.status == "succeeded"


async def test_operations_that_find_no_state_make_one_between_them(lab: Laboratory) -> None:
    lab.write(
        python(
            "import time\ndef createModelState(params): time.sleep(0.3); return b'x'\ndef evaluate(params): return 1"
        )
    )
    started = [await lab.start("evaluate") for _ in range(3)]
    ended = [(await lab.finished(each.id)).operation for each in started]
    assert [each.status for each in ended] == ["succeeded"] * 3
    (state,) = await lab.states.list(lab.model_id)
    assert {each.state_id for each in ended} == {state.id, await lab.active_state()}


async def test_an_instance_answers_in_the_modules_place(lab: Laboratory) -> None:
    lab.write(
        python(
            """
class Model:
    def __init__(self, state): self.state = state
    async def evaluate(self, params): return self.state.decode()
    def train(self, params, tracker): self.state += b"!"
    def getModelState(self): return self.state
    def dispose(self): print("disposed")
def createModelState(params): return b"hello"
def instantiateModel(state): return Model(state)
"""
        )
    )
    trained = await lab.run("train")
    evaluated = await lab.run("evaluate", state_id=trained.operation.result_state_id)
    assert await lab.output(evaluated.operation.id) == {"output": ["hello!"]}
    assert evaluated.log() == "disposed\n"
    assert evaluated.functions == [
        "createModelState",
        "instantiateModel",
        "evaluate",
        "train",
        "getModelState",
        "dispose",
    ]


@pytest.mark.parametrize(
    ("code", "noted"),
    [
        ("def dispose(): 1 / 0", "dispose failed: ZeroDivisionError"),
        ("import os\ndef dispose(): os._exit(1)", "dispose did not return"),
    ],
)
async def test_a_dispose_that_fails_is_noted_and_spoils_nothing(lab: Laboratory, code: str, noted: str) -> None:
    lab.write(python(f"def evaluate(params): return 1\n{code}"))
    finished = await lab.run("evaluate")
    assert finished.operation.status == "succeeded"
    assert noted in finished.log("stderr")


@pytest.mark.parametrize("template", [template.id for template in Templates().list()])
async def test_every_template_runs(lab: Laboratory, template: str) -> None:
    lab.write(Templates().files(template))
    evaluated = await lab.run("evaluate")
    assert evaluated.operation.status == "succeeded", evaluated.details
    result = await lab.operations.result(evaluated.operation.id)
    if template == "image":
        path, blob, _ = await lab.operations.blob(evaluated.operation.id, 0)
        assert (blob.format, path.read_bytes()[:8]) == ("png", b"\x89PNG\r\n\x1a\n")
        return
    assert result.outputs[0].values[0].elements == [0, 0, 0, 0]
    trained = await lab.run("train")
    losses = [value for name, _, value in trained.metrics if name == "loss" and value is not None]
    assert (len(losses), losses[-1] < 0.02 < 5 < losses[0]) == (1000, True)
    learned = await lab.run("evaluate", {"x": [10.0]}, state_id=trained.operation.result_state_id)
    [y] = (await lab.output(learned.operation.id))["y"]
    assert 31.5 < y < 32.5


# --- the queue, the end of the host ---


async def test_operations_wait_their_turn_in_order(tmp_path: Path) -> None:
    async with laboratory(tmp_path, max_launchers=1) as lab:
        lab.write(
            python(
                "import os, time\n"
                "def evaluate(params):\n"
                "    while not os.path.exists(params['until']): time.sleep(0.01)\n"
            )
        )
        wait = {"until": str(tmp_path / "go")}
        started = [await lab.start("evaluate", wait) for _ in range(4)]
        await lab.wait_event(started[0].id, lambda event: isinstance(event, PhaseStarted))
        assert [(await lab.operations.get(each.id)).status for each in started] == ["running"] + ["queued"] * 3
        await lab.operations.cancel(started[1].id)
        cancelled = await lab.finished(started[1].id)
        assert (cancelled.outcome, cancelled.operation.started_at) == (("cancelled", None), None)
        (tmp_path / "go").touch()
        ended = [(await lab.finished(each.id)).operation for each in (started[0], started[2], started[3])]
        assert [each.status for each in ended] == ["succeeded"] * 3
        times = [(each.started_at or 0, each.ended_at or 0) for each in ended]
        assert all(before[1] <= after[0] for before, after in pairwise(times))


async def test_a_stop_that_comes_before_the_first_step_stops(lab: Laboratory) -> None:
    lab.write(python("def evaluate(params):\n    while True: pass"))
    started = await lab.start("evaluate")
    await lab.operations.cancel(started.id)
    finished = await lab.finished(started.id)
    assert (finished.outcome, finished.of(PhaseStarted)) == (("cancelled", None), [])


async def test_an_end_that_cannot_be_written_keeps_no_place_in_the_queue(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with laboratory(tmp_path, max_launchers=1) as lab:
        lab.write(python("def evaluate(params): return {'y': 'long' * 10_000}"))
        fail = [True]

        def fails_once(folder: Path) -> None:
            if fail:
                fail.pop()
                raise OSError("the disk is gone")
            sync_result(folder)

        monkeypatch.setattr("ide_server.host.launchers.records.sync_result", fails_once)
        _, next_one = await lab.start("evaluate"), await lab.start("evaluate")
        assert (await lab.finished(next_one.id)).operation.status == "succeeded"


@pytest.mark.parametrize(
    ("result", "status"), [(None, "succeeded"), (b"", "interrupted"), (b"gone", "interrupted")], ids=str
)
async def test_an_end_whose_row_was_lost_is_read_from_the_journal_if_its_result_is_whole(
    tmp_path: Path, result: bytes | None, status: str
) -> None:
    async with laboratory(tmp_path) as lab:
        lab.write(python("def evaluate(params): return {'y': 1}"))
        done = (await lab.run("evaluate")).operation
        await lab.operations.wait_ended(done.id)
        path = lab.settings.data_dir / "operations" / done.id / "result.json"
        if result == b"gone":
            path.unlink()
        elif result is not None:
            path.write_bytes(result)
        await lab.catalog.operations.save(msgspec.structs.replace(done, status="running", ended_at=None, outcome=None))
    async with laboratory(tmp_path) as lab:
        found = await lab.finished(done.id)
        assert found.operation.status == status
        assert [event.outcome for event in found.of(Ended)][-1] == found.operation.outcome
        if result is None:
            assert found.operation == done
            assert await lab.output(done.id) == {"y": [1]}


async def test_a_short_operation_is_kept_whole_without_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("BATCH_SECONDS", "QUIET_SECONDS"):
        monkeypatch.setattr(f"ide_server.host.launchers.journal.{name}", 60.0)  # however slow the machine is
    async with laboratory(tmp_path) as lab:
        lab.write(python("def evaluate(params):\n    print('here')\n    return {'y': params['x']}"))
        new = NewOperation("evaluate", {"x": 7})
        operation, result = await lab.operations.run(lab.model_id, lambda definitions: (new, definitions))
        folder = lab.settings.data_dir / "operations" / operation.id
        assert not folder.exists()
    async with laboratory(tmp_path) as lab:
        finished = await lab.finished(operation.id)
        assert (finished.operation, finished.outcome, finished.log()) == (operation, ("succeeded", None), "here\n")
        assert [event.phase for event in finished.of(PhaseEnded)] == ["codeStartup", "instantiateModel", "evaluate"][
            ::2
        ]
        assert await lab.operations.result(operation.id) == result
        assert await lab.operations.request(operation.id) == new
        assert "".join([text async for text in await lab.operations.printed(operation.id)]) == "here\n"
        assert await lab.operations.bytes_after(operation.id, 0) > 0
        with pytest.raises(InvalidRequest, match="that this journal of"):
            await lab.operations.bytes_after(operation.id, 1)
        assert not folder.exists()
        await lab.operations.delete(operation.id)
        with pytest.raises(OperationNotFound):
            await lab.operations.result(operation.id)
        assert await lab.catalog.operations.record(operation.id) == (None, None, None)


async def test_an_end_that_cannot_be_written_into_its_row_ends_the_operation_all_the_same(
    lab: Laboratory, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.write(python("def evaluate(params): return {'y': 1}"))
    await lab.run("evaluate")

    async def fails(*_: object) -> None:
        raise OSError("database is full")

    monkeypatch.setattr(lab.catalog.operations, "save", fails)
    new = NewOperation("evaluate")
    operation, _ = await lab.operations.run(lab.model_id, lambda definitions: (new, definitions))
    assert operation.status == "succeeded"


async def test_with_its_model_an_operation_goes_and_leaves_nothing(lab: Laboratory) -> None:
    lab.write(python("def evaluate(params):\n    while True: pass"))
    running = await lab.start("evaluate")
    await lab.wait_event(running.id, lambda event: isinstance(event, PhaseStarted))
    await lab.catalog.models.delete(lab.model_id)
    await lab.operations.remove_all(lab.model_id)
    assert list((lab.settings.data_dir / "operations").iterdir()) == []


async def test_an_operation_that_cannot_be_written_down_leaves_nothing(
    lab: Laboratory, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_: Operation, **__: object) -> "asyncio.Future[None]":
        failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        failed.set_exception(OSError("database is full"))
        return failed

    monkeypatch.setattr(lab.catalog.operations, "create_soon", fails)
    tasks = len(asyncio.all_tasks())
    with pytest.raises(OSError, match="database is full"):
        await lab.start("evaluate")
    assert list((lab.settings.data_dir / "operations").iterdir()) == []
    assert len(asyncio.all_tasks()) == tasks


async def test_a_queue_that_is_full_says_so(lab: Laboratory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ide_server.host.launchers.operations.MAX_QUEUED", 0)
    lab.write(python("def evaluate(params): return 1"))
    finished = await lab.run("evaluate")
    assert (finished.outcome, finished.operation.status) == (("server_overloaded", None), "failed")


async def test_a_host_that_stops_says_so_and_keeps_what_was_written(tmp_path: Path) -> None:
    async with laboratory(tmp_path, max_launchers=1) as lab:
        lab.write(python("import time\ndef evaluate(params):\n    print('here')\n    time.sleep(1000)"))
        running, queued = await lab.start("evaluate"), await lab.start("evaluate")
        await lab.wait_event(running.id, lambda event: isinstance(event, Log))
    async with laboratory(tmp_path) as lab:
        for each, log in ((running, "here\n"), (queued, "")):
            finished = await lab.finished(each.id)
            assert (finished.outcome, finished.operation.status) == (("interrupted", None), "interrupted")
            assert "was stopped" in finished.message
            assert finished.log() == log


async def test_a_host_that_was_killed_marks_what_it_left_unfinished(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        lab.write(python("def evaluate(params): print('here')"))
        operation = (await lab.run("evaluate")).operation
        await lab.operations.wait_ended(operation.id)
        folder = lab.settings.data_dir / "operations" / operation.id
        whole = (folder / "events.jsonl").read_bytes().splitlines(keepends=True)
        (folder / "events.jsonl").write_bytes(b"".join(whole[:-1]) + whole[-1][:20])
        draft = lab.settings.data_dir / "models" / lab.model_id / "states" / ".draft-x"
        draft.mkdir(parents=True)
        await lab.catalog.operations.save(
            msgspec.structs.replace(operation, status="running", ended_at=None, outcome=None)
        )
    async with laboratory(tmp_path) as lab:
        finished = await lab.finished(operation.id)
        assert (finished.outcome, finished.operation.status) == (("interrupted", None), "interrupted")
        assert finished.log() == "here\n"
        assert len(finished.of(Ended)) == 1
        assert not draft.exists()


async def test_an_ended_operation_is_removed_with_its_files(lab: Laboratory) -> None:
    lab.write(python("import time\ndef evaluate(params): time.sleep(params['seconds'])"))
    ended, running = (
        (await lab.run("evaluate", {"seconds": 0})).operation,
        await lab.start("evaluate", {"seconds": 1000}),
    )
    with pytest.raises(OperationEnded, match="Stop it before"):
        await lab.operations.delete(running.id)
    await lab.operations.delete(ended.id)
    with pytest.raises(OperationNotFound):
        await lab.operations.get(ended.id)
    await lab.operations.remove_all(lab.model_id)
    assert list((lab.settings.data_dir / "operations").iterdir()) == []
    assert await lab.operations.list(lab.model_id) == []
