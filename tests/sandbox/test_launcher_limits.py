"""What launchers may use, and what they are seen to use, in real sandboxes."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from ide_server.host.sandbox import Sandboxes
from ide_server.host.sandbox.cgroups import Cgroups, find_cgroups
from ide_server.host.sandbox.usage import of_processes
from ide_server.wire import LauncherChoice, LauncherUsage, NewOperation, PhaseStarted, SpecChoice
from tests.sandbox.test_launch import real_spawn
from tests.support.local_launchers import Laboratory, laboratory
from tests.support.mounted_models import until
from tests.support.sandboxes import spec

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.sandbox,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root, as its sandboxes map users of their own"),
    pytest.mark.skipif(shutil.which("runc") is None, reason="needs runc: apt-get install runc"),
]

MEBIBYTE = 1 << 20
CODE = """
import os, time
def evaluate(params):
    if params.get("work"):
        held = bytearray(b"x" * (32 << 20))
        with open("/tmp/scratch", "wb") as file: file.write(bytes(16 << 20))
        while True: pass
    return os.getpid()
"""


@pytest.fixture(scope="module")
def data_dir() -> Iterator[Path]:
    """Reachable by a sandbox's users, as pytest's own folders are not; shared, as it holds the environment."""
    folder = Path(tempfile.mkdtemp(prefix="slipway-limits-", dir="/var/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
async def lab(data_dir: Path) -> AsyncIterator[Laboratory]:
    async with laboratory(
        data_dir, spawned_by=real_spawn, network="none", launcher_idle_seconds=600.0, max_launchers=3
    ) as made:
        made.write({"main.py": CODE})
        yield made


def cgroups_of(lab: Laboratory) -> Cgroups:
    cgroups = find_cgroups(lab.settings.run_path)
    if cgroups.missing:
        pytest.skip(f"needs control groups: {cgroups.missing}")
    return cgroups


def limits_of(cgroups: Cgroups) -> list[tuple[float, int]]:
    """Processors and bytes of memory of each sandbox, as the kernel has them."""
    groups = {group.name for group in cgroups.groups() if group.name.startswith("launcher-")}
    parent = cgroups.parent.lstrip("/")
    if cgroups.version == 2:
        folders = [cgroups.root / parent / name for name in groups]
        periods = [(folder / "cpu.max").read_text().split() for folder in folders]
        memory = [int((folder / "memory.max").read_text()) for folder in folders]
        return sorted((int(quota) / int(period), limit) for (quota, period), limit in zip(periods, memory, strict=True))
    return sorted(
        (
            int((cgroups.root / "cpu" / parent / name / "cpu.cfs_quota_us").read_text())
            / int((cgroups.root / "cpu" / parent / name / "cpu.cfs_period_us").read_text()),
            int((cgroups.root / "memory" / parent / name / "memory.limit_in_bytes").read_text()),
        )
        for name in groups
    )


async def test_the_least_spec_is_what_the_kernel_holds_the_code_to(lab: Laboratory) -> None:
    cgroups = cgroups_of(lab)
    least = SpecChoice(cpus=0.125, memory_bytes=128 * MEBIBYTE)
    started = await lab.operations.create(lab.model_id, NewOperation("evaluate", spec=least))
    finished = await lab.finished(started.id)
    assert finished.operation.status == "succeeded", finished.message
    made = await lab.operations.launchers.create(
        lab.model_id, LauncherChoice("half", "launcher", spec=SpecChoice(cpus=0.5, memory_bytes=256 * MEBIBYTE))
    )
    await until(
        lambda: [each.status for each in lab.operations.launchers.shown() if each.id == made.id] == ["ready"],
        timeout_seconds=60.0,
        what="the persistent one is ready",
    )
    assert limits_of(cgroups) == [(0.125, 128 * MEBIBYTE), (0.5, 256 * MEBIBYTE)]


async def test_what_a_launcher_uses_is_seen(lab: Laboratory) -> None:
    cgroups_of(lab)
    started = await lab.operations.create(
        lab.model_id, NewOperation("evaluate", {"work": True}, spec=SpecChoice(cpus=0.25))
    )
    await lab.wait_event(started.id, lambda event: isinstance(event, PhaseStarted) and event.phase == "evaluate")

    def seen(samples: list[LauncherUsage]) -> bool:
        return any((sample.tmp_bytes or 0) >= 16 * MEBIBYTE and (sample.cpus or 0) > 0.1 for sample in samples)

    async with asyncio.timeout(60.0):
        while not seen([*await lab.operations.usage(started.id)]):  # noqa: ASYNC110 (as a page asks)
            await asyncio.sleep(0.2)
    await lab.operations.cancel(started.id)
    await lab.finished(started.id)
    last = (await lab.operations.usage(started.id))[-1]
    assert last.cpus is not None and last.cpus < 0.35, "its limit is a quarter of a processor"
    assert last.memory_bytes is not None and 48 * MEBIBYTE < last.memory_bytes < 200 * MEBIBYTE
    assert last.tmp_bytes is not None and last.tmp_bytes < 17 * MEBIBYTE


async def test_processes_are_counted_where_there_are_no_control_groups(sandboxes: Sandboxes, tmp_path: Path) -> None:
    program = """
import os, sys
if os.fork() == 0: os.setsid()
held = bytearray(b"x" * (16 << 20))
print("ready", flush=True)
while True: pass
"""
    there, here = os.pipe()
    sandbox = await sandboxes.start(spec("/usr/bin/python3", "-c", program), name="test", stdout=here)
    os.close(here)
    try:
        with os.fdopen(there) as said:
            lines = [await asyncio.to_thread(said.readline) for _ in range(2)]
        assert lines == ["ready\n", "ready\n"]
        before, memory = of_processes([sandbox.pid])
        assert 32 * MEBIBYTE < memory < 200 * MEBIBYTE
        async with asyncio.timeout(30.0):
            while of_processes([sandbox.pid])[0] < before + 0.2:  # noqa: ASYNC110 (no event: a counter of the kernel's)
                await asyncio.sleep(0.05)
        counted = sandbox.usage().cpu_seconds
        assert counted is None or abs(counted - of_processes([sandbox.pid])[0]) < 1.0
    finally:
        await sandbox.stop()
    assert of_processes([sandbox.pid]) == (0.0, 0)
