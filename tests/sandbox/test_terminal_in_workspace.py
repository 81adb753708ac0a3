"""Workspaces and their terminals in real sandboxes: a plain folder as the filesystem, the system's programs alone."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from ide_server.errors import SandboxFailed
from ide_server.host.environments import Environment
from ide_server.host.equipment import Equipment
from ide_server.host.events import ModelEvents
from ide_server.host.mounts import Mounts
from ide_server.host.sandbox import Sandbox, Sandboxes
from ide_server.host.sandbox.runtime import find_program
from ide_server.host.terminals import Terminal, Terminals
from ide_server.host.variables import PassedVariables
from ide_server.host.workspaces import Workspaces
from ide_server.settings import Settings
from ide_server.wire import ModelId
from tests.support.equipment import NO_VARIABLES, GivenEquipment
from tests.support.screen import watched
from tests.support.terminal_watcher import wait_until

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.sandbox,
    pytest.mark.skipif(find_program("runc") is None, reason="no runc here: apt-get install runc"),
]

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


class FolderMounts:
    def __init__(self, folder: Path) -> None:
        self.mount = SimpleNamespace(path=folder, lineage=1)

    async def get(self, _: ModelId) -> Any:
        return self.mount


class Host:
    def __init__(self, settings: Settings, folder: Path) -> None:
        self.sandboxes = Sandboxes(settings)
        self.equipment = GivenEquipment(BARE)
        self.mounts = FolderMounts(folder)
        mounts = cast(Mounts, self.mounts)  # it lends only what the cast stands for
        self.workspaces = Workspaces(settings, self.sandboxes, self.equipment, mounts)
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
    assert not +host.equipment.held
    assert sorted(os.listdir("/proc/self/fd")) == before
    assert os.listdir(settings.run_path / "sandboxes") == []


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
    first = (await host.workspaces.get(MODEL)).sandbox
    async with watched(terminal) as screen:
        await screen.until(rb"\$ ")
        os.kill(first.pid, signal.SIGKILL)
        assert await screen.until_ended() is None
    assert host.terminals.list(MODEL) == []
    await first.wait()
    async with watched(await host.open()) as screen:
        await screen.until(rb"\$ ")
    assert (await host.workspaces.get(MODEL)).sandbox is not first


async def test_callers_at_once_share_one_start(host: Host) -> None:
    first, *others = await asyncio.gather(*(host.workspaces.get(MODEL) for _ in range(5)))
    assert all(other.sandbox is first.sandbox for other in others)
    assert host.equipment.held == {"bare": 1}


async def test_a_caller_that_gives_up_leaves_the_start_to_the_others(host: Host) -> None:
    hasty = asyncio.create_task(host.workspaces.get(MODEL))
    patient = asyncio.create_task(host.workspaces.get(MODEL))
    await asyncio.sleep(0)
    hasty.cancel()
    assert not (await patient).sandbox.ended
    assert host.equipment.held == {"bare": 1}


async def test_a_filesystem_that_a_workspace_cannot_see_gets_a_new_one(host: Host) -> None:
    first = (await host.workspaces.get(MODEL)).sandbox
    host.mounts.mount.lineage += 1
    second = (await host.workspaces.get(MODEL)).sandbox
    assert first.ended
    assert not second.ended
    assert (await host.workspaces.get(MODEL)).sandbox is second


async def test_stopping_ends_what_runs_and_what_is_starting(host: Host) -> None:
    running = (await host.workspaces.get(MODEL)).sandbox
    await host.workspaces.stop(MODEL)
    assert running.ended
    starting = asyncio.create_task(host.workspaces.get(MODEL))
    await asyncio.sleep(0)
    await host.workspaces.stop(MODEL)
    with pytest.raises(SandboxFailed, match="was stopped while it was starting"):
        await starting
    await host.workspaces.stop(MODEL)


# --- another environment, other variables ---


OTHER = replace(BARE, key="other", variables={**BARE.variables, "WHICH": "other"})


def outdated(host: Host) -> list[bool]:
    return [terminal.outdated for terminal in host.terminals.list(MODEL)]


def switch(host: Host, equipment: Equipment) -> None:
    """As the owner of models' environments does it."""
    host.equipment.present = equipment
    host.workspaces.retire(MODEL)
    host.terminals.announce(MODEL)


async def test_a_shell_goes_on_in_its_environment_and_the_next_one_gets_the_new(host: Host) -> None:
    async with watched(await host.open()) as old:
        await old.until(rb"\$ ")
        switch(host, Equipment(OTHER, NO_VARIABLES))
        assert outdated(host) == [True]
        async with watched(await host.open()) as new:
            await new.until(rb"\$ ")
            assert outdated(host) == [True, False]
            for screen, which in ((old, "none"), (new, "other")):
                screen.type("echo ${WHICH-none}\n")
                await screen.until(rf"{which}\r\n".encode())
            assert host.equipment.held == {"bare": 1, "other": 1}
            old.type("touch /tmp/mine; echo do''ne\n")
            await old.until(rb"done\r\n")
            new.type("ls /tmp | wc -l\n")
            await new.until(rb"[\r\n]0\r\n")
            old.type("exit\n")
            await old.until_ended()
            await wait_until(lambda: +host.equipment.held == {"other": 1})
            assert outdated(host) == [False]


async def test_a_workspace_of_before_that_nobody_uses_ends_at_once(host: Host) -> None:
    terminal = await host.open()
    await host.terminals.remove(MODEL, terminal.record.id)
    assert host.equipment.held == {"bare": 1}
    switch(host, Equipment(OTHER, NO_VARIABLES))
    await wait_until(lambda: not +host.equipment.held)


async def test_a_workspace_ends_with_the_last_of_its_terminals_not_with_the_first(host: Host) -> None:
    first, second = await host.open(), await host.open()
    switch(host, Equipment(OTHER, NO_VARIABLES))
    await host.terminals.remove(MODEL, first.record.id)
    async with watched(second) as screen:
        screen.type("echo ali''ve\n")
        await screen.until(rb"alive\r\n")
    await host.terminals.remove(MODEL, second.record.id)
    await wait_until(lambda: not +host.equipment.held)


async def test_what_is_switched_back_is_no_longer_outdated_and_goes_on(host: Host) -> None:
    await host.open()
    workspace = (await host.workspaces.get(MODEL)).sandbox
    switch(host, Equipment(OTHER, NO_VARIABLES))
    await host.open()
    switch(host, Equipment(BARE, NO_VARIABLES))
    assert outdated(host) == [False, True]
    assert (await host.workspaces.get(MODEL)).sandbox is workspace


async def test_other_variables_are_of_the_same_workspace(host: Host) -> None:
    async with watched(await host.open()) as old:
        await old.until(rb"\$ ")
        switch(host, Equipment(BARE, PassedVariables({"TOKEN": "a b"}, frozenset(), 1)))
        assert outdated(host) == [True]
        async with watched(await host.open()) as new:
            await new.until(rb"\$ ")
            for screen, token in ((old, "none"), (new, "a b")):
                screen.type("echo [${TOKEN-none}]\n")
                await screen.until(rf"\[{token}\]\r\n".encode())
            assert outdated(host) == [True, False]
    assert host.equipment.held == {"bare": 1}


async def test_a_start_that_is_overtaken_by_another_environment_still_serves_who_waits_for_it(host: Host) -> None:
    opening = asyncio.create_task(host.open())
    await wait_until(lambda: host.equipment.asked == 1)
    switch(host, Equipment(OTHER, NO_VARIABLES))
    async with watched(await opening) as screen:
        screen.type("echo ${WHICH-none}\n")
        await screen.until(rb"none\r\n")
    assert outdated(host) == [True]


async def test_a_shell_that_cannot_be_started_leaves_its_seat(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise SandboxFailed("no shell")

    await host.workspaces.get(MODEL)  # its own seat stays taken
    monkeypatch.setattr(Sandbox, "open_terminal", fail)
    with pytest.raises(SandboxFailed, match="no shell"):
        await host.open()
    monkeypatch.undo()
    (await host.workspaces.get(MODEL)).leave()
    switch(host, Equipment(OTHER, NO_VARIABLES))
    assert host.equipment.held == {"bare": 1}
