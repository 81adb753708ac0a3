"""On which processor this process runs: on that of the program it works for.

A request and its reply take 15 us where both run on one processor, each going on where the other waits. They take 40
us and more where they run on two, each of which falls asleep and is woken once per request. The kernel leaves them
together where this process has the policy SCHED_IDLE: then its processor is as good as an idle one to wake the caller
on, while with any other policy the caller is woken elsewhere.
"""

import contextlib
import os
import time
from collections.abc import Callable

PATIENCE = 8
"""So many waits in a row, each after a reply to the same caller, are worth the look where that is. Of a program whose
threads ask by turns, few waits are of one thread by chance."""
LATE_SECONDS = 0.003
"""A caller who is there again so late may have been kept waiting by this process, which others kept from the processor
it is bound to: that is worth the look at once. Others' turns last about so long."""
REST_SECONDS = 0.001
"""Between two looks, which take as long as a few requests."""

PROCESSOR_FIELD = 36
"""Of /proc/PID/stat, counted from the one behind the program's name."""


class Placement:
    """`caller` is the thread whose request came last. Without `follows` this process stays where it is put."""

    def __init__(self, *, follows: bool, clock: Callable[[], float] = time.monotonic) -> None:
        self.follows = follows
        self.caller = 0
        self._clock = clock
        self._followed = 0
        self._apart = 0
        self._waited_at = 0.0
        self._rest_until = 0.0
        self._allowed = self._kept = os.sched_getaffinity(0)

    def note_wait(self) -> None:
        """There was no request after the last reply. Together with its caller this process would have found one: it
        goes on when the caller waits."""
        if not self.follows:
            return
        now = self._clock()
        late = now - self._waited_at >= LATE_SECONDS
        self._waited_at = now
        if self.caller != self._followed:
            self._followed, self._apart = self.caller, 0
            if self._kept != self._allowed:  # with several callers no processor is the right one
                self._keep_to(self._allowed)
            return
        self._apart += 1
        if (late or self._apart >= PATIENCE) and now >= self._rest_until:
            self._apart = 0
            # It has ended, or runs where this process must not, or may not be seen.
            with contextlib.suppress(OSError, ValueError):
                self._keep_to({processor_of(self.caller)})
            self._rest_until = now + REST_SECONDS

    def _keep_to(self, processors: set[int]) -> None:
        """As far as it may run there. Bound, it is woken there too when the next request comes."""
        found = os.sched_getaffinity(0)
        if found != self._kept:  # somebody else has chosen since
            self._allowed = found
        self._kept = processors & self._allowed or self._allowed
        if self._kept != found:
            os.sched_setaffinity(0, self._kept)


def processor_of(thread: int) -> int:
    """Where it ran last. Raises OSError for one that is gone or hidden."""
    with open(f"/proc/{thread}/stat", "rb", buffering=0) as file:
        fields = file.read().rpartition(b")")[2].split()
    return int(fields[PROCESSOR_FIELD])
