"""What a sandbox uses, as the kernel counts it. All here blocks, for a fraction of a millisecond."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Usage:
    """None: not known here."""

    cpu_seconds: float | None
    """Of all its processors, since it was started."""
    memory_bytes: int | None
    """Without what the kernel can drop at once."""
    tmp_bytes: int | None
    """Of /tmp, which counts as memory too."""


def of_processes(roots: Iterable[int]) -> tuple[float, int]:
    """Seconds of processor time and bytes of memory of these processes and all below them.

    Where there are no control groups. Memory that processes share counts once for each of them.
    """
    ticks, pages = 0, 0
    for pid in set(_with_descendants(roots)):
        try:
            # After the name, which may hold anything, in brackets: state is field 3, see proc_pid_stat(5).
            fields = (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()
        except OSError:  # it has ended
            continue
        # 14 to 17: of itself, and of children that have ended and were waited for.
        ticks += sum(map(int, fields[11:15]))
        pages += int(fields[21])
    return ticks / TICKS, pages * PAGE_BYTES


def tmp_bytes(pid: int, *, limit_bytes: int) -> int | None:
    """What lies in the /tmp that a process sees, if that is a filesystem of its own of this size."""
    try:
        found = os.statvfs(f"/proc/{pid}/root/tmp")
    except OSError:  # it has ended, or this process may not look there
        return None
    # Under a runtime with a kernel of its own the path leads elsewhere.
    if found.f_blocks * found.f_frsize != limit_bytes:
        return None
    return (found.f_blocks - found.f_bfree) * found.f_frsize


def _with_descendants(roots: Iterable[int]) -> Iterator[int]:
    pending = list(roots)
    while pending:
        pid = pending.pop()
        yield pid
        try:
            for task in os.listdir(f"/proc/{pid}/task"):
                pending += map(int, (Path("/proc") / str(pid) / "task" / task / "children").read_text().split())
        except OSError:  # it, or one of its threads, has ended
            continue
