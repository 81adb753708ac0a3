"""What a killed process leaves behind, in a process of its own, as the test's may adopt nothing."""

import subprocess
import sys

PROGRAM = """
import asyncio, os, subprocess, sys
from ide_server.orphans import Orphans, children

# It ends with our end of its pipe.
LEAVES_ONE = "import subprocess; print(subprocess.Popen(['cat'], stdout=subprocess.DEVNULL).pid, flush=True)"

async def main():
    orphans = Orphans()
    orphans.adopt()
    with orphans.spared() as own:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", LEAVES_ONE, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        own.add(process.pid)
    orphan = int(await process.stdout.readline())
    assert await process.wait() == 0
    assert orphan in children()
    process.stdin.close()
    async with asyncio.timeout(10):
        while children():
            await asyncio.sleep(0.01)

asyncio.run(main())
"""


def test_an_orphan_is_adopted_and_reaped_and_a_child_of_ours_is_left_to_its_waiter() -> None:
    done = subprocess.run([sys.executable, "-W", "error", "-c", PROGRAM], capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stderr) == (0, "")
