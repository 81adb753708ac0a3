"""What a container needs for limits on its sandboxes: its own control groups of version 2, on a real kernel."""

import errno
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ide_server.host.sandbox import cgroups

ENTRYPOINT = Path(__file__).parents[2] / "scripts" / "container"
HIERARCHIES = (cgroups.ROOT, cgroups.ROOT / "unified")
THREADED = {"cpu", "cpuset", "perf_event", "pids"}
"""These a group with processes may hand down, but then no process may be in a group below."""


@pytest.fixture
def controller(monkeypatch: pytest.MonkeyPatch) -> str:
    """One that the hierarchy of version 2 has here, taken for all that is wanted."""
    found = [name for name in (hierarchy() / "cgroup.controllers").read_text().split() if name not in THREADED]
    if not found:
        pytest.skip("all controllers of this machine are in hierarchies of version 1")
    monkeypatch.setattr(cgroups, "WANTED", found[:1])
    return found[0]


@pytest.fixture
def group(controller: str) -> Iterator[Path]:
    """Of which processes are to be limited, as a container's."""
    cgroups.hand_down(hierarchy())
    group = hierarchy() / f"container-{os.getpid()}"
    group.mkdir()
    try:
        yield group
    finally:
        for folder, _, _ in os.walk(group, topdown=False):
            os.rmdir(folder)


def hierarchy() -> Path:
    if os.geteuid() != 0:
        pytest.skip("control groups are root's")
    for folder in HIERARCHIES:
        if (folder / "cgroup.controllers").exists() and os.access(folder / "cgroup.procs", os.W_OK):
            return folder
    pytest.skip("no control groups of version 2 here that may be written")


def test_a_group_with_processes_hands_its_controllers_down(group: Path, controller: str) -> None:
    with subprocess.Popen(["sleep", "60"]) as program:
        try:
            (group / "cgroup.procs").write_text(str(program.pid))
            with pytest.raises(OSError) as refused:
                (group / "cgroup.subtree_control").write_text(f"+{controller}")
            assert refused.value.errno == errno.EBUSY
            cgroups.hand_down(group)
            assert (group / "cgroup.subtree_control").read_text().split() == [controller]
            assert (group / "init" / "cgroup.procs").read_text().split() == [str(program.pid)]
        finally:
            program.kill()


def test_the_entrypoint_makes_the_containers_groups_writable(tmp_path: Path) -> None:
    hierarchy()
    program = tmp_path / "slipway"
    program.write_text('#!/bin/sh\necho "$@"\ngrep " /sys/fs/cgroup cgroup2" /proc/self/mounts\n')
    program.chmod(0o755)
    inside = f"mount -t cgroup2 -o ro none {cgroups.ROOT} && exec {ENTRYPOINT} serve --port 1"
    command = ["unshare", "--mount", "--cgroup", "sh", "-c", inside]
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=30)
    assert (ended.returncode, ended.stderr) == (0, "")
    arguments, mounted = ended.stdout.splitlines()
    assert arguments == "serve --port 1"
    assert "rw" in mounted.split()[3].split(",")
