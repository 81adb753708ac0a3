import os
import secrets
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from ide_server.host.sandbox import Sandboxes
from ide_server.host.sandbox.cgroups import find_cgroups
from ide_server.host.sandbox.runtime import find_program
from ide_server.settings import Settings
from tests.support.sandboxes import children, descriptors


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    lacking = [program for program in ("runc", "tini", "slirp4netns") if find_program(program) is None]
    if lacking:
        for item in items:
            if item.get_closest_marker("sandbox") is not None:
                item.add_marker(pytest.mark.skip(reason=f"not installed: {', '.join(lacking)}"))


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    # Not below tmp_path: its folders are closed to a sandbox's users, and too long for a socket.
    run_dir = Path("/run/slipway") / f"test-{secrets.token_hex(4)}"
    yield Settings(data_dir=tmp_path / "data", run_dir=run_dir)
    shutil.rmtree(run_dir, ignore_errors=True)


@pytest.fixture
async def sandboxes(settings: Settings) -> AsyncIterator[Sandboxes]:
    """At its end nothing may be left of any sandbox."""
    before = descriptors(), children()
    cgroups = find_cgroups(settings.run_path)
    sandboxes = Sandboxes(settings)
    await sandboxes.remove_stale()
    yield sandboxes
    await sandboxes.close()
    assert (descriptors(), children()) == before
    assert os.listdir(settings.run_path / "sandboxes") == []
    assert not list((settings.run_path / "runtime").glob("*"))
    assert list(cgroups.groups()) == []


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A folder that belongs to the sandbox's user 0, as a model's filesystem does."""
    folder = tmp_path / "model"
    folder.mkdir()
    if os.geteuid() == 0:
        os.chown(folder, 100_000, 100_000)
    return folder
