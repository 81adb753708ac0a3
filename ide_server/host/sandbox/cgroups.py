"""The control groups of sandboxes, versions 1 and 2: which limits can be set, and what they report.

The OCI runtime makes and sets a sandbox's own group; this module prepares the folder above it, and reads. Beside that
folder is the group of filesystem processes, see host/mounts/group.py.
"""

import contextlib
import hashlib
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ide_server.host.sandbox.memory_groups import MemoryGroup, make_memory_group
from ide_server.host.sandbox.spec import Limits

ROOT = Path("/sys/fs/cgroup")
WANTED = ("memory", "cpu", "pids")
CPU_PERIOD_MICROSECONDS = 100_000
MOST_PASSES = 10
"""Over the processes of a group: those that a process starts while it is moved are moved by the next one."""


@dataclass(frozen=True)
class Cgroups:
    """`parent` is the group above all sandboxes of one server, as a path in the hierarchy."""

    root: Path
    version: Literal[1, 2]
    parent: str
    controllers: frozenset[str]
    """Those of WANTED that this process may use."""
    limits_swap: bool
    missing: str
    """Why a controller is not there; empty when none is missing."""

    def path(self, name: str) -> str | None:
        """What an OCI config calls cgroupsPath; None: no group of its own."""
        return f"{self.parent}/{name}" if self.controllers else None

    def resources(self, limits: Limits) -> dict[str, Any]:
        """An OCI resources object with the limits that can be kept."""
        resources: dict[str, Any] = {}
        if "memory" in self.controllers:
            resources["memory"] = {"limit": limits.memory_bytes}
            if self.limits_swap:
                # Of memory and swap together, so there is no swap.
                resources["memory"]["swap"] = limits.memory_bytes
        if "cpu" in self.controllers:
            quota = round(limits.cpus * CPU_PERIOD_MICROSECONDS)
            resources["cpu"] = {"period": CPU_PERIOD_MICROSECONDS, "quota": quota}
        if "pids" in self.controllers:
            resources["pids"] = {"limit": limits.processes}
        return resources

    def memory_group(self, name: str, limits: Limits) -> MemoryGroup | None:
        """A new one, the caller's to remove; None where this process has no such controller. Raises OSError."""
        if "memory" not in self.controllers:
            return None
        hierarchy = self.root / "memory" if self.version == 1 else self.root
        return make_memory_group(hierarchy / self.parent.lstrip("/") / name, self.version, self._group_values(limits))

    def _group_values(self, limits: Limits) -> dict[str, str]:
        """On version 1 whoever is in the group is in others of the sandbox's still; on version 2 in none."""
        if self.version == 1:
            memory = str(limits.memory_bytes)
            # Of memory and swap together, so there is no swap.
            swap = {"memory.memsw.limit_in_bytes": memory} if self.limits_swap else {}
            return {"memory.limit_in_bytes": memory, **swap}
        values = {"memory.max": str(limits.memory_bytes)}
        if self.limits_swap:
            values["memory.swap.max"] = "0"
        if "cpu" in self.controllers:
            values["cpu.max"] = f"{round(limits.cpus * CPU_PERIOD_MICROSECONDS)} {CPU_PERIOD_MICROSECONDS}"
        if "pids" in self.controllers:
            values["pids.max"] = str(limits.processes)
        return values

    def filesystems_group(self) -> Path | None:
        """The folder of a group, to be made, for this server's filesystem processes; None where it would have no share
        of the processors of its own."""
        if "cpu" not in self.controllers:
            return None
        hierarchy = self.root / "cpu" if self.version == 1 else self.root
        return hierarchy / f"{self.parent.lstrip('/')}.filesystems"

    def cpu_seconds(self, name: str) -> float | None:
        """Of all processes that the sandbox has had."""
        if self.version == 2:
            stat = self._read(name, "cpu.stat")
            return None if stat is None else counter(stat, "usage_usec") / 1e6
        nanoseconds = self._read(name, "cpuacct.usage", controller="cpuacct")
        return None if nanoseconds is None else int(nanoseconds) / 1e9

    def memory_bytes(self, name: str) -> int | None:
        """Memory in use, without what the kernel can drop at once (as `docker stats` counts)."""
        used = self._read(name, "memory.usage_in_bytes" if self.version == 1 else "memory.current")
        if used is None:
            return None
        droppable = "total_inactive_file" if self.version == 1 else "inactive_file"
        return max(0, int(used) - counter(self._read(name, "memory.stat"), droppable))

    def oom_kills(self, name: str) -> int:
        """How many processes the kernel has killed because the memory limit was reached."""
        file = "memory.oom_control" if self.version == 1 else "memory.events"
        return counter(self._read(name, file), "oom_kill")

    def kill_all(self) -> None:
        """Kills every process in every sandbox's group; the groups can be removed once the processes are gone."""
        for group in self.groups():
            for pid in (group / "cgroup.procs").read_text().split():
                try:
                    os.kill(int(pid), signal.SIGKILL)
                except ProcessLookupError:
                    continue

    def remove_empty(self) -> bool:
        """Removes the groups without a process, and the parent with the last of them; whether all are gone."""
        for group in self.groups():
            try:
                group.rmdir()
            except OSError:
                continue
        return not any(True for _ in self.groups())

    def groups(self) -> Iterator[Path]:
        """Folders of all groups of sandboxes, each before the one that holds it."""
        for hierarchy in self._hierarchies():
            for folder, _, _ in os.walk(hierarchy / self.parent.lstrip("/"), topdown=False):
                yield Path(folder)

    def _hierarchies(self) -> list[Path]:
        """Also of controllers we set no limit on: on version 1 the runtime makes a group in each of them."""
        if self.version == 2:
            return [self.root]
        return sorted({entry.resolve() for entry in self.root.iterdir() if entry.is_dir()})

    def _read(self, name: str, file: str, *, controller: str = "memory") -> str | None:
        hierarchy = self.root / controller if self.version == 1 else self.root
        try:
            return (hierarchy / self.parent.lstrip("/") / name / file).read_text()
        except OSError:
            # No controller, or the sandbox is gone.
            return None


def find_cgroups(run_path: Path, root: Path = ROOT) -> Cgroups:
    """What this process may use. On version 2 this makes the parent group and hands the controllers down to it."""
    parent = "/slipway/" + hashlib.sha256(os.fsencode(run_path)).hexdigest()[:12]
    if (root / "cgroup.controllers").exists():
        return version_2(root, parent)
    return version_1(root, parent)


def version_1(root: Path, parent: str) -> Cgroups:
    controllers = frozenset(name for name in WANTED if os.access(root / name / "cgroup.procs", os.W_OK))
    lacking = [name for name in WANTED if name not in controllers]
    return Cgroups(
        root=root,
        version=1,
        parent=parent,
        controllers=controllers,
        limits_swap=(root / "memory/memory.memsw.limit_in_bytes").exists(),
        missing=f"{root} has no writable controller {', '.join(lacking)}" if lacking else "",
    )


def version_2(root: Path, parent: str) -> Cgroups:
    folder = root / parent.lstrip("/")
    missing = ""
    try:
        for group in reversed(folder.relative_to(root).parents):
            hand_down(root / group)
        folder.mkdir(parents=True, exist_ok=True)
        hand_down(folder)
    except OSError as error:
        missing = f"{error.filename} cannot be written ({error.strerror})"
    handed = (folder / "cgroup.subtree_control").read_text().split() if not missing else []
    controllers = frozenset(name for name in WANTED if name in handed)
    lacking = [name for name in WANTED if name not in controllers]
    return Cgroups(
        root=root,
        version=2,
        parent=parent,
        controllers=controllers,
        limits_swap="memory" in controllers and Path("/proc/swaps").exists(),
        missing=missing or (f"{root} has no controller {', '.join(lacking)}" if lacking else ""),
    )


def hand_down(group: Path) -> None:
    """But for the machine's root only a group without processes can. A container's are in the root of all it sees."""
    group.mkdir(exist_ok=True)
    if (group / "cgroup.type").exists():  # the machine's root has none
        move_processes(group, group / "init")
    available = (group / "cgroup.controllers").read_text().split()
    write(group / "cgroup.subtree_control", " ".join(f"+{name}" for name in WANTED if name in available))


def move_processes(group: Path, below: Path) -> None:
    for _ in range(MOST_PASSES):
        pids = (group / "cgroup.procs").read_text().split()
        if not pids:
            return
        below.mkdir(exist_ok=True)
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):  # it has ended
                write(below / "cgroup.procs", pid)


def write(file: Path, text: str) -> None:
    """Raises OSError with the file, also where the kernel refuses what is written."""
    try:
        file.write_text(text)
    except OSError as error:
        raise OSError(error.errno, error.strerror, file) from error


def counter(text: str | None, key: str) -> int:
    """The number after `key` in lines of "key number"; 0 where there is none."""
    for line in (text or "").splitlines():
        name, _, value = line.partition(" ")
        if name == key:
            return int(value)
    return 0
