"""Runners that break the protocol on purpose: each ends or limits its own operation and nothing else."""

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ide_server.wire import Log, Metric, OperationKind, PhaseStarted
from tests.support.local_launchers import PROGRAMS, Laboratory, laboratory
from tests.support.memory import memory_growth

pytestmark = pytest.mark.anyio

SPEAK = """
import json, os, socket, struct, sys, time
host = socket.socket(fileno=3)
def receive():
    (size,) = struct.unpack(">I", host.recv(4, socket.MSG_WAITALL))
    return json.loads(host.recv(size, socket.MSG_WAITALL))
def say(header, *parts):
    text = json.dumps({**header, "parts": [len(part) for part in parts]}).encode()
    host.sendall(struct.pack(">I", len(text)) + text + b"".join(parts))
def answer(**more):
    request = receive()
    say({"type": "returned", "id": request["id"], "functions": ["createModelState", "evaluate", "train"], **more})
    return request
"""


@pytest.fixture
async def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Laboratory]:
    monkeypatch.setattr("ide_server.host.launchers.launcher.EXIT_SECONDS", 0.2)
    async with laboratory(tmp_path, code_startup_seconds=1, evaluate_seconds=1) as made:
        made.write({"main.py": "def evaluate(params): return 'honest'"})
        yield made


def speaks(lab: Laboratory, code: str) -> None:
    lab.spawn.arguments = (PROGRAMS["python"], "-u", "-c", SPEAK + code)


def metric(element_type: str, shape: str, part: str) -> str:
    header = f'"type": "metric_tensor", "name": "a", "step": 0, "element_type": "{element_type}", "shape": {shape}'
    return f"say({{{header}}}, {part}); time.sleep(1000)"


BREAKS = {
    "garbage": 'host.sendall(b"GET / HTTP/1.1\\r\\n\\r\\n"); time.sleep(1000)',
    "huge header": 'host.sendall(b"\\xff\\xff\\xff\\xff"); time.sleep(1000)',
    "huge part": 'say({"type": "blob", "parts": [1 << 40]}, b""); host.sendall(b"x"); time.sleep(1000)',
    "no json": 'host.sendall(struct.pack(">I", 4) + b"nope"); time.sleep(1000)',
    "deep json": 'host.sendall(struct.pack(">I", 200000) + b"[" * 200000); time.sleep(1000)',
    "unknown message": 'say({"type": "shutdown"}); time.sleep(1000)',
    "another answer": 'say({"type": "returned", "id": 99, "functions": []}); time.sleep(1000)',
    "unknown blob": 'say({"type": "read", "id": 1, "blob": 5, "offset": 0, "size": 10}); time.sleep(1000)',
    "state at the wrong time": 'say({"type": "state", "key": "a"}, b"1"); time.sleep(1000)',
    "state without bytes": 'say({"type": "state", "key": "a"}); time.sleep(1000)',
    "checkpoint at the wrong time": 'say({"type": "checkpoint", "key": "a"}, b"1"); time.sleep(1000)',
    "end of a checkpoint at the wrong time": 'say({"type": "checkpointed"}); time.sleep(1000)',
    "metric of no numbers": metric("string", "[1]", 'b"1"'),
    "metric of too many numbers": metric("u8", "[1000000]", 'b"1" * 1000000'),
    "metric without its numbers": metric("f64", "[3]", 'b"1"'),
    "output at the wrong time": 'say({"type": "output", "name": "a"}); time.sleep(1000)',
    "closed connection": "host.shutdown(socket.SHUT_RDWR); host.close(); time.sleep(1000)",
}


@pytest.mark.parametrize("code", BREAKS.values(), ids=BREAKS.keys())
async def test_a_runner_that_breaks_the_protocol_is_ended(lab: Laboratory, code: str) -> None:
    speaks(lab, code)
    finished = await lab.run("evaluate")
    assert finished.outcome == ("launcher_terminated", "codeStartup")
    lab.spawn.arguments = None
    assert (await lab.run("evaluate")).operation.status == "succeeded"


OUTPUT = 'say({"type": "output", "name": "a"}); '


def value(element_type: str, shape: str, byte_size: int, part: str, files: str = "[]") -> str:
    header = f'"type": "value", "element_type": "{element_type}", "shape": {shape}, "byte_size": {byte_size}'
    return f'say({{{header}, "files": {files}}}, {part}); '


RESULTS = {
    "a value before its output": value("u8", "[]", 1, 'b"1"'),
    "more of no value": OUTPUT + 'say({"type": "elements"}, b"1")',
    "bytes that are not its elements": OUTPUT + value("f64", "[1000000]", 1, 'b"1"'),
    "more bytes than its elements": OUTPUT + value("u8", "[2]", 2, 'b"123"'),
    "another output within a value": OUTPUT + value("u8", "[2]", 2, 'b"1"') + 'say({"type": "output", "name": "b"})',
    "texts that nest": OUTPUT + value("string", "[1]", 7, 'b"[[\\"a\\"]]"'),
    "texts that are no JSON": OUTPUT + value("string", "[1]", 4, 'b"nope"'),
    "fewer texts than its shape": OUTPUT + value("string", "[2]", 5, 'b"[\\"a\\"]"'),
    "a file without its size": OUTPUT + value("image", "[]", 1, 'b"1"'),
    "a file of another size": OUTPUT + value("image", "[]", 1, 'b"1"', '[{"format": "png", "byte_size": 2}]'),
}


@pytest.mark.parametrize("code", RESULTS.values(), ids=RESULTS.keys())
async def test_a_result_that_contradicts_itself_is_no_result(lab: Laboratory, code: str) -> None:
    lab.write({"slipway.toml": ""})
    speaks(lab, f'answer(functions=["evaluate"]); receive(); {code}\ntime.sleep(1000)')
    finished = await lab.run("evaluate")
    assert finished.outcome == ("launcher_terminated", "evaluate")
    assert "broke its protocol" in finished.message


async def test_a_value_that_is_not_whole_is_an_invalid_output(lab: Laboratory) -> None:
    said = OUTPUT + value("u8", "[2]", 2, 'b"1"')
    returned = 'say({"type": "returned", "id": request["id"], "functions": []})'
    speaks(lab, f'answer(functions=["evaluate"]); request = receive(); {said}{returned}\ntime.sleep(1000)')
    assert (await lab.run("evaluate")).outcome == ("invalid_output", "evaluate")


async def test_too_many_outputs_are_an_invalid_output(lab: Laboratory) -> None:
    speaks(
        lab,
        'answer(functions=["evaluate"]); receive()\n'
        'for n in range(2000): say({"type": "output", "name": str(n)})\n'
        "time.sleep(1000)",
    )
    assert (await lab.run("evaluate")).outcome == ("invalid_output", "evaluate")


async def test_too_many_keys_are_an_invalid_state(lab: Laboratory) -> None:
    speaks(
        lab,
        'answer(functions=["createModelState"]); receive()\n'
        'for n in range(200): say({"type": "state", "key": str(n)}, b"1")\n'
        "time.sleep(1000)",
    )
    finished = await lab.run("createModelState")
    assert finished.outcome == ("invalid_output", "createState")
    assert list((lab.settings.data_dir / "models" / lab.model_id / "states").iterdir()) == []


@pytest.mark.parametrize("key", ["../../escape", "/etc/passwd", "..", ".", "a\0b", "%2e%2e"])
async def test_no_key_of_a_state_leaves_its_folder(lab: Laboratory, key: str) -> None:
    speaks(
        lab,
        f'answer(functions=["createModelState"]); request = receive(); say({{"type": "state", "key": {key!r}}}, b"1")\n'
        'say({"type": "returned", "id": request["id"], "functions": []}); time.sleep(1000)',
    )
    finished = await lab.run("createModelState")
    assert finished.operation.status == "succeeded"
    assert finished.operation.result_state_id is not None
    keys = await lab.states.keys(lab.model_id, finished.operation.result_state_id)
    folder = lab.settings.data_dir / "models" / lab.model_id / "states" / finished.operation.result_state_id
    assert list(keys) == [key]
    assert [path.parent for path in keys.values()] == [folder]
    assert keys[key].read_bytes() == b"1"


async def test_a_key_that_is_no_name_for_a_file_is_an_invalid_state(lab: Laboratory) -> None:
    speaks(
        lab,
        'answer(functions=["createModelState"]); receive(); say({"type": "state", "key": "\\u20ac" * 80}, b"1")\n'
        "time.sleep(1000)",
    )
    assert (await lab.run("createModelState")).outcome == ("invalid_output", "createState")


@pytest.mark.parametrize(
    ("code", "kind", "at"),
    [
        ("def createModelState(params): return b'x'", "createModelState", "createState"),
        ("class Png:\n    _repr_png_ = lambda self: b'x'\ndef evaluate(params): return Png()", "evaluate", "evaluate"),
    ],
)
async def test_what_code_returns_does_not_fill_the_servers_disk(
    lab: Laboratory, monkeypatch: pytest.MonkeyPatch, code: str, kind: OperationKind, at: str
) -> None:
    monkeypatch.setattr("ide_server.host.disk.RESERVE_BYTES", 1 << 60)
    lab.write({"main.py": code})
    finished = await lab.run(kind)
    assert finished.outcome == ("launcher_terminated", at), finished.details
    assert "MiB free" in finished.message


async def test_a_format_is_a_word_and_no_line(lab: Laboratory) -> None:
    said = value("image", "[]", 1, 'b"x"', '[{"format": "png\\n", "byte_size": 1}]')
    speaks(lab, f'answer(functions=["evaluate"]); receive(); {OUTPUT}{said}time.sleep(1000)')
    assert (await lab.run("evaluate")).outcome == ("launcher_terminated", "evaluate")


async def test_a_text_that_is_half_a_character_is_kept_as_far_as_it_can_be(lab: Laboratory) -> None:
    text = '"[" + json.dumps("\\ud83d" + "x" * (2 << 20)) + "]"'
    speaks(
        lab,
        f'answer(functions=["evaluate"]); request = receive(); text = ({text}).encode(); {OUTPUT}'
        + value("string", "[1]", 0, "text").replace('"byte_size": 0', '"byte_size": len(text)')
        + 'say({"type": "returned", "id": request["id"], "functions": []}); time.sleep(1000)',
    )
    finished = await lab.run("evaluate")
    assert finished.operation.status == "succeeded", finished.message
    [text] = (await lab.output(finished.operation.id))["a"]
    assert text.startswith("?xxx")


async def test_silence_ends_with_the_time_of_the_phase(lab: Laboratory) -> None:
    speaks(lab, "time.sleep(1000)")
    assert (await lab.run("evaluate")).outcome == ("max_duration_exceeded", "codeStartup")


async def test_half_a_frame_ends_with_the_time_of_the_phase(lab: Laboratory) -> None:
    speaks(lab, 'host.sendall(b"\\0\\0"); time.sleep(1000)')
    assert (await lab.run("evaluate")).outcome == ("max_duration_exceeded", "codeStartup")


async def test_a_runner_that_never_reads_ends_with_the_time_of_the_phase(lab: Laboratory) -> None:
    speaks(
        lab,
        'answer(functions=["evaluate"]); request = receive()\n'
        'while True: say({"type": "read", "id": 1, "blob": 0, "offset": 0, "size": 1 << 20})',
    )
    assert (await lab.run("evaluate", {"x": "y" * 2_000_000})).outcome == ("max_duration_exceeded", "evaluate")


async def test_a_forked_child_that_keeps_the_socket_and_the_pipes_delays_nobody(
    lab: Laboratory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ide_server.host.launchers.launcher.DRAIN_SECONDS", 0.2)
    speaks(lab, 'os.setsid() if os.fork() == 0 else print("parent") or os._exit(7)\ntime.sleep(3)')
    began = time.monotonic()
    finished = await lab.run("evaluate")
    outcome = finished.operation.outcome
    assert outcome is not None
    assert (outcome.kind, outcome.exit_code, finished.log()) == ("code_terminated", 7, "parent\n")
    assert time.monotonic() - began < 2


async def test_a_child_that_the_code_forks_does_not_speak_for_it(lab: Laboratory) -> None:
    lab.write(
        {
            "main.py": "import os\n"
            "def train(params, tracker):\n"
            "    if os.fork() == 0:\n"
            "        tracker.metrics({'from the child': 1})\n"
            "        os._exit(0)\n"
            "    os.wait()\n"
            "    tracker.metrics({'from the parent': 1})\n"
        }
    )
    finished = await lab.run("train")
    assert finished.operation.status == "succeeded"
    assert finished.metrics == [("from the parent", 0, 1.0)]


@pytest.mark.parametrize(
    "files",
    [
        {
            "main.py": "import subprocess\n"
            "def evaluate(params): return subprocess.run(['ls', '-l', '/proc/self/fd'], capture_output=True).stdout"
        },
        {
            "index.mjs": "import { execFileSync } from 'node:child_process';\n"
            "export const evaluate = () => execFileSync('ls', ['-l', '/proc/self/fd']);"
        },
    ],
    ids=["python", "node"],
)
async def test_programs_that_the_code_starts_do_not_inherit_the_socket(lab: Laboratory, files: dict[str, str]) -> None:
    (lab.files / "main.py").unlink()
    lab.write(files)
    finished = await lab.run("evaluate")
    assert finished.operation.status == "succeeded", finished.details
    path, *_ = await lab.operations.blob(finished.operation.id, 0)
    listing = path.read_text()
    assert " 2 -> " in listing
    assert " 3 -> socket:" not in listing


async def test_metrics_beyond_the_limit_are_dropped_with_a_notice(
    lab: Laboratory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ide_server.host.launchers.reports.MAX_METRICS", 100)
    lab.write({"main.py": "def train(params, tracker):\n    for n in range(1000): tracker.metrics({'n': n})"})
    finished = await lab.run("train")
    assert finished.operation.status == "succeeded"
    assert len(finished.of(Metric)) == 100
    assert finished.log("stderr") == "[More than 100 metrics: the rest is dropped.]\n"


async def test_a_flood_of_output_is_bounded_and_holds_nobody_up(
    lab: Laboratory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ide_server.host.launchers.run.MAX_LOG_BYTES", 1 << 20)
    lab.write({"main.py": "def train(params, tracker):\n    for n in range(20_000): print('x' * 1000)"})
    finished = await lab.run("train")
    assert finished.operation.status == "succeeded"
    assert (1 << 20) <= len(finished.log()) < (1 << 20) + 2000
    assert "The log is full" in finished.log("stderr")


FLOODS = {
    "metrics": 'say({"type": "metrics", "metrics": [["n" * 200, 1, 1.0]] * 1000})',
    "tensors": 'say({"type": "metric_tensor", "name": "n", "step": 0, "element_type": "u8", "shape": [10000]}, '
    'b"1" * 10000)',
    "progress": 'say({"type": "progress", "fraction": 0.5})',
    "log": 'print("x" * 100_000)',
    "values": 'say({"type": "output", "name": str(time.time())}); '
    'say({"type": "value", "element_type": "u8", "shape": [1000000], "byte_size": 1000000}, b"1" * 1000000)',
    "readies": 'say({"type": "ready", "language": "python", "version": "x" * 100})',
}


@pytest.mark.parametrize("flood", FLOODS.values(), ids=FLOODS.keys())
async def test_a_flood_does_not_grow_the_hosts_memory(lab: Laboratory, flood: str) -> None:
    speaks(lab, f'answer(functions=["evaluate"]); receive()\nwhile True: {flood}')
    with memory_growth() as growth:
        started = await lab.start("evaluate")
        await lab.wait_ended(started.id)
    operation = await lab.operations.get(started.id)
    assert operation.outcome is not None
    assert operation.outcome.kind in ("max_duration_exceeded", "invalid_output")
    assert growth.mebibytes < 64


async def test_one_operation_that_floods_leaves_the_others_quick(lab: Laboratory) -> None:
    lab.write(
        {"main.py": "def train(params, tracker):\n    while True: print('x' * 1000)\ndef evaluate(params): return 1"}
    )
    flooding = await lab.start("train")
    await lab.wait_event(flooding.id, lambda event: isinstance(event, Log))
    assert (await lab.run("evaluate")).operation.status == "succeeded"
    await lab.operations.cancel(flooding.id)
    await lab.operations.cancel(flooding.id)


async def test_silence_can_be_stopped(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        lab.write({"main.py": ""})
        speaks(lab, "time.sleep(1000)")
        started = await lab.start("evaluate")
        await lab.wait_event(started.id, lambda event: isinstance(event, PhaseStarted))
        await lab.operations.cancel(started.id)
        assert (await lab.finished(started.id)).outcome == ("cancelled", None)
