"""What every test gets: asyncio, skips that say what the machine lacks, and a look for what was left behind."""

import functools
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from hypothesis import settings
from uv import find_uv_bin

TESTS = Path(__file__).parent
# How long an example takes says nothing on a machine that is busy with others.
settings.register_profile("tests", deadline=None)
settings.load_profile("tests")
GONE_SECONDS = 5.0
"""How long what a test ended may take to be gone."""

NETWORK_SECONDS = 30.0


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


LEVELS = ("unit", "service", "fs", "sandbox", "e2e")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The cheapest level first. Playwright's must be the last: its event loop runs on until the session ends."""
    items.sort(key=lambda item: LEVELS.index(item.path.relative_to(TESTS).parts[0]))


# --- what a machine lacks ---


def lacks_fuse() -> str | None:
    if not os.access("/dev/fuse", os.R_OK | os.W_OK):
        return "/dev/fuse cannot be opened"
    return lacks_program("fusermount3")


def lacks_sandbox() -> str | None:
    return lacks_program("runc")


def lacks_browser() -> str | None:
    return lacks_program("chromium-headless-shell")


@functools.cache
def lacks_network() -> str | None:
    """By the registry that this machine is set up to use, whichever that is."""
    resolve = (find_uv_bin(), "pip", "compile", "--quiet", "--no-cache", "-")
    try:
        done = subprocess.run(resolve, input="tomli-w", capture_output=True, text=True, timeout=NETWORK_SECONDS)
    except subprocess.TimeoutExpired:
        return f"no package registry answered within {NETWORK_SECONDS:g} s"
    return None if done.returncode == 0 else f"uv found no package registry: {done.stderr.strip()}"


def lacks_program(name: str) -> str | None:
    return None if shutil.which(name) else f"{name} is not installed"


LACKS: Mapping[str, Callable[[], str | None]] = {
    "fuse": lacks_fuse,
    "sandbox": lacks_sandbox,
    "browser": lacks_browser,
    "network": lacks_network,
}


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker, lacks in LACKS.items():
        if item.get_closest_marker(marker) and (reason := lacks()):
            pytest.skip(reason)


# --- what a test leaves behind ---


@pytest.fixture(autouse=True)
def nothing_left_behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No process that we started runs on, and nothing stays mounted in the folders of tests."""
    before = leftovers(tmp_path_factory.getbasetemp())
    yield
    deadline = time.monotonic() + GONE_SECONDS
    while left := leftovers(tmp_path_factory.getbasetemp()) - before:
        assert time.monotonic() < deadline, f"left behind: {sorted(left)}"
        time.sleep(0.02)


def leftovers(folder: Path) -> set[str]:
    mounts = Path("/proc/self/mounts").read_text().splitlines()
    return children() | {f"mount {line}" for line in mounts if str(folder) in line}


def children() -> set[str]:
    tasks = Path("/proc/self/task").iterdir()
    pids = (pid for task in tasks for pid in read(task / "children").split())
    return {f"process {pid}: {command}" for pid in pids if (command := command_of(pid))}


def command_of(pid: str) -> str:
    """Empty once it has ended: an orphan that was ours to adopt, as a subreaper, stays until somebody reaps it."""
    return read(Path(f"/proc/{pid}/cmdline")).replace("\0", " ")


def read(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return ""  # it ended meanwhile
