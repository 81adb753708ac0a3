"""The control group of this server's filesystem processes, in which they need not wait for other programs.

fsquota takes half of the time where its processor counts as idle, so that whoever waits for it goes on right there:
that is the policy SCHED_IDLE. Beside other programs of one group it would leave fsquota a three-hundredth of what they
get. In a group of their own filesystems together get what any other group does.
"""

import asyncio
import contextlib
from pathlib import Path

# Without a class of its own what such a process reads and writes would come last on the disk, too.
POLICY = ("chrt", "--idle", "0", "ionice", "--class", "best-effort")


class Group:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def join(self, pid: int) -> None:
        """Raises OSError; ProcessLookupError where it has ended."""
        await asyncio.to_thread(self.join_now, pid)

    def join_now(self, pid: int) -> None:
        """The kernel may take some milliseconds."""
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / "cgroup.procs").write_text(str(pid))

    def remove(self) -> None:
        """If it is empty."""
        with contextlib.suppress(OSError):
            self._folder.rmdir()
