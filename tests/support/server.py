"""A real `slipway serve` on a free port, with folders of its own."""

import contextlib
import functools
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self, TypeVar

import httpx

from ide_server.settings import derived_run_dir
from tests.support.environments import share_environments

READY_SECONDS = 60.0
STOP_SECONDS = 45.0
DEADLINE_SECONDS = 15.0

SAID = ("cmdline", "environ")
Found = TypeVar("Found")


class ServerDied(AssertionError):
    """The server ended by itself; the message holds what it said."""


class Server:
    def __init__(self, folder: Path, *arguments: str) -> None:
        self.data_dir = folder / "data"
        # Not below the folders of tests, which are closed to the users that sandboxes run as.
        self.run_dir = derived_run_dir(self.data_dir)
        self.arguments = arguments
        self.said: list[str] = []

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        share_environments(self.data_dir)
        self.process = subprocess.Popen(
            [*self.command("serve"), "--port=0", *self.arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        self.sign_in_url = self.wait_for(self._announced, seconds=READY_SECONDS)
        self.url = self.sign_in_url.partition("/sign-in")[0]

    def command(self, name: str) -> list[str]:
        return [sys.executable, "-m", "ide_server", name, f"--data-dir={self.data_dir}"]

    def _read(self) -> None:
        assert self.process.stdout is not None  # a pipe
        with self.process.stdout as lines:
            self.said.extend(lines)  # one at a time, as they come

    def _announced(self) -> str | None:
        found = re.search(r"(http://\S+/sign-in\?token=\S+)\n", "".join(self.said))
        return found and found[1]

    def wait_for(self, condition: Callable[[], Found | None], *, seconds: float = DEADLINE_SECONDS) -> Found:
        """What the condition gives once it gives something; fails at once when the server dies."""
        deadline = time.monotonic() + seconds
        while True:
            if (found := condition()) is not None:
                return found
            if self.process.poll() is not None:
                raise ServerDied(f"slipway serve ended with {self.process.returncode}:\n{self.log}")
            if time.monotonic() > deadline:
                raise TimeoutError(f"not within {seconds:g} s; slipway serve said:\n{self.log}")
            time.sleep(0.02)

    @property
    def log(self) -> str:
        return "".join(self.said)

    def new_sign_in_url(self) -> str:
        return subprocess.run(self.command("sign-in"), check=True, capture_output=True, text=True).stdout.strip()

    @contextlib.contextmanager
    def client(self) -> Iterator[httpx.Client]:
        """Signed in, as a page of ours would be."""
        with httpx.Client(base_url=self.url, headers={"Origin": self.url}, timeout=DEADLINE_SECONDS) as client:
            client.cookies = self.session
            yield client

    @functools.cached_property
    def session(self) -> httpx.Cookies:
        """The cookies of one sign-in, for all who may share it: each link costs a process."""
        reply = httpx.get(self.new_sign_in_url(), timeout=DEADLINE_SECONDS).raise_for_status()
        return reply.cookies

    def child(self, name: str) -> int | None:
        """The process id of `web` or `host`."""
        return next((pid for pid in children_of(self.process.pid) if name in command_of(pid)), None)

    def kill(self, name: str) -> int:
        """As the kernel does when memory runs out."""
        pid = self.child(name)
        assert pid is not None, f"no {name} process runs"
        os.kill(pid, signal.SIGKILL)
        return pid

    def stop(self) -> None:
        """With what it leaves behind as an error."""
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            self.reader.join(STOP_SECONDS)
        left = self.leftovers()
        shutil.rmtree(self.run_dir, ignore_errors=True)
        assert not left, f"left behind: {left}\n{self.log}"

    def leftovers(self) -> list[str]:
        """Processes that name our folders, and mounts in them."""
        marks = (str(self.data_dir), str(self.run_dir))
        processes = [f"process {pid}: {command_of(pid)}" for pid in processes_of(marks)]
        mounts = Path("/proc/self/mounts").read_text().splitlines()
        return processes + [f"mount {line}" for line in mounts if any(mark in line for mark in marks)]


def command_of(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except (FileNotFoundError, ProcessLookupError):
        return []


def children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def processes_of(marks: tuple[str, ...]) -> list[int]:
    """Whose arguments or environment hold a mark; the settings of web and host are in their environment."""
    pids = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    return [pid for pid in pids if pid != os.getpid() and any(mark in said_to(pid) for mark in marks)]


def said_to(pid: int) -> str:
    try:
        return "".join(Path(f"/proc/{pid}/{name}").read_bytes().decode(errors="replace") for name in SAID)
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return ""  # it has ended, or is another user's
