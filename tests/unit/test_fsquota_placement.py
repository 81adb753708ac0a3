import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from fsquota.placement import PATIENCE, REST_SECONDS, Placement, processor_of

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


def wait_for(placement: Placement, caller: int) -> None:
    """As after replies to this caller, and after the rest between two looks."""
    time.sleep(REST_SECONDS)
    placement.caller = caller
    for _ in range(1 + PATIENCE):  # the first tells whose they are
        placement.note_wait()


@pytest.mark.parametrize("processor", PROCESSORS)
def test_it_goes_where_its_only_caller_is(allowed: set[int], processor: int) -> None:
    placement = Placement(follows=True)
    with caller_on(processor) as caller:
        wait_for(placement, caller)
        assert processor_of(caller) == processor
        assert os.sched_getaffinity(0) == {processor}
        placement.caller = os.getppid()
        placement.note_wait()
        assert os.sched_getaffinity(0) == allowed, "with two callers no processor is the right one"


def test_few_waits_move_nothing(allowed: set[int]) -> None:
    placement = Placement(follows=True)
    with caller_on(PROCESSORS[0]) as caller:
        placement.caller = caller
        for _ in range(PATIENCE):
            placement.note_wait()
        assert os.sched_getaffinity(0) == allowed


def test_without_the_policy_it_stays(allowed: set[int]) -> None:
    placement = Placement(follows=False)
    with caller_on(PROCESSORS[0]) as caller:
        wait_for(placement, caller)
        assert os.sched_getaffinity(0) == allowed


def test_a_caller_that_has_ended_or_cannot_be_seen_moves_nothing(allowed: set[int]) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        pass
    for caller in (ended.pid, 0):
        wait_for(Placement(follows=True), caller)
    assert os.sched_getaffinity(0) == allowed


@pytest.mark.skipif(len(PROCESSORS) < 2, reason="there is one processor only")
def test_where_somebody_else_has_bound_it_it_keeps_to_that(allowed: set[int]) -> None:
    placement = Placement(follows=True)
    with caller_on(PROCESSORS[0]) as first, caller_on(PROCESSORS[1]) as second:
        wait_for(placement, first)
        os.sched_setaffinity(0, {PROCESSORS[1]})
        wait_for(placement, first)
        assert os.sched_getaffinity(0) == {PROCESSORS[1]}
        wait_for(placement, second)
        assert os.sched_getaffinity(0) == {PROCESSORS[1]}
        os.sched_setaffinity(0, allowed)
        wait_for(placement, first)
        assert os.sched_getaffinity(0) == {PROCESSORS[0]}
