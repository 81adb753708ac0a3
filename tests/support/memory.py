"""How much memory this process takes at most while something runs."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

MEBIBYTE = 1 << 20


@dataclass
class Growth:
    """Valid once its block has ended."""

    mebibytes: float = 0.0


@contextmanager
def memory_growth() -> Iterator[Growth]:
    """Of what is resident: its peak within the block against its start."""
    Path("/proc/self/clear_refs").write_text("5")  # the peak is what is resident now
    before, growth = status_bytes("VmRSS"), Growth()
    yield growth
    growth.mebibytes = (status_bytes("VmHWM") - before) / MEBIBYTE


def status_bytes(name: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:"))
