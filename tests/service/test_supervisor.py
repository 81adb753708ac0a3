"""The supervisor with small children of its own making; the whole server is tests/e2e's."""

import asyncio
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from ide_server import lease, supervisor
from ide_server.lease import AlreadyServed, Holder
from ide_server.orphans import Orphans
from ide_server.settings import Settings
from ide_server.supervisor import Child, ExitCode, NotStarted, Plan

DEADLINE_SECONDS = 10.0
SAYS_READY = "import os, sys, time; fd = int(sys.argv[2].partition('=')[2]); os.write(fd, b'\\n'); os.close(fd); "


def plan(program: str, *, ready_seconds: float = DEADLINE_SECONDS, stop_seconds: float = DEADLINE_SECONDS) -> Plan:
    return Plan(
        name="small",
        command=(sys.executable, "-c", program),
        environment=dict(os.environ),
        descriptors=(),
        ready_seconds=ready_seconds,
        stop_seconds=stop_seconds,
    )


@pytest.fixture
async def keep() -> AsyncIterator[Callable[[Child], None]]:
    """Keeps a child running until the test ends."""
    tasks: list[tuple[Child, asyncio.Task[None]]] = []

    def keep_running(child: Child) -> None:
        tasks.append((child, asyncio.create_task(child.keep_running())))

    yield keep_running
    for child, task in tasks:
        task.cancel()
        await child.stop()


@pytest.mark.anyio
async def test_a_child_that_is_killed_is_started_again_and_the_log_says_why(
    keep: Callable[[Child], None], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    started = tmp_path / "started"
    child = Child(
        plan(SAYS_READY + f"open({str(started)!r}, 'a').write(f'{{os.getpid()}}\\n'); time.sleep(60)"), Orphans()
    )
    await child.start()
    keep(child)
    first = (await lines_of(started, 1))[0]
    os.kill(int(first), signal.SIGKILL)
    assert len(await lines_of(started, 2)) == 2
    assert f"the small process ({first}) was killed by SIGKILL" in caplog.text


@pytest.mark.anyio
async def test_a_child_that_ends_before_it_is_ready_is_an_error_with_its_exit_code() -> None:
    with pytest.raises(NotStarted, match="small process ended with exit code 7 before it was ready"):
        await Child(plan("raise SystemExit(7)"), Orphans()).start()


@pytest.mark.anyio
async def test_a_child_that_is_never_ready_is_killed() -> None:
    with pytest.raises(NotStarted, match=r"was not ready within 0\.3 s and was killed"):
        await Child(plan("import time; time.sleep(60)", ready_seconds=0.3), Orphans()).start()


@pytest.mark.anyio
async def test_a_child_that_does_not_heed_sigterm_is_killed_after_its_deadline(
    caplog: pytest.LogCaptureFixture,
) -> None:
    ignores = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    child = Child(plan(ignores + SAYS_READY + "time.sleep(60)", stop_seconds=0.3), Orphans())
    await child.start()
    await asyncio.wait_for(child.stop(), DEADLINE_SECONDS)
    assert "did not stop within 0.3 s: killed" in caplog.text


def test_pauses_between_starts_grow_to_a_limit_and_end_after_a_steady_run() -> None:
    pauses = [0.0]
    for _ in range(8):
        pauses.append(supervisor.next_pause(pauses[-1], ran_seconds=1))
    assert pauses == [0, 0.25, 0.5, 1, 2, 4, 8, 10, 10]
    assert supervisor.next_pause(10, ran_seconds=60) == 0


def test_a_second_server_on_the_same_data_is_refused_by_name(tmp_path: Path) -> None:
    with lease.taken(tmp_path), pytest.raises(AlreadyServed, match=f"process {os.getpid()}"), lease.taken(tmp_path):
        pass
    with lease.taken(tmp_path):
        pass  # free again


def test_what_is_left_of_a_killed_server_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease, "STOPPING_SECONDS", 0.2)
    with lease.taken(tmp_path) as held:
        held.write(Holder(pid=dead_process()))
        with pytest.raises(AlreadyServed), lease.taken(tmp_path):
            pass
        assert lease.holder_of(tmp_path) is None


def test_a_port_in_use_ends_the_start_with_what_to_do(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    settings = Settings(data_dir=tmp_path / "data", port=0)
    with supervisor.bound(settings) as taken:
        port = taken.getsockname()[1]
        code = supervisor.serve(Settings(data_dir=settings.data_dir, port=port))
    settings.run_path.rmdir()
    assert code is ExitCode.NOT_STARTED
    assert f"Port {port} of 127.0.0.1 is in use. Choose another with --port." in caplog.text


def test_the_folder_of_data_is_closed_to_others(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data", run_dir=tmp_path / "run")
    settings.data_dir.mkdir(mode=0o755)  # by whoever prepared the disk
    supervisor.make_folders(settings)
    assert settings.data_dir.stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="only a server that is root has sandboxes with other users")
def test_a_run_dir_that_sandboxes_users_cannot_reach_is_refused_by_its_closed_folder(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with tempfile.TemporaryDirectory(dir="/run") as closed:
        code = supervisor.serve(Settings(data_dir=tmp_path / "data", run_dir=Path(closed) / "below/run", port=0))
    assert code is ExitCode.NOT_STARTED
    assert f"{closed} is closed to other users" in caplog.text
    assert f"chmod o+x {closed}" in caplog.text


def test_a_run_dir_too_long_for_sockets_is_refused(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    settings = Settings(data_dir=tmp_path / "data", run_dir=tmp_path / ("r" * 100), port=0)
    assert supervisor.serve(settings) is ExitCode.NOT_STARTED
    assert "too long for sockets below it: expected at most 56 bytes" in caplog.text


def test_the_folders_above_the_run_dir_are_passable_whatever_the_umask() -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as above:
        umask = os.umask(0o077)
        try:
            supervisor.make_passable(Path(above) / "slipway/key")
        finally:
            os.umask(umask)
        modes = [path.stat().st_mode & 0o777 for path in (Path(above) / "slipway", Path(above) / "slipway/key")]
    assert modes == [0o711, 0o711]


async def lines_of(path: Path, count: int) -> list[str]:
    async with asyncio.timeout(DEADLINE_SECONDS):
        while True:
            if len(lines := lines_now(path)) >= count:
                return lines
            await asyncio.sleep(0.02)


def lines_now(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


def dead_process() -> int:
    pid = os.spawnlp(os.P_NOWAIT, "true", "true")
    os.waitpid(pid, 0)
    return pid
