"""A model's secrets reach its code, and nothing that is kept of what the code says."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ide_server.host.launchers import outcomes
from ide_server.host.launchers.launcher import CallFailed
from ide_server.host.variables import PassedVariables
from ide_server.wire import Log, Outcome, Phase
from tests.support.local_launchers import Laboratory, laboratory

pytestmark = pytest.mark.anyio

SECRET = "correct horse 'battery' staple"
TOKEN = "tok-4711-0815"

PYTHON = """
import base64, os, sys, time
SECRET, TOKEN = os.environ["SECRET"], os.environ["TOKEN"]

def evaluate(params):
    print("the secret is", SECRET)
    print(repr(SECRET), base64.b64encode(("user:" + TOKEN).encode()).decode(), file=sys.stderr)
    for character in TOKEN:
        print(end=character, flush=True)
        time.sleep(0.02)
    print()
    return {TOKEN: "a " + SECRET, "all": [SECRET, "plain"], "number": 4711}

def createModelState(params):
    return b"state"

def train(params, tracker):
    tracker.metrics({"loss " + TOKEN: 1.0})
    raise ValueError(f"cannot reach https://host/?token={TOKEN} with {SECRET!r}")
"""

NODE = """
exports.evaluate = () => {
  console.log("the secret is", process.env.SECRET);
  throw new Error(`cannot reach https://host/?token=${process.env.TOKEN}`);
};
"""


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Laboratory]:
    async with laboratory(tmp_path) as made:
        made.spawn.variables = PassedVariables(
            {"SECRET": SECRET, "TOKEN": TOKEN, "MODE": "plain"}, frozenset({SECRET, TOKEN}), 1
        )
        yield made


def kept(lab: Laboratory) -> str:
    """All that is in files and in the database, but for the model's own files."""
    files = [path for path in lab.settings.data_dir.rglob("*") if path.is_file()]
    return "".join(path.read_bytes().decode(errors="replace") for path in files)


async def test_a_run_has_the_secrets_and_its_log_and_result_do_not(lab: Laboratory) -> None:
    lab.write({"main.py": PYTHON})
    finished = await lab.run("evaluate")
    assert finished.outcome == ("succeeded", None)
    assert finished.log() == "the secret is ***\n***\n"
    assert finished.log("stderr").splitlines()[0].startswith('"***" dXNlc')
    assert await lab.output(finished.operation.id) == {"***": ["a ***"], "all": ["***", "plain"], "number": [4711]}
    assert SECRET not in kept(lab) and TOKEN not in kept(lab)


async def test_texts_too_long_for_the_page_are_kept_without_the_secret(lab: Laboratory) -> None:
    lab.write({"main.py": "import os\ndef evaluate(params):\n    return [os.environ['SECRET']] * 50_000\n"})
    finished = await lab.run("evaluate")
    assert finished.outcome == ("succeeded", None)
    result = await lab.operations.result(finished.operation.id)
    [value] = result.outputs[0].values
    assert set(value.elements) == {"***"}
    path, *_ = await lab.operations.blob(finished.operation.id, value.blobs[0].index)
    assert json.loads(path.read_bytes()) == ["***"] * 50_000
    assert SECRET not in kept(lab)


async def test_an_exception_and_metrics_do_not_tell_a_secret(lab: Laboratory) -> None:
    lab.write({"main.py": PYTHON})
    finished = await lab.run("train")
    assert finished.outcome == ("exception", "train")
    assert finished.message == 'ValueError: cannot reach https://host/?token=*** with "***"'
    assert "***" in finished.details and "main.py" in finished.details
    assert finished.metrics == [("loss ***", 0, 1.0)]
    assert SECRET not in kept(lab) and TOKEN not in kept(lab)


async def test_node_says_no_secret_either(lab: Laboratory) -> None:
    lab.write({"index.js": NODE})
    finished = await lab.run("evaluate")
    assert finished.log() == "the secret is ***\n"
    assert "token=***" in finished.message
    assert SECRET not in kept(lab) and TOKEN not in kept(lab)


async def test_what_every_watcher_hears_has_no_secret(lab: Laboratory) -> None:
    lab.write({"main.py": PYTHON})
    finished = await lab.run("train")
    await lab.operations.delete(finished.operation.id)  # which waits until its end was told
    lab.heard.end()
    heard = "".join(map(repr, [event async for event in lab.heard]))
    assert "token=***" in heard
    assert SECRET not in heard and TOKEN not in heard


async def test_a_fault_of_the_server_is_logged_without_what_led_to_it(
    lab: Laboratory, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def faulty(failed: CallFailed, _: Phase) -> Outcome:
        raise RuntimeError(f"a fault: {failed.said.message}") from failed

    monkeypatch.setattr(outcomes, "call_failed", faulty)
    lab.write({"main.py": PYTHON})
    assert (await lab.run("train")).outcome == ("launcher_terminated", None)
    assert "RuntimeError: a fault" in caplog.text and "token=***" in caplog.text
    assert SECRET not in caplog.text and TOKEN not in caplog.text


async def test_variables_that_are_not_secret_are_not_masked(lab: Laboratory) -> None:
    lab.spawn.variables = PassedVariables({"MODE": "plain words"}, frozenset(), 1)
    lab.write({"main.py": "import os\ndef evaluate(params):\n    print(os.environ['MODE'])\n"})
    finished = await lab.run("evaluate")
    assert [event.text for event in finished.of(Log)] == ["plain words\n"]
