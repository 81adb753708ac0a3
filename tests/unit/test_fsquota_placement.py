import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from fsquota.placement import LATE_SECONDS, PATIENCE, REST_SECONDS, Placement, processor_of

HELD = "import os, sys; os.sched_setaffinity(0, {int(sys.argv[1])}); print(flush=True); sys.stdin.read()"
PROCESSORS = sorted(os.sched_getaffinity(0))


@pytest.fixture
def allowed() -> Iterator[set[int]]:
    """Where this process may run, and may again at the end."""
    before = os.sched_getaffinity(0)
    yield before
    os.sched_setaffinity(0, before)


@contextlib.contextmanager
def caller_on(processor: int) -> Iterator[int]:
    with subprocess.Popen(
        [sys.executable, "-c", HELD, str(processor)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as caller:
        assert caller.stdout is not None
        caller.stdout.readline()
        yield caller.pid
        caller.communicate()


class Clock:
    """It stands still but where a test moves it."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def placement(clock: Clock) -> Placement:
    return Placement(follows=True, clock=clock)


def wait_for(placement: Placement, clock: Clock, caller: int) -> None:
    """As after replies to this caller, and after the rest between two looks."""
    clock.seconds += REST_SECONDS
    placement.caller = caller
    for _ in range(1 + PATIENCE):  # the first tells whose they are
        placement.note_wait()


@pytest.mark.parametrize("processor", PROCESSORS)
def test_it_goes_where_its_only_caller_is(
    allowed: set[int], placement: Placement, clock: Clock, processor: int
) -> None:
    with caller_on(processor) as caller:
        wait_for(placement, clock, caller)
        assert processor_of(caller) == processor
        assert os.sched_getaffinity(0) == {processor}
        placement.caller = os.getppid()
        placement.note_wait()
        assert os.sched_getaffinity(0) == allowed, "with two callers no processor is the right one"


def test_few_waits_move_nothing(allowed: set[int], placement: Placement) -> None:
    with caller_on(PROCESSORS[0]) as caller:
        placement.caller = caller
        for _ in range(PATIENCE):
            placement.note_wait()
        assert os.sched_getaffinity(0) == allowed


def test_where_a_caller_comes_late_it_looks_at_once(allowed: set[int], placement: Placement, clock: Clock) -> None:
    with caller_on(PROCESSORS[0]) as caller:
        placement.caller = caller
        placement.note_wait()
        clock.seconds += LATE_SECONDS / 2
        placement.note_wait()
        assert os.sched_getaffinity(0) == allowed
        clock.seconds += LATE_SECONDS * 1.01
        placement.note_wait()
        assert os.sched_getaffinity(0) == {PROCESSORS[0]}


def test_without_the_policy_it_stays(allowed: set[int], clock: Clock) -> None:
    placement = Placement(follows=False, clock=clock)
    with caller_on(PROCESSORS[0]) as caller:
        wait_for(placement, clock, caller)
        assert os.sched_getaffinity(0) == allowed


def test_a_caller_that_has_ended_or_cannot_be_seen_moves_nothing(
    allowed: set[int], placement: Placement, clock: Clock
) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        pass
    for caller in (ended.pid, 0):
        wait_for(placement, clock, caller)
    assert os.sched_getaffinity(0) == allowed


@pytest.mark.skipif(len(PROCESSORS) < 2, reason="there is one processor only")
def test_where_somebody_else_has_bound_it_it_keeps_to_that(
    allowed: set[int], placement: Placement, clock: Clock
) -> None:
    with caller_on(PROCESSORS[0]) as first, caller_on(PROCESSORS[1]) as second:
        wait_for(placement, clock, first)
        os.sched_setaffinity(0, {PROCESSORS[1]})
        wait_for(placement, clock, first)
        assert os.sched_getaffinity(0) == {PROCESSORS[1]}
        wait_for(placement, clock, second)
        assert os.sched_getaffinity(0) == {PROCESSORS[1]}
        os.sched_setaffinity(0, allowed)
        wait_for(placement, clock, first)
        assert os.sched_getaffinity(0) == {PROCESSORS[0]}
