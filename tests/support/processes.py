"""Whether a process runs."""

from pathlib import Path

PF_EXITING = 0x4  # <linux/sched.h>


def is_running(pid: int) -> bool:
    """False once it has given up its memory, also where nobody has reaped it. The command line is empty then, but for a
    moment also wherever a process becomes another program."""
    process = Path(f"/proc/{pid}")
    try:
        if (process / "cmdline").read_bytes():
            return True
        fields = (process / "stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return fields[0] not in "ZX" and not int(fields[6]) & PF_EXITING
