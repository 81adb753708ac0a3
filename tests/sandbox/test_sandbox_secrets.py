"""What is passed to programs of a sandbox stays between them and us."""

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ide_server.host.sandbox import Child, Sandboxes
from ide_server.host.sandbox.runtime import OciRuntime
from ide_server.settings import Settings
from tests.support.sandboxes import command_lines, files_with, spec

pytestmark = [pytest.mark.anyio, pytest.mark.sandbox]

SECRET = "correct-horse-battery-staple"
VARIABLES = {"TOKEN": SECRET, "HOME": "/tmp"}


class SeenFiles:
    """What a user of this machine could have read while the OCI runtime worked: mode by name of each JSON file."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.modes: dict[str, int] = {}
        call = OciRuntime._call

        async def watched(runtime: OciRuntime, folder: Path, *arguments: Any, **options: Any) -> None:
            self.modes |= modes(folder)
            await call(runtime, folder, *arguments, **options)

        monkeypatch.setattr(OciRuntime, "_call", watched)


def modes(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mode & 0o777 for path in folder.glob("*.json")}


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> SeenFiles:
    return SeenFiles(monkeypatch)


async def read_line(descriptor: int) -> str:
    said = b""
    async with asyncio.timeout(10):
        while b"\n" not in said:
            said += await asyncio.to_thread(os.read, descriptor, 4096)
    return said.decode()


def say(*words: str) -> Sequence[str]:
    return ("/bin/bash", "-c", f"echo {' '.join(words)}; read")


@pytest.fixture
async def umask() -> AsyncIterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("umask")
async def test_the_main_program_alone_has_the_variables_and_no_file_holds_them(
    sandboxes: Sandboxes, settings: Settings, seen: SeenFiles
) -> None:
    there, here = os.pipe()
    no_input, input_end = os.pipe()
    what = replace(spec(*say("$TOKEN", "$HOME")), variables=VARIABLES)
    assert SECRET not in repr(what)
    sandbox = await sandboxes.start(what, name="secrets", stdin=no_input, stdout=here)
    os.close(here)
    assert await read_line(there) == f"{SECRET} /tmp\n"
    assert files_with(SECRET, settings.run_path) == []
    assert SECRET not in command_lines()
    assert len(seen.modes) == 2 and set(seen.modes.values()) == {0o600}
    os.close(input_end)
    os.close(no_input)
    await sandbox.wait_removed()
    os.close(there)


@pytest.mark.usefixtures("umask")
async def test_a_terminal_has_its_variables_and_no_file_holds_them(
    sandboxes: Sandboxes, settings: Settings, seen: SeenFiles
) -> None:
    sandbox = await sandboxes.start(spec(), name="secrets")
    pty = await sandbox.open_terminal(say("$TOKEN"), environment=VARIABLES, rows=24, columns=80)
    try:
        assert SECRET in await read_line(pty.descriptor)
        assert files_with(SECRET, settings.run_path) == []
        assert SECRET not in command_lines()
        assert len(seen.modes) == 2 and set(seen.modes.values()) == {0o600}
    finally:
        os.close(pty.descriptor)
        await Child(pty.pid).wait()
