"""From a SandboxSpec to an OCI config.json: pure."""

import resource
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ide_server.host.sandbox.identity import Identity, IdRange
from ide_server.host.sandbox.seccomp import profile
from ide_server.host.sandbox.spec import Limits, Mount, SandboxSpec
from ide_server.settings import MEBIBYTE

INIT = ("/usr/bin/tini", "--")
OPEN_FILES = 65_536
TTY_GROUP = 5
RUN_BYTES = 16 * MEBIBYTE
PSEUDO_TERMINALS = 256
"""All sandboxes share the kernel's 4096: without a bound one of them could leave the others without terminals."""

MASKED = (
    "/proc/acpi",
    "/proc/asound",
    "/proc/interrupts",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/proc/timer_list",
    "/proc/timer_stats",
)
READ_ONLY = ("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger")
"""MASKED and READ_ONLY follow Docker; all of /sys but two folders is left out instead."""


def config(
    spec: SandboxSpec,
    *,
    rootfs: Path,
    system: Sequence[Mount],
    identity: Identity,
    cgroups_path: str | None,
    resources: Mapping[str, Any],
    machine: str,
) -> dict[str, Any]:
    """`resources` as `Cgroups.resources` gives them; limits missing there become limits of each process."""
    linux: dict[str, Any] = {
        "namespaces": [{"type": kind} for kind in ("user", "pid", "mount", "uts", "ipc", "network", "cgroup")],
        "uidMappings": [mapping(ids) for ids in identity.users],
        "gidMappings": [mapping(ids) for ids in identity.groups],
        "resources": dict(resources),
        "seccomp": profile(machine),
        "maskedPaths": list(MASKED),
        "readonlyPaths": list(READ_ONLY),
    }
    if cgroups_path is not None:
        linux["cgroupsPath"] = cgroups_path
    return {
        "ociVersion": "1.0.2",
        "root": {"path": str(rootfs), "readonly": True},
        "hostname": spec.hostname,
        "process": process(
            (*INIT, *spec.init),
            environment=spec.environment,
            working_directory="/",
            rlimits=rlimits(spec.limits, resources),
        ),
        "mounts": [*own_mounts(spec.limits, identity), *bind_mounts((*system, *spec.mounts))],
        "linux": linux,
    }


def process(
    arguments: Sequence[str],
    *,
    environment: Mapping[str, str],
    working_directory: str,
    rlimits: Sequence[Mapping[str, Any]],
    terminal: tuple[int, int] | None = None,
) -> dict[str, Any]:
    """An OCI process without any privilege; `terminal` is (rows, columns)."""
    values: dict[str, Any] = {
        "user": {"uid": 0, "gid": 0},
        "args": list(arguments),
        "env": [f"{name}={value}" for name, value in environment.items()],
        "cwd": working_directory,
        "noNewPrivileges": True,
        "capabilities": {kind: [] for kind in ("bounding", "effective", "inheritable", "permitted", "ambient")},
        "rlimits": list(rlimits),
    }
    if terminal is not None:
        rows, columns = terminal
        values |= {"terminal": True, "consoleSize": {"height": rows, "width": columns}}
    return values


def rlimits(limits: Limits, resources: Mapping[str, Any]) -> list[dict[str, Any]]:
    found = [rlimit("RLIMIT_NOFILE", open_files()), rlimit("RLIMIT_CORE", 0)]
    if "memory" not in resources:
        found.append(rlimit("RLIMIT_DATA", limits.memory_bytes))
    if "pids" not in resources:
        found.append(rlimit("RLIMIT_NPROC", limits.processes))
    return found


def open_files() -> int:
    """A server without CAP_SYS_RESOURCE cannot give more than it has."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    return OPEN_FILES if most == resource.RLIM_INFINITY else min(OPEN_FILES, most)


def rlimit(kind: str, value: int) -> dict[str, Any]:
    return {"type": kind, "soft": value, "hard": value}


def mapping(ids: IdRange) -> dict[str, int]:
    return {"containerID": ids.inside, "hostID": ids.outside, "size": ids.count}


def own_mounts(limits: Limits, identity: Identity) -> list[dict[str, Any]]:
    """Filesystems of the sandbox's own."""
    pts = ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", f"max={PSEUDO_TERMINALS}"]
    if identity.has_group(TTY_GROUP):
        pts.append(f"gid={TTY_GROUP}")
    return [
        mount("proc", "/proc", "nosuid", "noexec", "nodev"),
        mount("tmpfs", "/dev", "nosuid", "strictatime", "mode=755", "size=65536k"),
        mount("devpts", "/dev/pts", *pts),
        mount("tmpfs", "/dev/shm", "nosuid", "noexec", "nodev", "mode=1777", f"size={limits.tmp_bytes}"),
        mount("mqueue", "/dev/mqueue", "nosuid", "noexec", "nodev"),
        mount("tmpfs", "/tmp", "nosuid", "nodev", "mode=1777", f"size={limits.tmp_bytes}"),
        mount("tmpfs", "/run", "nosuid", "nodev", "mode=755", f"size={RUN_BYTES}"),
    ]


def mount(kind: str, destination: str, *options: str) -> dict[str, Any]:
    return {"type": kind, "source": kind, "destination": destination, "options": list(options)}


def bind_mounts(mounts: Iterable[Mount]) -> list[dict[str, Any]]:
    return [
        {
            "type": "bind",
            "source": str(each.source),
            "destination": each.destination,
            "options": [
                "rbind",
                "rslave" if each.follows else "rprivate",
                "nosuid",
                "nodev",
                "rw" if each.writable else "ro",
            ],
        }
        for each in mounts
    ]
