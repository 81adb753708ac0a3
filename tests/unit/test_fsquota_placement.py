import os
import subprocess
import sys

import pytest

from fsquota.placement import PATIENCE, Placement, processor_of

HELD = "import os, sys; os.sched_setaffinity(0, {int(sys.argv[1])}); print(flush=True); sys.stdin.read()"


@pytest.mark.parametrize("processor", sorted(os.sched_getaffinity(0)))
def test_the_processor_of_a_caller_is_found_and_nobody_is_bound_to_it(processor: int) -> None:
    allowed = os.sched_getaffinity(0)
    with subprocess.Popen(
        [sys.executable, "-c", HELD, str(processor)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as caller:
        assert caller.stdout is not None
        caller.stdout.readline()
        placement = Placement()
        placement.caller = caller.pid
        for _ in range(PATIENCE):
            placement.note_apart()
        assert processor_of(caller.pid) == processor
        assert os.sched_getaffinity(0) == allowed
        caller.communicate()


def test_a_caller_that_has_ended_or_cannot_be_seen_moves_nothing() -> None:
    allowed = os.sched_getaffinity(0)
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        pass
    for caller in (ended.pid, 0):
        placement = Placement()
        placement.caller = caller
        for _ in range(PATIENCE):
            placement.note_apart()
    assert os.sched_getaffinity(0) == allowed


def test_a_program_that_chose_few_processors_keeps_to_them() -> None:
    allowed = os.sched_getaffinity(0)
    chosen = {min(allowed)}
    os.sched_setaffinity(0, chosen)
    try:
        placement = Placement()
        placement.caller = os.getppid()
        for _ in range(PATIENCE):
            placement.note_apart()
        assert os.sched_getaffinity(0) == chosen
    finally:
        os.sched_setaffinity(0, allowed)
