"""What a sandbox must not reach though its NAT would lead there: this machine by its own addresses, the networks it
stands in, and the services that tell a cloud machine its secrets. Routes of the sandbox's own namespace refuse them;
changing those takes a capability, which nothing in a sandbox has.
"""

import os
import re
import signal
from collections.abc import Iterable
from ipaddress import IPv4Network
from pathlib import Path

from ide_server.errors import SandboxFailed
from ide_server.host.sandbox.processes import Child, spawn
from ide_server.host.sandbox.runtime import find_program

FIB_TRIE = Path("/proc/net/fib_trie")
NAT = IPv4Network("10.0.2.0/24")
"""The sandbox's side of slirp4netns, which leads nothing in it to a machine of that network."""
GATEWAY = "10.0.2.2"
METADATA = tuple(map(IPv4Network, ("169.254.0.0/16", "100.100.100.200/32", "168.63.129.16/32")))
"""Link-local, where most clouds answer; Alibaba's and Azure's addresses."""
SHORTEST_PREFIX = 8
"""A wider network that is said to begin at our own door is the way out, through a tunnel or a modem."""
SECONDS = 10.0


def own_networks(fib_trie: str) -> frozenset[IPv4Network]:
    """From the kernel's routes: the addresses of this machine, and the networks that it reaches without a gateway."""
    found, address = set(), ""
    for line in fib_trie.splitlines():
        if (leaf := re.match(r"\s*\|-- (\S+)", line)) is not None:
            address = leaf[1]
        elif (route := re.match(r"\s*/(\d+) (host LOCAL|link UNICAST)", line)) is not None:
            found.add(IPv4Network(f"{address}/{route[1]}"))
    return frozenset(found)


def routes(own: Iterable[IPv4Network], *, reachable: Iterable[IPv4Network]) -> list[str]:
    """Lines for `ip -batch`. A narrower route wins over a wider one: `reachable` can open a part of what is closed."""
    opened = set(reachable)
    closed = {network for network in own if network.prefixlen >= SHORTEST_PREFIX and not network.is_loopback}
    closed = {network for network in closed | set(METADATA) if not network.subnet_of(NAT)} - opened
    return [
        *(f"route add unreachable {network}" for network in sorted(closed)),
        *(f"route add {network} via {GATEWAY}" for network in sorted(opened)),
    ]


async def close_off(pid: int, *, reachable: Iterable[IPv4Network], folder: Path) -> None:
    """In the network namespace of `pid`, which has its interface. Raises SandboxFailed."""
    batch, log = folder / "routes", folder / "routes.log"
    write_routes(batch, reachable)
    with log.open("wb") as said:
        arguments = (*entering(pid), found("ip"), "-batch", str(batch))
        call = Child(spawn(arguments, environment={}, descriptors=(None, said.fileno(), said.fileno())))
    if not await call.wait_at_most(SECONDS):
        call.send_signal(signal.SIGKILL)
    if (await call.wait()).code != 0:
        raise SandboxFailed(f"What a sandbox may not reach could not be closed off: {log.read_text()[-300:].strip()}")


def write_routes(batch: Path, reachable: Iterable[IPv4Network]) -> None:
    batch.write_text("\n".join(routes(own_networks(FIB_TRIE.read_text()), reachable=reachable)) + "\n")


def entering(pid: int) -> tuple[str, ...]:
    """Who is not root has power over that network only within the user namespace that it belongs to."""
    user = () if os.geteuid() == 0 else ("--user", "--preserve-credentials")
    return (found("nsenter"), f"--target={pid}", *user, "--net", "--")


def found(program: str) -> str:
    """Raises SandboxFailed."""
    path = find_program(program)
    if path is None:
        raise SandboxFailed(f"{program} is not installed, so sandboxes cannot be kept from this machine's neighbours.")
    return path
