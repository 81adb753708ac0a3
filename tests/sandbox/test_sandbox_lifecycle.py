"""Start, exit, stop, and what is left: nothing."""

import asyncio
import ctypes
import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ide_server.errors import SandboxFailed
from ide_server.host.sandbox import Child, Exit, Pty, Sandbox, Sandboxes
from ide_server.host.sandbox.cgroups import find_cgroups
from ide_server.host.sandbox.processes import wait_readable
from ide_server.orphans import PR_SET_CHILD_SUBREAPER
from ide_server.settings import Settings
from tests.support.sandboxes import command_lines, read_all, run, spec

pytestmark = [pytest.mark.anyio, pytest.mark.sandbox]

DEADLINE_SECONDS = 10


@pytest.mark.parametrize(
    ("script", "ended"),
    [
        ("exit 0", Exit(code=0, signal=None)),
        ("exit 7", Exit(code=7, signal=None)),
        ("exit 137", Exit(code=137, signal=None)),
        ("kill -KILL $$", Exit(code=None, signal="SIGKILL")),
        ("kill -ABRT $$", Exit(code=None, signal="SIGABRT")),
        ("kill -SEGV $$", Exit(code=None, signal="SIGSEGV")),
        ("kill -TERM $$", Exit(code=None, signal="SIGTERM")),
    ],
)
async def test_the_exit_is_the_main_programs(sandboxes: Sandboxes, script: str, ended: Exit) -> None:
    assert (await run(sandboxes, spec("sh", "-c", script))).exit == ended


async def test_several_may_wait_and_what_the_main_program_left_is_ended(sandboxes: Sandboxes) -> None:
    sandbox = await sandboxes.start(spec("sh", "-c", "setsid sleep 1000 & exit 4"), name="test")
    async with asyncio.timeout(DEADLINE_SECONDS):
        assert await asyncio.gather(sandbox.wait(), sandbox.wait()) == [Exit(code=4, signal=None)] * 2
        await sandbox.wait_removed()
    assert sandbox.ended


async def test_descriptors_arrive_as_3_4_and_so_on(sandboxes: Sandboxes) -> None:
    (first, first_there), (second, second_there) = os.pipe(), os.pipe()
    program = "import os; os.write(3, b'first'); os.write(4, str(os.listdir('/proc/self/fd')[:-1]).encode())"
    what = spec("/usr/bin/python3", "-c", program)
    await sandboxes.start(what, name="test", passed_descriptors=(first_there, second_there))
    os.close(first_there)
    os.close(second_there)
    assert await asyncio.to_thread(read_all, first) == "first"
    assert await asyncio.to_thread(read_all, second) == "['0', '1', '2', '3', '4']"


async def test_stop_lets_the_main_program_end_by_itself(sandboxes: Sandboxes, model: Path) -> None:
    there, here = os.pipe()
    what = spec("bash", "-c", "trap 'exit 5' TERM; echo ready; while true; do sleep 1000 & wait $!; done")
    sandbox = await sandboxes.start(what, name="test", stdout=here)
    os.close(here)
    assert await asyncio.to_thread(os.read, there, 100) == b"ready\n"
    await sandbox.stop()
    assert await sandbox.wait() == Exit(code=5, signal=None)
    os.close(there)


async def test_stop_kills_what_does_not_end_and_may_be_called_again(sandboxes: Sandboxes) -> None:
    there, here = os.pipe()
    sandbox = await sandboxes.start(spec("sh", "-c", "trap '' TERM; echo; sleep 1000"), name="test", stdout=here)
    os.close(here)
    await asyncio.to_thread(os.read, there, 1)
    os.close(there)
    begun = time.monotonic()
    await asyncio.gather(sandbox.stop(grace_seconds=0.1), sandbox.stop(grace_seconds=0.1))
    await sandbox.stop()
    assert time.monotonic() - begun < 5
    assert await sandbox.wait() == Exit(code=None, signal="SIGKILL")


async def test_a_name_can_be_used_again_once_its_sandbox_has_ended(sandboxes: Sandboxes) -> None:
    for _ in range(2):
        sandbox = await sandboxes.start(spec("true"), name="test")
        assert await sandbox.wait() == Exit(code=0, signal=None)
    running = await sandboxes.start(spec("sleep", "1000"), name="test")
    with pytest.raises(SandboxFailed, match="running already"):
        await sandboxes.start(spec("true"), name="test")
    await running.stop()


async def test_a_program_that_does_not_exist_is_named_and_leaves_nothing(sandboxes: Sandboxes) -> None:
    with pytest.raises(SandboxFailed, match="no-such-program"):
        await sandboxes.start(spec("no-such-program"), name="test")


@pytest.mark.parametrize("after_seconds", [0, 0.02, 0.05, 0.08, 0.12])
async def test_a_cancelled_start_leaves_nothing(sandboxes: Sandboxes, after_seconds: float) -> None:
    """That nothing is left is what the fixture checks."""
    start = asyncio.create_task(sandboxes.start(spec("sleep", "1000", network=True), name="test"))
    await asyncio.sleep(after_seconds)
    start.cancel()
    await asyncio.wait([start], timeout=DEADLINE_SECONDS)
    assert start.done()


async def test_a_program_whose_start_is_cancelled_is_ended_with_all_that_it_has_started(sandboxes: Sandboxes) -> None:
    sandbox = await sandboxes.start(spec("sleep", "1000"), name="test")
    start = asyncio.create_task(sandbox.start_program(("sh", "-c", "sleep 76543 & sleep 76543")))
    await asyncio.sleep(0)  # the runtime is called; as this thread blocks from here, nothing hears that it has ended
    deadline = time.monotonic() + DEADLINE_SECONDS
    while command_lines().count("sleep\x0076543") < 2 and time.monotonic() < deadline:
        time.sleep(0.01)  # noqa: ASYNC251
    start.cancel()
    with pytest.raises(asyncio.CancelledError):
        await start
    async with asyncio.timeout(DEADLINE_SECONDS):
        while "76543" in command_lines():  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    assert not sandbox.ended


async def test_a_name_that_is_a_path_is_refused(sandboxes: Sandboxes) -> None:
    with pytest.raises(ValueError, match="expected a name"):
        await sandboxes.start(spec("true"), name="../up")


async def test_what_is_held_during_a_sandbox_is_let_go_of_when_nothing_of_it_is_left(sandboxes: Sandboxes) -> None:
    held: list[str] = []

    @contextmanager
    def holding(what: str) -> Iterator[None]:
        held.append(what)
        try:
            yield
        finally:
            held.remove(what)

    running = await sandboxes.start(spec("sleep", "1000"), name="runs", during=holding("runs"))
    with pytest.raises(SandboxFailed):
        await sandboxes.start(spec("/no/such/program"), name="fails", during=holding("fails"))
    with pytest.raises(SandboxFailed, match="running already"):
        await sandboxes.start(spec("sleep", "1000"), name="runs", during=holding("twice"))
    assert held == ["runs"]
    await running.stop()
    assert held == []


async def test_execute_returns_the_exit_code(sandboxes: Sandboxes) -> None:
    sandbox = await sandboxes.start(spec(), name="test")
    assert await sandbox.execute(("sh", "-c", 'test "$WORD" = x && exit 9'), environment={"WORD": "x"}) == 9
    assert await sandbox.execute(("sh", "-c", "kill -KILL $$")) == 137
    with pytest.raises(SandboxFailed, match="no-such-program"):
        await sandbox.execute(("no-such-program",))
    await sandbox.stop()


async def test_a_terminal_is_a_controlling_terminal_of_the_wanted_size(sandboxes: Sandboxes) -> None:
    sandbox = await sandboxes.start(spec(), name="test")
    pty = await sandbox.open_terminal(("sh",), environment={"WORD": "x", "PS1": "ready> "}, rows=33, columns=111)
    shell = Child(pty.pid)
    with closing(pty):
        os.write(pty.descriptor, b"stty size; tty; echo $HOME $WORD; cat\n")
        output = await read_until(pty, b"/model x\r\n")
        assert b"33 111\r\n/dev/pts/0\r\n" in output
        os.write(pty.descriptor, b"said\n")
        await read_until(pty, b"said\r\nsaid\r\n")  # once by the terminal, once by cat
        os.write(pty.descriptor, b"\x03")  # Ctrl-C ends cat, not the shell
        await read_until(pty, b"ready> ")
        os.write(pty.descriptor, b"exit 6\n")
        assert await shell.wait() == Exit(code=6, signal=None)
    await sandbox.stop()


async def test_a_sandbox_without_a_main_program_ends_when_it_is_stopped(sandboxes: Sandboxes) -> None:
    sandbox = await sandboxes.start(spec(), name="test")
    shell = Child((await open_and_close(sandbox)).pid)
    await sandbox.stop()
    assert (await shell.wait()).signal in ("SIGHUP", "SIGKILL")


async def test_what_a_killed_host_left_is_removed(sandboxes: Sandboxes, settings: Settings) -> None:
    program = textwrap.dedent(f"""
        import asyncio
        from pathlib import Path
        from ide_server.host.sandbox import Sandboxes
        from ide_server.settings import Settings
        from tests.support.sandboxes import spec

        async def main():
            settings = Settings(data_dir=Path({str(settings.data_dir)!r}), run_dir=Path({str(settings.run_path)!r}))
            sandbox = await Sandboxes(settings).start(spec("sleep", "1000", network=True), name="left")
            print(sandbox.pid, flush=True)
            await sandbox.wait()

        asyncio.run(main())
    """)
    pid = await asyncio.to_thread(print_of_killed, program)
    assert is_running(pid)
    cgroups = find_cgroups(settings.run_path)
    await sandboxes.remove_stale()
    assert not is_running(pid)
    assert list(cgroups.groups()) == []
    assert os.listdir(settings.run_path / "sandboxes") == []


async def test_start_and_terminal_are_quick(
    sandboxes: Sandboxes, record_property: Callable[[str, object], None]
) -> None:
    """The bound is loose, for a busy machine; the figures are in the report."""
    begun = time.monotonic()
    sandbox = await sandboxes.start(spec(network=True), name="test")
    started = time.monotonic()
    shell = Child((await open_and_close(sandbox)).pid)
    opened = time.monotonic()
    await sandbox.stop()
    await shell.wait()
    record_property("start_seconds", started - begun)
    record_property("terminal_seconds", opened - started)
    assert opened - begun < 2


@contextmanager
def closing(pty: Pty) -> Iterator[None]:
    try:
        yield
    finally:
        os.close(pty.descriptor)


async def open_and_close(sandbox: Sandbox) -> Pty:
    pty = await sandbox.open_terminal(("sh",), rows=24, columns=80)
    os.close(pty.descriptor)
    return pty


async def read_until(pty: Pty, wanted: bytes) -> bytes:
    output = b""
    while wanted not in output:
        try:
            await asyncio.wait_for(wait_readable(pty.descriptor), DEADLINE_SECONDS)
        except TimeoutError:
            pytest.fail(f"expected {wanted!r}, got {output!r}")
        output += os.read(pty.descriptor, 4096)
    return output


def is_running(pid: str) -> bool:
    return os.path.exists(f"/proc/{pid}")


def print_of_killed(program: str) -> str:
    """The first line that a Python program prints; then it is killed."""
    with no_subreaper(), subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as host:
        assert host.stdout is not None
        line = host.stdout.readline().strip()
        host.kill()
    return line


@contextmanager
def no_subreaper() -> Iterator[None]:
    """While a host process is killed, so that the system's init inherits its children as it would in earnest."""
    libc = ctypes.CDLL(None)
    libc.prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)
    try:
        yield
    finally:
        libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
