"""Processes whose parent was killed: adopted and reaped, so that what waits for their end can go on."""

import asyncio
import contextlib
import ctypes
import os
import signal
from collections.abc import Iterator
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36


def become_subreaper() -> None:
    """Makes the orphans among this process's descendants its children instead of those of the machine's init."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error), "prctl(PR_SET_CHILD_SUBREAPER)")


class Orphans:
    """Reaped as they end. Whoever comes after a killed host ends its sandboxes, and the kernel keeps the init of one
    until every process in it has been reaped: where the machine's init does not, no host could start again."""

    def __init__(self) -> None:
        self._own: set[int] = set()
        self._starting = 0

    def adopt(self) -> None:
        become_subreaper()
        asyncio.get_running_loop().add_signal_handler(signal.SIGCHLD, self.reap)

    @contextlib.contextmanager
    def spared(self) -> Iterator[set[int]]:
        """While a child of our own is started; add its pid to the set, and take it out once somebody waited for it."""
        self._starting += 1
        try:
            yield self._own
        finally:
            self._starting -= 1
            self.reap()

    def reap(self) -> None:
        if self._starting:
            return  # a child that nobody has named yet must not be taken from whoever waits for it
        for pid in children() - self._own:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)


def children() -> set[int]:
    """Of all threads of this process; those that ended are among them."""
    found: set[int] = set()
    for task in Path("/proc/self/task").iterdir():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # a thread that has ended meanwhile
            found.update(int(pid) for pid in (task / "children").read_text().split())
    return found
