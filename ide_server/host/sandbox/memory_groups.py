"""A control group for some programs of a sandbox, with a memory limit of their own.

It lies beside the sandbox's group, not in it: version 2 knows no groups below one that has processes.
"""

import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True)
class MemoryGroup:
    """Its functions block for a moment; none fails once the group is gone."""

    folder: Path
    version: Literal[1, 2]

    def add(self, pid: int) -> None:
        """With all that it starts from now on. What it has in memory already counts where it was. Raises OSError."""
        (self.folder / "cgroup.procs").write_text(str(pid))

    def memory_bytes(self) -> int:
        return int(self._read("memory.usage_in_bytes" if self.version == 1 else "memory.current") or 0)

    def oom_kills(self) -> int:
        """How many of its processes the kernel has killed because the limit was reached."""
        for line in self._read("memory.oom_control" if self.version == 1 else "memory.events").splitlines():
            name, _, value = line.partition(" ")
            if name == "oom_kill":
                return int(value)
        return 0

    def kill(self) -> None:
        for pid in self._read("cgroup.procs").split():
            try:
                os.kill(int(pid), signal.SIGKILL)
            except ProcessLookupError:
                continue

    def remove(self) -> bool:
        """Whether it is gone: it stays while a process of it is left."""
        try:
            self.folder.rmdir()
        except FileNotFoundError:
            return True
        except OSError:  # EBUSY
            return False
        return True

    def _read(self, file: str) -> str:
        try:
            return (self.folder / file).read_text()
        except OSError:  # the group is gone
            return ""


def make_memory_group(folder: Path, version: Literal[1, 2], values: Mapping[str, str]) -> MemoryGroup:
    """`values` by the names of the group's files. Raises OSError."""
    folder.mkdir()
    group = MemoryGroup(folder, version)
    try:
        for name, value in values.items():
            (folder / name).write_text(value)
    except OSError:
        group.remove()
        raise
    return group
