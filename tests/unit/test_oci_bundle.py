"""From a SandboxSpec to an OCI config: pure."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from ide_server.host.sandbox import Identity, Limits, Mount, SandboxSpec
from ide_server.host.sandbox.bundle import config, process
from ide_server.host.sandbox.identity import IdRange, rootless_ranges, subordinate_ids
from ide_server.host.sandbox.seccomp import profile

LIMITS = Limits(memory_bytes=1000, cpus=1.5, processes=10, tmp_bytes=500)
ROOTFUL = Identity(users=(IdRange(0, 100_000, 65_536),), groups=(IdRange(0, 100_000, 65_536),), rootless=False)
ROOTLESS = Identity(users=(IdRange(0, 1000, 1),), groups=(IdRange(0, 1000, 1),), rootless=True)
ALL = {"memory": {"limit": 1000}, "pids": {"limit": 10}}


def config_of(spec: SandboxSpec, *, identity: Identity = ROOTFUL, resources: Mapping[str, Any] = ALL) -> dict[str, Any]:
    return config(
        spec,
        rootfs=Path("/run/rootfs"),
        system=(Mount(Path("/usr"), "/usr"),),
        identity=identity,
        cgroups_path="/slipway/x/test" if resources else None,
        resources=resources,
        machine="x86_64",
    )


SPEC = SandboxSpec(("python", "main.py"), {"A": "1"}, (Mount(Path("/m"), "/model", writable=True),), LIMITS)


def test_every_namespace_is_new_and_the_root_is_read_only() -> None:
    made = config_of(SPEC)
    kinds = [namespace["type"] for namespace in made["linux"]["namespaces"]]
    assert sorted(kinds) == ["cgroup", "ipc", "mount", "network", "pid", "user", "uts"]
    assert made["root"] == {"path": "/run/rootfs", "readonly": True}


def test_what_is_mounted_later_appears_only_where_a_mount_follows() -> None:
    follows = SandboxSpec((), {}, (Mount(Path("/m"), "/model", writable=True, follows=True),), LIMITS)
    *_, bind = config_of(follows)["mounts"]
    assert bind["options"] == ["rbind", "rslave", "nosuid", "nodev", "rw"]


def test_binds_come_after_own_filesystems_and_are_read_only_unless_writable() -> None:
    binds = [mount for mount in config_of(SPEC)["mounts"] if mount["type"] == "bind"]
    assert [(bind["source"], bind["destination"], bind["options"]) for bind in binds] == [
        ("/usr", "/usr", ["rbind", "rprivate", "nosuid", "nodev", "ro"]),
        ("/m", "/model", ["rbind", "rprivate", "nosuid", "nodev", "rw"]),
    ]


def test_pid_1_is_tini_and_the_main_program_is_not_in_the_config() -> None:
    assert config_of(SPEC)["process"]["args"] == ["/usr/bin/tini", "--", "sleep", "infinity"]
    other = dataclasses.replace(SPEC, init=("/init",))
    assert config_of(other)["process"]["args"] == ["/usr/bin/tini", "--", "/init"]


def test_a_process_has_no_privilege_and_only_its_environment() -> None:
    made = process(("sh",), environment={"A": "1"}, working_directory="/", rlimits=(), terminal=(24, 80))
    assert made == {
        "user": {"uid": 0, "gid": 0},
        "args": ["sh"],
        "env": ["A=1"],
        "cwd": "/",
        "noNewPrivileges": True,
        "capabilities": {kind: [] for kind in ("bounding", "effective", "inheritable", "permitted", "ambient")},
        "rlimits": [],
        "terminal": True,
        "consoleSize": {"height": 24, "width": 80},
    }


def test_without_control_groups_each_process_is_limited() -> None:
    made = config_of(SPEC, resources={})
    limits = {limit["type"]: limit["hard"] for limit in made["process"]["rlimits"]}
    assert (limits["RLIMIT_DATA"], limits["RLIMIT_NPROC"], limits["RLIMIT_CORE"]) == (1000, 10, 0)
    assert "cgroupsPath" not in made["linux"]
    with_groups = {limit["type"] for limit in config_of(SPEC)["process"]["rlimits"]}
    assert with_groups == {"RLIMIT_NOFILE", "RLIMIT_CORE"}


def test_a_group_that_is_not_mapped_is_not_asked_for() -> None:
    def pts(identity: Identity) -> list[str]:
        mounts = config_of(SPEC, identity=identity)["mounts"]
        return next(mount["options"] for mount in mounts if mount["destination"] == "/dev/pts")

    assert "gid=5" in pts(ROOTFUL)
    assert "gid=5" not in pts(ROOTLESS)


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ([], None),
        (["other:1:2"], None),
        (["me:100000:65536"], (100000, 65536)),
        (["other:1:2", "1000:7:8", "me:9:10"], (7, 8)),
        (["me", "me:x:y", ":::"], None),
    ],
)
def test_subordinate_ids_are_those_of_the_name_or_the_number(lines: list[str], found: tuple[int, int] | None) -> None:
    assert subordinate_ids(lines, {"me", "1000"}) == found


def test_a_rootless_server_is_user_0_itself() -> None:
    assert rootless_ranges(1000, None) == (IdRange(0, 1000, 1),)
    assert rootless_ranges(1000, (100_000, 70_000)) == (IdRange(0, 1000, 1), IdRange(1, 100_000, 65_535))


def test_no_system_call_is_named_twice_and_dangerous_ones_not_at_all() -> None:
    names = profile("x86_64")["syscalls"][0]["names"]
    assert len(names) == len(set(names))
    dangerous = """
        mount umount2 pivot_root chroot unshare setns bpf perf_event_open userfaultfd keyctl add_key request_key
        kexec_load init_module finit_module delete_module io_uring_setup open_by_handle_at reboot swapon settimeofday
        clock_settime quotactl syslog acct socket clone clone3 personality fsopen move_mount open_tree
    """
    assert set(names).isdisjoint(dangerous.split())


def test_an_unknown_machine_has_no_profile() -> None:
    with pytest.raises(ValueError, match="got 'vax'"):
        profile("vax")
