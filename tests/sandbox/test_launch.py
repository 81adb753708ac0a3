"""Launchers in real sandboxes: the limits of the machine, and what the code sees there."""

import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from ide_server.host.environments import Environments
from ide_server.host.launchers import Checks, SandboxSpawn
from ide_server.host.sandbox import Sandboxes
from ide_server.host.templates import Templates
from ide_server.settings import Settings
from ide_server.wire import CodeCheck, PhaseEnded, PhaseStarted
from tests.service.test_launcher import talk
from tests.support.equipment import GivenEquipment
from tests.support.local_launchers import FolderMounts, Laboratory, laboratory

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.sandbox,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root, as its sandboxes map users of their own"),
    pytest.mark.skipif(shutil.which("runc") is None, reason="needs runc: apt-get install runc"),
]


@asynccontextmanager
async def real_spawn(settings: Settings, mounts: FolderMounts) -> AsyncIterator[SandboxSpawn]:
    sandboxes, environments = Sandboxes(settings), Environments(settings)
    await sandboxes.remove_stale()
    try:
        equipment = GivenEquipment(await environments.default())
        yield SandboxSpawn(settings, mounts, equipment, sandboxes)  # type: ignore[arg-type]  # a fake
        assert not +equipment.held
    finally:
        await sandboxes.close()
        await environments.close()


@pytest.fixture(scope="module")
def data_dir() -> Iterator[Path]:
    """Reachable by a sandbox's users, as pytest's own folders are not; shared, as it holds the environment."""
    folder = Path(tempfile.mkdtemp(prefix="slipway-launch-", dir="/var/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
async def lab(data_dir: Path) -> AsyncIterator[Laboratory]:
    async with laboratory(data_dir, spawned_by=real_spawn, launcher_memory_mebibytes=128, network="none") as made:
        for path in made.files.iterdir():
            path.unlink()
        yield made


@pytest.mark.parametrize("template", [template.id for template in Templates().list()])
async def test_every_template_evaluates(lab: Laboratory, template: str) -> None:
    lab.write(Templates().files(template))
    finished = await lab.run("evaluate")
    assert finished.operation.status == "succeeded", finished.message + finished.details + finished.log("stderr")
    assert [event.phase for event in finished.of(PhaseEnded)][-1] == "evaluate"


async def test_the_runner_needs_no_compiling_in_its_sandbox(lab: Laboratory) -> None:
    lab.write(
        {
            "main.py": "import os, slipway_runner.serve as serve\n"
            "def evaluate(params): return {'cached': os.path.exists(serve.__cached__), 'source': serve.__file__}\n"
        }
    )
    finished = await lab.run("evaluate")
    assert await lab.output(finished.operation.id) == {
        "cached": [True],
        "source": ["/opt/slipway/runner/python/slipway_runner/serve.py"],
    }


async def test_the_linear_regression_trains_into_a_state_that_is_used(lab: Laboratory) -> None:
    lab.write(Templates().files("linear-regression"))
    trained = await lab.run("train")
    evaluated = await lab.run("evaluate", {"x": [10.0]}, state_id=trained.operation.result_state_id)
    [y] = (await lab.output(evaluated.operation.id))["y"]
    assert 31.5 < y < 32.5


async def test_paths_are_as_the_person_knows_them(lab: Laboratory) -> None:
    lab.write({"main.py": "def evaluate(params):\n    return 1 / 0\n"})
    finished = await lab.run("evaluate")
    assert finished.details == (
        "Traceback (most recent call last):\n"
        '  File "/model/main.py", line 2, in evaluate\n'
        "    return 1 / 0\n"
        "           ~~^~~\n"
        "ZeroDivisionError: division by zero\n"
    )


@pytest.mark.parametrize(
    "files",
    [
        {"main.py": "def evaluate(params):\n    held = []\n    while True: held.append(bytearray(1 << 20))\n"},
        {"index.mjs": "export function evaluate() { const held = []; for (;;) held.push(Buffer.alloc(1 << 20, 1)) }\n"},
    ],
    ids=["python", "node"],
)
async def test_running_out_of_memory_is_named_as_such(lab: Laboratory, files: dict[str, str]) -> None:
    lab.write(files)
    finished = await lab.run("evaluate")
    outcome = finished.operation.outcome
    assert outcome is not None
    assert (outcome.kind, outcome.at, outcome.oom) == ("code_terminated", "evaluate", True)
    assert "Its launcher could use 128 MiB" in outcome.message


@pytest.mark.parametrize(
    ("code", "exit_code", "killed_by"),
    [("import sys; sys.exit(9)", 9, None), ("import ctypes; ctypes.string_at(0)", None, "SIGSEGV")],
)
async def test_how_the_code_ended_is_known(
    lab: Laboratory, code: str, exit_code: int | None, killed_by: str | None
) -> None:
    lab.write({"main.py": f"def evaluate(params):\n    {code}\n"})
    outcome = (await lab.run("evaluate")).operation.outcome
    assert outcome is not None
    assert (outcome.kind, outcome.exit_code, outcome.signal) == ("code_terminated", exit_code, killed_by)


async def test_an_endless_loop_is_stopped(lab: Laboratory) -> None:
    lab.write({"main.py": "def evaluate(params):\n    while True: pass\n"})
    started = await lab.start("evaluate")
    await lab.wait_event(started.id, lambda event: isinstance(event, PhaseStarted) and event.phase == "evaluate")
    await lab.operations.cancel(started.id)
    assert (await lab.finished(started.id)).outcome == ("cancelled", None)


async def test_what_the_code_leaves_running_ends_with_it(lab: Laboratory) -> None:
    lab.write(
        {
            "main.py": "import subprocess\n"
            "def evaluate(params):\n"
            "    subprocess.Popen(['sleep', '1000'], start_new_session=True)\n"
            "    return sorted(__import__('os').listdir('/opt/slipway/runner'))\n"
        }
    )
    finished = await lab.run("evaluate")
    assert finished.operation.status == "succeeded"
    assert "python" in (await lab.output(finished.operation.id))["output"]


async def test_the_code_cannot_change_its_runner(lab: Laboratory) -> None:
    lab.write({"main.py": "def evaluate(params): open('/opt/slipway/runner/python/__main__.py', 'a')\n"})
    finished = await lab.run("evaluate")
    assert finished.outcome == ("exception", "evaluate")
    assert "Permission denied" in finished.message


async def test_code_is_checked_in_a_sandbox(lab: Laboratory) -> None:
    lab.write({"main.py": "import os\nos.listdir('/nowhere')\n", "other.py": "def (\n"})
    mounts: Any = lab.mounts
    checks = Checks(lab.operations.launches, lab.catalog, mounts, lab.spawn, saw_functions=lab.operations.saw_functions)
    found = await checks.check(lab.model_id)
    places = [(problem.path, problem.line, problem.kind) for problem in found.problems]
    assert places == [("main.py", 2, "exception"), ("other.py", 1, "syntax")]
    lab.write({"main.py": "def evaluate(params): pass\n", "other.py": ""})
    assert await checks.check(lab.model_id) == CodeCheck(["evaluate"], [])


async def test_a_launcher_restarts_within_its_sandbox(lab: Laboratory, tmp_path: Path) -> None:
    async with talk(lab, tmp_path, "python", {"main.py": "def evaluate(params): return 'old'\n"}) as launcher:
        assert await launcher.evaluate() == {"output": "old"}
        lab.write({"main.py": "def evaluate(params): return 'new'\n"})
        await launcher.launcher.restart()
        assert await launcher.launcher.load() == ["evaluate"]
        assert await launcher.evaluate() == {"output": "new"}
