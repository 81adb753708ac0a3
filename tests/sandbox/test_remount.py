"""A filesystem whose process is killed comes back in the sandboxes that use it."""

import asyncio
import functools
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ide_server.host import mounts as host_mounts
from ide_server.host.events import ModelEvents
from ide_server.host.mounts import Mounts, stale
from ide_server.host.sandbox import Mount, Sandbox, Sandboxes
from ide_server.host.sandbox.spec import MODEL as MODEL_PATH
from ide_server.settings import Settings
from ide_server.wire import ModelId, Usage
from tests.support.fsquota import needs_fuse
from tests.support.mounted_models import until
from tests.support.sandboxes import spec

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.sandbox,
    pytest.mark.fuse,
    needs_fuse,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount upon the remains of a mount"),
]
MODEL = ModelId("model-1")

SHELL = """
cd folder
while read line; do eval "$line"; echo "status $?"; done
"""


@pytest.fixture
async def mounts(settings: Settings) -> AsyncIterator[Mounts]:
    async def limits(_: ModelId) -> Usage:
        return Usage(0, 1 << 20, 0, 64)

    mounts = Mounts(settings, ModelEvents(), limits=limits)
    await mounts.remove_stale()
    yield mounts
    await mounts.close()


class Shell:
    """A shell that stays in a folder of the filesystem while that goes and comes."""

    def __init__(self, sandbox: Sandbox, stdin: int, stdout: int) -> None:
        self.sandbox = sandbox
        self._stdin = os.fdopen(stdin, "w", buffering=1)
        self._stdout = os.fdopen(stdout)

    async def run(self, command: str) -> str:
        """What it says, and its status."""
        self._stdin.write(command + "\n")
        said = ""
        while not said.rpartition("\n")[0].rpartition("\n")[2].startswith("status "):
            line = await asyncio.to_thread(self._stdout.readline)
            assert line, f"the shell has ended: {said}"
            said += line
        return said

    async def close(self) -> None:
        self._stdin.close()
        await self.sandbox.stop()
        self._stdout.close()


async def start_shell(
    sandboxes: Sandboxes, path: Path, *, name: str, network: bool = False, writable: bool = True
) -> Shell:
    theirs_in, ours_in = os.pipe()
    ours_out, theirs_out = os.pipe()
    model = Mount(path, MODEL_PATH, writable=writable, follows=True)
    shell = spec("/bin/bash", "-c", f"cd {MODEL_PATH}; {SHELL}", mounts=(model,), network=network)
    try:
        sandbox = await sandboxes.start(shell, name=name, stdin=theirs_in, stdout=theirs_out, stderr=theirs_out)
    finally:
        os.close(theirs_in)
        os.close(theirs_out)
    return Shell(sandbox, ours_in, ours_out)


def is_mounted(mount: host_mounts.Mount, generation: int) -> bool:
    return mount.generation == generation


def kill_fsquota(settings: Settings) -> None:
    os.kill(int((settings.run_path / "control" / f"{MODEL}.pid").read_text()), signal.SIGKILL)


async def test_a_shell_goes_on_after_cd_when_the_filesystems_process_was_killed(
    sandboxes: Sandboxes, mounts: Mounts, settings: Settings
) -> None:
    mount = await mounts.get(MODEL)
    await mount.run(lambda root: os.mkdir("folder", dir_fd=root))
    shell = await start_shell(sandboxes, mount.path, name="first")
    try:
        assert await shell.run("echo kept > file") == "status 0\n"
        for generation in (2, 3):
            kill_fsquota(settings)
            await until(functools.partial(is_mounted, mount, generation), what="it is mounted again")
            assert "not connected" in await shell.run("cat file")
            assert await shell.run("cd . && cat file && echo more >> file") == "kept\nstatus 0\n"
            assert await shell.run("df --output=source,target . | tail -1") == "model          /model\nstatus 0\n"
            await shell.run("echo kept > file")
        assert mount.lineage == 1
        second = await start_shell(sandboxes, mount.path, name="second", network=True)
        assert await second.run("cat file") == "kept\nstatus 0\n"
        await second.close()
        assert await shell.run("cat /model/folder/file") == "kept\nstatus 0\n"
    finally:
        await shell.close()


async def test_a_shell_goes_on_when_a_filesystem_that_stayed_down_is_tried_again(
    sandboxes: Sandboxes, mounts: Mounts, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host_mounts.mount, "BACK_OFF_SECONDS", ())
    mount = await mounts.get(MODEL)
    await mount.run(lambda root: os.mkdir("folder", dir_fd=root))
    shell = await start_shell(sandboxes, mount.path, name="first")
    try:
        await shell.run("echo kept > file")
        kill_fsquota(settings)
        await until(lambda: mount.standing.status == "failed", what="it stays down")
        assert "not connected" in await shell.run("cat /model/folder/file")
        await mounts.mount_again(MODEL)
        assert mount.lineage == 1
        assert await shell.run("cd . && cat file") == "kept\nstatus 0\n"
    finally:
        await shell.close()


WRITES = (
    "echo x > file",
    "echo x > new",
    "mkdir new",
    "rm file",
    "chmod 777 file",
    "touch file",
    "ln file new",
    "mv file new",
    "setfattr -n user.x -v y file",
    "cat < file > /dev/null; echo x > /dev/fd/9",
    "mount -o remount,rw /model",
)


async def test_a_view_cannot_be_written_to_however_often_its_filesystem_was_mounted_again(
    sandboxes: Sandboxes, mounts: Mounts, settings: Settings
) -> None:
    mount = await mounts.get(MODEL)
    await mount.run(lambda root: os.mkdir("folder", dir_fd=root))
    owner = await start_shell(sandboxes, mount.path, name="owner")
    reader = await start_shell(sandboxes, await mount.view(), name="reader", writable=False)
    try:
        await owner.run("echo kept > file")
        for generation in (1, 2, 3):
            assert await reader.run("cd . && exec 9< file && cat file") == "kept\nstatus 0\n"
            for write in WRITES:
                assert await reader.run(f"({write}) > /dev/null 2>&1") != "status 0\n", write
            assert await owner.run("cd . && ls && cat file && touch file") == "file\nkept\nstatus 0\n"
            kill_fsquota(settings)
            await until(functools.partial(is_mounted, mount, generation + 1), what="it is mounted again")
            await mount.view()
        assert await owner.run("cd . && echo more > file") == "status 0\n"
        assert await reader.run("cd . && cat file") == "more\nstatus 0\n"
    finally:
        await reader.close()
        await owner.close()


async def test_a_filesystem_ends_while_others_still_see_it(sandboxes: Sandboxes, mounts: Mounts) -> None:
    mount = await mounts.get(MODEL)
    await mount.run(lambda root: os.mkdir("folder", dir_fd=root))
    reader = await start_shell(sandboxes, await mount.view(), name="reader", writable=False)
    try:
        await mounts.unmount(MODEL)
        assert "not connected" in await reader.run("ls /model/folder")
        assert not stale.is_mountpoint(mount.path)
    finally:
        await reader.close()
