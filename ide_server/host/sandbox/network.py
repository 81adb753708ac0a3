"""A sandbox's way out: user-mode NAT by slirp4netns, from which the host's loopback cannot be reached.

Nor, by routes of the sandbox's own, this machine and its neighbours: see neighbours.
"""

import asyncio
import os
import signal
from collections.abc import Iterable
from ipaddress import IPv4Network
from pathlib import Path
from typing import Self

from ide_server.errors import SandboxFailed
from ide_server.host.sandbox import neighbours
from ide_server.host.sandbox.processes import Child, spawn, wait_readable
from ide_server.host.sandbox.runtime import find_program

NAME_SERVER = "10.0.2.3"
TUN = "/dev/net/tun"
READY_SECONDS = 10.0


class Network:
    """One slirp4netns. It ends when this process closes its end of a pipe, so also when this process dies."""

    def __init__(self, process: Child, lifeline: int) -> None:
        self._process = process
        self._lifeline: int | None = lifeline

    @classmethod
    async def attach(cls, program: str, pid: int, *, folder: Path, reachable: Iterable[IPv4Network]) -> Self:
        """Gives the network namespace of `pid` an interface; returns when packets can pass. Raises SandboxFailed.

        `reachable` is open to it although it is in this machine's neighbourhood; logs are written into `folder`.
        """
        log = folder / "network.log"
        own_mounts = with_own_mounts()
        ready, ready_there = os.pipe()
        lifeline_there, lifeline = os.pipe()
        log_there = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            process = spawn(
                (
                    *own_mounts,
                    program,
                    "--configure",
                    "--mtu=65520",
                    "--disable-host-loopback",
                    "--enable-sandbox",
                    "--enable-seccomp",
                    f"--userns-path=/proc/{pid}/ns/user",
                    "--ready-fd=3",
                    "--exit-fd=4",
                    str(pid),
                    "tap0",
                ),
                environment={"PATH": os.defpath},
                descriptors=(None, log_there, log_there, ready_there, lifeline_there),
            )
        except OSError:
            os.close(ready)
            os.close(lifeline)
            raise
        finally:
            os.close(ready_there)
            os.close(lifeline_there)
            os.close(log_there)
        network = cls(Child(process), lifeline)
        try:
            await asyncio.wait_for(wait_readable(ready), READY_SECONDS)
            if not os.read(ready, 1):
                raise SandboxFailed(f"slirp4netns could not give the sandbox a network: {complaint(log)}")
            await neighbours.close_off(pid, reachable=reachable, folder=folder)
        except BaseException:
            await network.detach()
            raise
        finally:
            os.close(ready)
        return network

    async def detach(self) -> None:
        if self._lifeline is not None:
            os.close(self._lifeline)
            self._lifeline = None
        if not await self._process.wait_at_most(2):
            self._process.send_signal(signal.SIGKILL)
        await self._process.wait()


def with_own_mounts() -> tuple[str, ...]:
    """Arguments before a program's own. Raises SandboxFailed.

    slirp4netns begins its sandbox by unmounting all it sees. Where it is root that reaches those of the host that stand
    upon a shared mount, as the filesystem of a model does once it was mounted again.
    """
    if os.geteuid() != 0:
        return ()
    program = find_program("unshare")
    if program is None:
        raise SandboxFailed("unshare is not installed (apt-get install util-linux), so sandboxes can have no network.")
    return (program, "--mount", "--propagation=private", "--")


def missing_for_network(program: str | None) -> str:
    """Why there can be no network; empty when there can."""
    if program is None:
        return "slirp4netns is not installed"
    if find_program("ip") is None:
        return "ip is not installed (apt-get install iproute2)"
    return "" if os.access(TUN, os.R_OK | os.W_OK) else f"{TUN} cannot be opened"


def complaint(log: Path) -> str:
    """What slirp4netns says first; it always warns that its own seccomp filter is new."""
    lines = log.read_text(errors="replace").splitlines()
    return next((line for line in lines if line and not line.startswith("WARNING")), "it said nothing")
