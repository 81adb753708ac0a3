"""On which processor this process runs: on that of the program it works for.

A request and its reply take some 16 us where both run on one processor, each going on where the other waits. They take
60 us where they run on two, each of which falls asleep and is woken once per request; and where they are, the kernel's
scheduler leaves them.
"""

import contextlib
import os
import time

from fsquota.backing import libc

# So many replies to somebody elsewhere are worth the look where that is.
PATIENCE = 16
REST_SECONDS = 0.01
"""Between two moves, which take time: where there are several callers, no place is right for long."""
# A virtual machine's host takes so long to see that a processor has gone idle. Before it does, the guest's scheduler
# takes that processor for the best place to wake the caller on, and both are apart again.
SETTLE_SECONDS = 0.0003

PROCESSOR_FIELD = 36
"""Of /proc/PID/stat, counted from the one behind the program's name."""


class Placement:
    """`caller` is the thread whose request came last."""

    def __init__(self) -> None:
        self.caller = 0
        self._apart = 0
        self._rest_until = 0.0

    def note_apart(self) -> None:
        """The next request has come, and not from this processor, which was free for its sender meanwhile."""
        self._apart += 1
        if self._apart >= PATIENCE and time.monotonic() >= self._rest_until:
            self._apart = 0
            # It has ended, or runs where this process must not, or may not be seen.
            with contextlib.suppress(OSError, ValueError):
                self._join(processor_of(self.caller))

    def _join(self, processor: int) -> None:
        """Moves this thread there without binding it."""
        allowed = os.sched_getaffinity(0)
        if processor == libc.sched_getcpu() or processor not in allowed:
            return
        os.sched_setaffinity(0, {processor})
        os.sched_setaffinity(0, allowed)
        time.sleep(SETTLE_SECONDS)
        self._rest_until = time.monotonic() + REST_SECONDS


def processor_of(thread: int) -> int:
    """Where it ran last. Raises OSError for one that is gone or hidden."""
    with open(f"/proc/{thread}/stat", "rb", buffering=0) as file:
        fields = file.read().rpartition(b")")[2].split()
    return int(fields[PROCESSOR_FIELD])
