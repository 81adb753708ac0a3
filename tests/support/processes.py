"""Whether a process runs."""

from pathlib import Path

PF_EXITING = 0x4  # <linux/sched.h>; from the moment it begins to give up what it has


def is_running(pid: int) -> bool:
    """False once it ends, also where nobody has reaped it. Its command line does not tell: that is empty then, and for
    a moment wherever a process becomes another program."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return fields[0] not in "ZX" and not int(fields[6]) & PF_EXITING
