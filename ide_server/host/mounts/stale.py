"""What a server that was killed leaves behind: mounts without a process and the reverse. All here blocks."""

import contextlib
import os
import re
import select
import signal
import subprocess
from collections.abc import Iterable
from pathlib import Path

END_SECONDS = 5.0


def mountpoints(below: Path, mountinfo: Iterable[str]) -> list[Path]:
    """Those of /proc/self/mountinfo below a folder, the last mounted first; one as often as it is mounted upon."""
    paths = [Path(_unescaped(line.split(" ")[4])) for line in mountinfo]
    return [path for path in reversed(paths) if below in path.parents]


def present_mountpoints(below: Path) -> list[Path]:
    with open("/proc/self/mountinfo") as mountinfo:
        return mountpoints(below, mountinfo)


def is_mountpoint(path: Path) -> bool:
    """Also of a mount whose process died, which nothing asks."""
    return path in present_mountpoints(path.parent)


def detach(mountpoint: Path) -> None:
    """Unmount lazily all that is mounted there: what is open stays open, and fails if its process is dead."""
    for path in present_mountpoints(mountpoint.parent):
        if path == mountpoint:
            _unmount(path)


def end_process(pid_file: Path, mountpoint: Path) -> None:
    """End the process a dead server started for this mountpoint, if it still runs, and forget it."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError, ValueError):  # never written, gone, half written
        pid = int(pid_file.read_text())
        process = os.pidfd_open(pid)
        try:
            # Read while the descriptor is held: a process that got the number anew does not name our mountpoint.
            if os.fsencode(mountpoint) in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0"):
                _end(process)
        finally:
            os.close(process)
    pid_file.unlink(missing_ok=True)


def _end(process: int) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        signal.pidfd_send_signal(process, number)
        ended, _, _ = select.select([process], [], [], END_SECONDS)
        if ended:
            return


def _unmount(path: Path) -> None:
    arguments = ["fusermount3", "-u", "-z", "--", str(path)]
    done = subprocess.run(arguments, stdin=subprocess.DEVNULL, capture_output=True, timeout=END_SECONDS, check=False)
    if done.returncode != 0 and path in present_mountpoints(path.parent):
        said = done.stderr.decode(errors="replace").strip()
        raise OSError(f"could not unmount {path}: fusermount3 said {said!r}")


def _unescaped(path: str) -> str:
    """The kernel writes blanks and backslashes of paths as octal numbers."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), path)
