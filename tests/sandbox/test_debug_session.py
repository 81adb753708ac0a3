"""A debug session in a real sandbox."""

import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from ide_server.wire import CallState
from tests.sandbox.test_launch import real_spawn
from tests.support.debug_sessions import started
from tests.support.local_launchers import Laboratory, laboratory

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.sandbox,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root, as its sandboxes map users of their own"),
    pytest.mark.skipif(shutil.which("runc") is None, reason="needs runc: apt-get install runc"),
]

CODE = """
held = None
def createModelState(params): return b"seven"
def instantiateModel(state):
    global held
    held = state
def evaluate(params):
    return {"y": len(bytearray(params["bytes"])) if "bytes" in params else len(held)}
"""


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """Reachable by a sandbox's users, as pytest's own folders are not."""
    folder = Path(tempfile.mkdtemp(prefix="slipway-debug-", dir="/var/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
async def lab(data_dir: Path) -> AsyncIterator[Laboratory]:
    async with laboratory(data_dir, spawned_by=real_spawn, launcher_memory_mebibytes=128, network="none") as made:
        yield made


async def test_functions_are_called_until_the_memory_is_too_small_for_one(lab: Laboratory) -> None:
    session = await started(lab, CODE)
    await session.call("createModelState")
    await session.call("instantiateModel", state=CallState(call=2))
    await session.call("evaluate")
    assert await session.output(4) == {"y": [5]}
    lab.write({"main.py": CODE.replace("len(held)", "2 * len(held)")})
    assert (await session.call("load")).outcome == "succeeded"
    await session.call("instantiateModel", state=CallState(call=2))
    await session.call("evaluate")
    assert await session.output(7) == {"y": [10]}
    told = await session.call("evaluate", {"bytes": 1 << 30})
    assert (told.outcome, told.end.outcome.oom) == ("code_terminated", True)
    operation = await session.ended()
    assert operation.outcome is not None and operation.outcome.oom
