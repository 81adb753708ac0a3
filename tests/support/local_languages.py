"""Language servers of this machine, in the place of those in a workspace's sandbox: they do as they are told."""

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import cast

from ide_server.host.languages import Programs
from ide_server.host.languages.process import START
from ide_server.host.languages.programs import Program, State
from ide_server.host.sandbox import Child, Exit, MemoryGroup
from ide_server.host.sandbox.processes import spawn
from ide_server.host.sandbox.spec import INSIDE
from ide_server.wire import ModelId

SERVER = """
import json, os, signal, subprocess, sys, time
read, write = sys.stdin.buffer, sys.stdout.buffer

def receive():
    head = b""
    while not head.endswith(b"\\r\\n\\r\\n"):
        byte = read.read(1)
        if not byte:
            sys.exit(0)
        head += byte
    return json.loads(read.read(int(head.split(b":")[1])))

def say(**message):
    body = json.dumps({"jsonrpc": "2.0", **message}, ensure_ascii=False).encode()
    write.write(b"Content-Length: %d\\r\\n\\r\\n%b" % (len(body), body))
    write.flush()

while True:
    message = receive()
    method, said = message["method"], message.get("params")
    if method == "echo":
        say(id=message["id"], result=said)
    elif method == "pid":
        say(id=message["id"], result=os.getpid())
    elif method == "child":
        say(id=message["id"], result=subprocess.Popen(["sleep", "1000"]).pid)
    elif method == "raw":
        write.write(bytes.fromhex(said))
        write.flush()
    elif method == "long reply":
        say(id=message["id"], result="x" * said)
    elif method == "long notification":
        say(method="window/showMessage", params="x" * said)
    elif method == "flood":
        while True:
            say(method="flood", params="x" * 1_000_000)
    elif method == "fail":
        print("one line\\nand the reason", file=sys.stderr)
        sys.exit(said)
    elif method == "kill":
        os.kill(os.getpid(), said)
    elif method == "sleep":
        time.sleep(1000)
"""


class LocalSeat:
    """A place of its own, too: one that has no control groups."""

    def __init__(self, seats: "LocalSeats") -> None:
        self._seats = seats
        self._edition = seats.edition
        self._ended: asyncio.Future[Exit] = asyncio.get_running_loop().create_future()

    @property
    def sandbox(self) -> "LocalSeat":
        return self

    @property
    def outdated(self) -> bool:
        return self._edition != self._seats.edition

    async def wait(self) -> Exit:
        return await self._ended

    def memory_group(self, *, memory_bytes: int) -> MemoryGroup | None:
        return None

    async def start_tool(self, arguments: Sequence[str], *, descriptors: Sequence[int | None]) -> Child:
        assert arguments[0] == START
        command = ("/usr/bin/setsid", str(INSIDE / "bin/language"), *arguments[1:])
        return Child(spawn(command, environment={"PATH": "/usr/bin:/bin"}, descriptors=descriptors))

    def leave(self) -> None:
        self._seats.taken -= 1


class LocalSeats:
    def __init__(self) -> None:
        self.taken = 0
        self.edition = 1
        """Count it up, and what was started before is outdated."""
        self.fault: Exception | None = None

    async def get(self, _: ModelId) -> LocalSeat:
        if self.fault is not None:
            raise self.fault
        self.taken += 1
        return LocalSeat(self)


class LocalPrograms:
    """`ty` is the server above."""

    def __init__(self, folder: Path) -> None:
        script = folder / "server.py"
        script.write_text(SERVER)
        self.by_name = {"ty": Program("ty", "ty", ("python",), (sys.executable, str(script)))}

    def state(self, _: Program) -> State:
        return "ready"

    def fault(self, _: Program) -> str:
        return ""

    async def wait_ready(self, _: Program) -> None:
        pass


def local_programs(folder: Path) -> Programs:
    return cast(Programs, LocalPrograms(folder))  # all that Languages asks of it
