"""Workspaces and their terminals in real sandboxes: a plain folder as the filesystem, the system's programs alone."""

import asyncio
import os
import re
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from ide_server import wire
from ide_server.errors import SandboxFailed
from ide_server.host.environments import Environment, Environments
from ide_server.host.events import ModelEvents
from ide_server.host.mounts import Mounts
from ide_server.host.sandbox import Sandboxes
from ide_server.host.sandbox.runtime import find_program
from ide_server.host.terminals import Client, Terminal, Terminals
from ide_server.host.workspaces import Workspaces
from ide_server.settings import Settings
from ide_server.wire import ModelId

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.sandbox,
    pytest.mark.skipif(find_program("runc") is None, reason="no runc here: apt-get install runc"),
]

WAIT_SECONDS = 15
MODEL = ModelId("m")
BARE = Environment(
    key="bare",
    python_version="",
    node_version="",
    mounts=(),
    variables={
        "PATH": "/usr/bin:/bin",
        "HOME": "/model",
        "LANG": "C.UTF-8",
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
    },
    python="/usr/bin/python3",
)

SLEEP = "python3 -c 'import signal, time; signal.signal(2, signal.SIG_DFL); print(6 * 7, flush=True); time.sleep(100)'"
"""Says 42 when it has the terminal. Python's own handler would run only after a sleep that begins just then."""

REPORT_RESIZE = """python3 -c '
import os, signal
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGWINCH])
print(6 * 7, flush=True)
signal.sigwait([signal.SIGWINCH])
print(*reversed(os.get_terminal_size()))'"""


class BareEnvironments:
    def __init__(self) -> None:
        self.asked = 0

    async def default(self) -> Environment:
        self.asked += 1
        return BARE


class FolderMounts:
    def __init__(self, folder: Path) -> None:
        self.mount = SimpleNamespace(path=folder, lineage=1)

    async def get(self, _: ModelId) -> Any:
        return self.mount


class Host:
    def __init__(self, settings: Settings, folder: Path) -> None:
        self.sandboxes = Sandboxes(settings)
        self.environments = BareEnvironments()
        self.mounts = FolderMounts(folder)
        self.workspaces = Workspaces(
            settings, self.sandboxes, cast(Environments, self.environments), cast(Mounts, self.mounts)
        )  # the two lend only what the casts stand for
        self.terminals = Terminals(settings, self.workspaces, ModelEvents())

    async def open(self) -> Terminal:
        record = await self.terminals.create(MODEL, rows=24, columns=80)
        return self.terminals.get(MODEL, record.id)


@pytest.fixture
async def host(tmp_path: Path) -> AsyncIterator[Host]:
    settings = Settings(data_dir=tmp_path, network="none")
    folder = tmp_path / "model"
    folder.mkdir()
    folder.chmod(0o777)
    before = sorted(os.listdir("/proc/self/fd"))
    host = Host(settings, folder)
    await host.sandboxes.remove_stale()
    yield host
    await host.terminals.close()
    await host.workspaces.close()
    await host.sandboxes.close()
    assert sorted(os.listdir("/proc/self/fd")) == before
    assert os.listdir(settings.run_path / "sandboxes") == []


class Screen:
    """A client that draws all it is sent into one string of bytes."""

    def __init__(self, terminal: Terminal, client: Client) -> None:
        self._terminal = terminal
        self._client = client
        self._outputs = terminal.outputs(client)
        self.drawn = b""
        self.exit_codes: list[int | None] = []

    def type(self, text: str) -> None:
        self._terminal.type(self._client, text)

    def set_size(self, rows: int, columns: int) -> None:
        self._terminal.set_size(self._client, rows, columns)

    async def until(self, pattern: bytes) -> re.Match[bytes]:
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                while (found := re.search(pattern, self.drawn)) is None:
                    await self._draw()
        except TimeoutError:
            raise AssertionError(f"expected {pattern!r}, drawn is {self.drawn[-500:]!r}") from None
        self.drawn = self.drawn[found.end() :]
        return found

    async def until_ended(self) -> int | None:
        async with asyncio.timeout(WAIT_SECONDS):
            while not self.exit_codes:
                await self._draw()
        return self.exit_codes[0]

    async def _draw(self) -> None:
        output = await anext(self._outputs)
        if isinstance(output, bytes):
            self.drawn += output
            self._terminal.acknowledge(self._client, self._client.position)
        elif isinstance(output, wire.Disconnect):
            self.exit_codes.append(output.exit_code)


@asynccontextmanager
async def watched(terminal: Terminal) -> AsyncIterator[Screen]:
    with terminal.attached(0) as client:
        yield Screen(terminal, client)


async def test_a_shell_in_a_workspace_is_a_whole_interactive_terminal(host: Host) -> None:
    async with watched(await host.open()) as screen:
        await screen.until(rb"\$ ")
        screen.type("tty; echo $TERM $COLORTERM $PWD; tput colors; id -u\n")
        await screen.until(rb"/dev/pts/\d+\r\nxterm-256color truecolor /model\r\n256\r\n0\r\n")
        screen.type("stty size\n")
        await screen.until(rb"24 80\r\n")
        screen.set_size(50, 132)
        screen.type("stty size\n")
        await screen.until(rb"50 132\r\n")
        screen.type(REPORT_RESIZE + "\n")
        await screen.until(rb"42\r\n")
        screen.set_size(40, 100)
        await screen.until(rb"40 100\r\n")
        screen.type("exit 5\n")
        assert await screen.until_ended() == 5
    assert host.terminals.list(MODEL) == []


async def test_colours_and_the_prompt_are_drawn(host: Host) -> None:
    async with watched(await host.open()) as screen:
        await screen.until(rb"\x1b\[[0-9;]*m.*\$ ")
        screen.type("mkdir folder; ls --color=auto\n")
        await screen.until(rb"\x1b\[[0-9;]*mfolder\x1b\[0m")


async def test_ctrl_c_interrupts_and_ctrl_z_suspends(host: Host) -> None:
    async with watched(await host.open()) as screen:
        await screen.until(rb"\$ ")
        screen.type(SLEEP + "\n")
        await screen.until(rb"42\r\n")
        screen.type("\x03")
        screen.type("echo int''errupted $?\n")
        await screen.until(rb"interrupted 130\r\n")
        screen.type(SLEEP + "\n")
        await screen.until(rb"42\r\n")
        screen.type("\x1a")
        await screen.until(rb"Stopped")
        screen.type("kill %1; wait; echo al''l\n")
        await screen.until(rb"all\r\n")


async def test_ctrl_c_reaches_a_program_through_a_paste_it_does_not_read(host: Host) -> None:
    async with watched(await host.open()) as screen:
        await screen.until(rb"\$ ")
        screen.type(SLEEP + "\n")
        await screen.until(rb"42\r\n")
        screen.type("echo pas''ted\n" * 15_000)
        screen.type("\x03echo ali''ve\n")
        await screen.until(rb"\^C")
        assert b"pasted" not in (await screen.until(rb"(?s)^.*alive\r\n"))[0]


async def test_a_flood_is_as_long_as_it_was_written(host: Host) -> None:
    async with watched(await host.open()) as screen:
        await screen.until(rb"\$ ")
        screen.type("stty -echo -opost; PS1=; bind 'set enable-bracketed-paste off'; echo rea''dy\n")
        await screen.until(rb"ready\n")
        screen.type("seq 700000; echo en''d\n")
        numbers = (await screen.until(rb"(?s)^.*end\n"))[0]
        assert numbers == b"".join(b"%d\n" % number for number in range(1, 700_001)) + b"end\n"


async def test_the_end_of_a_sandbox_ends_its_terminals_and_the_next_one_starts_anew(host: Host) -> None:
    terminal = await host.open()
    first = await host.workspaces.get(MODEL)
    async with watched(terminal) as screen:
        await screen.until(rb"\$ ")
        os.kill(first.pid, signal.SIGKILL)
        assert await screen.until_ended() is None
    assert host.terminals.list(MODEL) == []
    await first.wait()
    async with watched(await host.open()) as screen:
        await screen.until(rb"\$ ")
    assert await host.workspaces.get(MODEL) is not first


async def test_callers_at_once_share_one_start(host: Host) -> None:
    first, *others = await asyncio.gather(*(host.workspaces.get(MODEL) for _ in range(5)))
    assert all(other is first for other in others)
    assert host.environments.asked == 1


async def test_a_caller_that_gives_up_leaves_the_start_to_the_others(host: Host) -> None:
    hasty = asyncio.create_task(host.workspaces.get(MODEL))
    patient = asyncio.create_task(host.workspaces.get(MODEL))
    await asyncio.sleep(0)
    hasty.cancel()
    assert not (await patient).ended
    assert host.environments.asked == 1


async def test_a_filesystem_that_a_workspace_cannot_see_gets_a_new_one(host: Host) -> None:
    first = await host.workspaces.get(MODEL)
    host.mounts.mount.lineage += 1
    second = await host.workspaces.get(MODEL)
    assert first.ended
    assert not second.ended
    assert await host.workspaces.get(MODEL) is second


async def test_stopping_ends_what_runs_and_what_is_starting(host: Host) -> None:
    running = await host.workspaces.get(MODEL)
    await host.workspaces.stop(MODEL)
    assert running.ended
    starting = asyncio.create_task(host.workspaces.get(MODEL))
    await asyncio.sleep(0)
    await host.workspaces.stop(MODEL)
    with pytest.raises(SandboxFailed, match="was stopped while it was starting"):
        await starting
    await host.workspaces.stop(MODEL)
