"""Limits hold, and what reached one says so."""

import dataclasses
import json

import pytest

from ide_server.host.sandbox import Exit, Sandboxes
from ide_server.host.sandbox.bundle import PSEUDO_TERMINALS
from tests.support.sandboxes import LIMITS, MEBIBYTE, run, run_python, spec

pytestmark = [pytest.mark.anyio, pytest.mark.sandbox]

GROW = "b = bytearray(1 << 30)"
SMALL = dataclasses.replace(LIMITS, memory_bytes=64 * MEBIBYTE)


@pytest.fixture(autouse=True)
def needs_control_groups(sandboxes: Sandboxes) -> None:
    if sandboxes.warnings:
        pytest.skip("; ".join(sandboxes.warnings))


async def test_a_program_that_takes_too_much_memory_is_out_of_memory(sandboxes: Sandboxes) -> None:
    ran = await run_python(sandboxes, GROW, limits=SMALL)
    assert ran.exit == Exit(code=None, signal="SIGKILL", oom=True)


async def test_out_of_memory_shows_also_where_only_a_child_was_killed(sandboxes: Sandboxes) -> None:
    ran = await run(sandboxes, spec("sh", "-c", f"/usr/bin/python3 -c '{GROW}'; exit 3", limits=SMALL))
    assert ran.exit == Exit(code=3, signal=None, oom=True)


async def test_an_ordinary_end_is_not_out_of_memory(sandboxes: Sandboxes) -> None:
    ran = await run_python(sandboxes, "b = bytearray(8 << 20)", limits=SMALL)
    assert ran.exit == Exit(code=0, signal=None, oom=False)


async def test_tmp_has_a_size(sandboxes: Sandboxes) -> None:
    ran = await run(sandboxes, spec("sh", "-c", "head -c 40M /dev/zero >/tmp/big; stat -c %s /tmp/big"))
    assert "No space left on device" in ran.output
    assert ran.output.split()[-1] == str(LIMITS.tmp_bytes)


async def test_what_lies_in_tmp_counts_as_memory(sandboxes: Sandboxes) -> None:
    roomy = dataclasses.replace(SMALL, tmp_bytes=512 * MEBIBYTE)
    ran = await run(sandboxes, spec("sh", "-c", "head -c 200M /dev/zero >/tmp/big", limits=roomy))
    assert ran.exit.oom


async def test_programs_in_tmp_can_be_executed(sandboxes: Sandboxes) -> None:
    ran = await run(sandboxes, spec("sh", "-c", "cp /usr/bin/true /tmp/it; /tmp/it"))
    assert ran.exit.code == 0


async def test_a_fork_bomb_ends_at_the_limit_of_processes(sandboxes: Sandboxes) -> None:
    program = """
import os, signal
count = 0
try:
    while True:
        if os.fork() == 0:
            signal.pause()
        count += 1
except BlockingIOError:
    print(count)
"""
    ran = await run_python(sandboxes, program)
    assert int(ran.output) == LIMITS.processes - 3  # tini, sleep and the program itself


async def test_the_processor_limit_holds(sandboxes: Sandboxes) -> None:
    program = """
import json, time
end = time.monotonic() + 0.5
while time.monotonic() < end:
    pass
print(json.dumps(time.process_time()))
"""
    ran = await run_python(sandboxes, program, limits=dataclasses.replace(LIMITS, cpus=0.2))
    assert json.loads(ran.output) < 0.3


async def test_memory_in_use_is_known_while_it_runs(sandboxes: Sandboxes) -> None:
    sandbox = await sandboxes.start(spec(), name="test")
    used = sandbox.usage().memory_bytes
    assert used is not None
    assert 0 < used < 32 * MEBIBYTE
    await sandbox.stop()
    assert sandbox.usage().memory_bytes is None


async def test_it_can_open_so_many_pseudo_terminals_and_no_more(sandboxes: Sandboxes) -> None:
    program = """
import os
count = 0
try:
    while True:
        os.open("/dev/ptmx", os.O_RDWR | os.O_NOCTTY)
        count += 1
except OSError:
    print(count)
"""
    assert (await run_python(sandboxes, program)).output == f"{PSEUDO_TERMINALS}\n"


async def test_empty_files_in_tmp_count_as_memory(sandboxes: Sandboxes) -> None:
    program = """
import os
for number in range(400_000):
    os.mknod(f"/tmp/{number}")
"""
    assert (await run_python(sandboxes, program, limits=SMALL)).exit.oom
