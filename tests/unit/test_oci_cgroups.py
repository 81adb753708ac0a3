"""Both versions of control groups, on folders that look like them."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from ide_server.host.sandbox.cgroups import Cgroups, find_cgroups
from ide_server.host.sandbox.spec import Limits

RUN = Path("/run/slipway/test")
ALL = frozenset(("memory", "cpu", "pids"))
LIMITS = Limits(memory_bytes=1 << 20, cpus=1.5, processes=10, tmp_bytes=1)


@pytest.fixture
def version_1(tmp_path: Path) -> Cgroups:
    for name in ("memory", "cpu", "pids", "freezer"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "cgroup.procs").touch()
    (tmp_path / "memory/memory.memsw.limit_in_bytes").touch()
    return find_cgroups(RUN, tmp_path)


@pytest.fixture
def version_2(tmp_path: Path) -> Cgroups:
    """A kernel makes these files itself, and subtree_control reads without the "+": so the folders exist before."""
    parent = find_cgroups(RUN, tmp_path).parent.lstrip("/")
    for folder in (tmp_path, tmp_path / "slipway", tmp_path / parent):
        folder.mkdir(exist_ok=True)
        (folder / "cgroup.controllers").write_text("cpu io memory pids\n")
    return find_cgroups(RUN, tmp_path)


def group_of(cgroups: Cgroups, name: str) -> Path:
    base = cgroups.root / "memory" if cgroups.version == 1 else cgroups.root
    folder = base / cgroups.parent.lstrip("/") / name
    folder.mkdir(parents=True)
    return folder


def test_version_1_has_its_writable_controllers(version_1: Cgroups) -> None:
    assert (version_1.version, version_1.controllers, version_1.missing) == (1, {"memory", "cpu", "pids"}, "")
    assert version_1.resources(LIMITS) == {
        "memory": {"limit": 1 << 20, "swap": 1 << 20},
        "cpu": {"period": 100_000, "quota": 150_000},
        "pids": {"limit": 10},
    }


def test_version_1_reads_use_and_kills(version_1: Cgroups) -> None:
    group = group_of(version_1, "a")
    (group / "memory.usage_in_bytes").write_text("5000\n")
    (group / "memory.stat").write_text("cache 1\ntotal_inactive_file 2000\n")
    (group / "memory.oom_control").write_text("oom_kill_disable 0\nunder_oom 0\noom_kill 2\n")
    assert (version_1.memory_bytes("a"), version_1.oom_kills("a")) == (3000, 2)
    assert (version_1.memory_bytes("gone"), version_1.oom_kills("gone")) == (None, 0)
    assert version_1.cpu_seconds("a") is None
    accounts = version_1.root / "cpuacct" / version_1.parent.lstrip("/") / "a"
    accounts.mkdir(parents=True)
    (accounts / "cpuacct.usage").write_text("1500000000\n")
    assert version_1.cpu_seconds("a") == 1.5


@pytest.mark.parametrize(("version", "hierarchy"), [("version_1", "cpu"), ("version_2", ".")])
def test_filesystems_have_a_group_beside_those_of_sandboxes(
    request: pytest.FixtureRequest, version: str, hierarchy: str
) -> None:
    cgroups = replace(request.getfixturevalue(version), controllers=ALL)
    parent = cgroups.root / hierarchy / cgroups.parent.lstrip("/")
    assert cgroups.filesystems_group() == parent.with_name(f"{parent.name}.filesystems")
    assert replace(cgroups, controllers=frozenset({"memory"})).filesystems_group() is None


def test_version_2_hands_its_controllers_down(version_2: Cgroups) -> None:
    assert (version_2.root / "cgroup.subtree_control").read_text() == "+memory +cpu +pids"
    parent = version_2.root / version_2.parent.lstrip("/")
    assert (parent / "cgroup.subtree_control").read_text() == "+memory +cpu +pids"


def test_what_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "cgroup.controllers").write_text("cpu io memory pids\n")
    (tmp_path / "cgroup.subtree_control").symlink_to("/dev/full")
    cgroups = find_cgroups(RUN, tmp_path)
    assert cgroups.missing == f"{tmp_path}/cgroup.subtree_control cannot be written (No space left on device)"
    assert cgroups.path("a") is None


def test_version_2_reads_use_and_kills(version_2: Cgroups) -> None:
    group = group_of(version_2, "a")
    (group / "memory.current").write_text("5000\n")
    (group / "memory.stat").write_text("anon 1\ninactive_file 2000\n")
    (group / "memory.events").write_text("low 0\noom 3\noom_kill 2\noom_group_kill 0\n")
    assert (version_2.memory_bytes("a"), version_2.oom_kills("a")) == (3000, 2)
    (group / "cpu.stat").write_text("usage_usec 1500000\nuser_usec 1\n")
    assert (version_2.cpu_seconds("a"), version_2.cpu_seconds("gone")) == (1.5, None)


def test_nothing_writable_is_said_and_limits_nothing(tmp_path: Path) -> None:
    cgroups = find_cgroups(RUN, tmp_path)
    assert cgroups.missing == f"{tmp_path} has no writable controller memory, cpu, pids"
    assert (cgroups.path("a"), cgroups.resources(LIMITS)) == (None, {})


def test_two_servers_have_different_groups(tmp_path: Path) -> None:
    assert find_cgroups(RUN, tmp_path).parent != find_cgroups(RUN.with_name("other"), tmp_path).parent


def test_groups_without_processes_are_removed_with_their_parent(version_1: Cgroups) -> None:
    group_of(version_1, "a")
    assert version_1.remove_empty()
    assert "slipway" in os.listdir(version_1.root / "memory")
    assert not (version_1.root / "memory" / version_1.parent.lstrip("/")).exists()


def test_some_programs_of_a_sandbox_have_memory_of_their_own(version_1: Cgroups) -> None:
    (version_1.root / "memory" / version_1.parent.lstrip("/")).mkdir(parents=True)
    group = version_1.memory_group("a.1", LIMITS)
    assert group is not None
    assert written(group.folder) == {
        "memory.limit_in_bytes": str(1 << 20),
        "memory.memsw.limit_in_bytes": str(1 << 20),
    }
    group.add(7)
    (group.folder / "memory.usage_in_bytes").write_text("5000\n")
    (group.folder / "memory.oom_control").write_text("under_oom 0\noom_kill 2\n")
    assert ((group.folder / "cgroup.procs").read_text(), group.memory_bytes(), group.oom_kills()) == ("7", 5000, 2)


def test_on_version_2_their_group_has_the_sandboxs_other_limits_too(version_2: Cgroups) -> None:
    group = replace(version_2, controllers=ALL).memory_group("a.1", LIMITS)
    assert group is not None
    assert group.folder.parent == version_2.root / version_2.parent.lstrip("/")
    expected = {"memory.max": str(1 << 20), "cpu.max": "150000 100000", "pids.max": "10"}
    assert {name: value for name, value in written(group.folder).items() if name != "memory.swap.max"} == expected
    (group.folder / "memory.current").write_text("5000\n")
    (group.folder / "memory.events").write_text("low 0\noom 1\noom_kill 3\n")
    assert (group.memory_bytes(), group.oom_kills()) == (5000, 3)


def test_a_group_that_is_gone_is_no_fault(version_2: Cgroups) -> None:
    group = replace(version_2, controllers=ALL).memory_group("a.1", LIMITS)
    assert group is not None
    for file in group.folder.iterdir():
        file.unlink()
    assert group.remove()
    group.kill()
    assert (group.remove(), group.memory_bytes(), group.oom_kills()) == (True, 0, 0)


def written(folder: Path) -> dict[str, str]:
    return {file.name: file.read_text() for file in folder.iterdir()}
