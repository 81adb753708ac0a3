"""From a choice to the locks of all it needs, by uv; a choice once resolved stays what it was, without any network."""

import asyncio
import hashlib
import sys
from pathlib import Path
from typing import NamedTuple

import msgspec

from ide_server.errors import EnvironmentFailed
from ide_server.host.environments.index import Index
from ide_server.host.environments.plan import NODE_WHEEL, Locks, wheels
from ide_server.host.environments.uv import Uv

RESOLVING = "There is no such combination"
NO_SOLUTION = "No solution found"
"""In uv's explanation of why there is none; without these words it was kept from looking."""


class Resolution(msgspec.Struct, frozen=True):
    locks: Locks
    byte_sizes: dict[str, int] = {}
    """Of each wheel by its address; 0 where the registry does not say."""
    complete: bool = True
    """False: something could not be asked; ask again another time."""


class Question(msgspec.Struct, frozen=True):
    """What is asked of uv. Its hash names the answer that is kept."""

    python: str
    node: str
    requirements: tuple[str, ...]
    torch_backend: str | None
    """None where torch is not among what is asked for."""

    @property
    def name(self) -> str:
        return hashlib.sha256(msgspec.json.encode(self)).hexdigest()[:16] + ".json"


class Resolutions:
    """The answers, kept in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, question: Question) -> Resolution | None:
        try:
            return msgspec.json.decode((self._folder / question.name).read_bytes(), type=Resolution)
        except FileNotFoundError:
            return None

    def keep(self, question: Question, resolution: Resolution) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / question.name
        new = path.with_suffix(".new")
        new.write_bytes(msgspec.json.encode(resolution))
        new.replace(path)  # in one step: another process may read it


async def resolve(uv: Uv, index: Index, question: Question, *, version: str) -> Resolution:
    """For the full version of Python. Raises EnvironmentFailed with uv's explanation."""
    node = await lock(uv, version, (f"{NODE_WHEEL}=={question.node}.*",))
    requirements, backend, complete = ("pip", *question.requirements), None, True
    if question.torch_backend is None:
        packages = await lock(uv, version, requirements)
    else:
        found = await lock_with_torch(uv, version, requirements, backend=question.torch_backend)
        packages, backend, complete = found
    urls = [wheel.url for wheel in (*wheels(packages), *wheels(node))]
    sizes = await asyncio.gather(*map(index.byte_size, urls))
    return Resolution(Locks(packages, node, backend), dict(zip(urls, sizes, strict=True)), complete)


class LockedTorch(NamedTuple):
    lock: str
    backend: str | None
    """Whose index of PyTorch's own it is from; None: from the configured registries."""
    complete: bool


async def lock_with_torch(uv: Uv, python: str, requirements: tuple[str, ...], *, backend: str) -> LockedTorch:
    """
    A build of torch that the configured registries name, such as 2.13.0+cpu, wins: whoever put it there meant it. Else
    PyTorch's own indexes are asked for the backend's. Where these cannot be, it is what the registries have, which for
    PyPI brings the libraries of a graphics card along, gigabytes of them.
    """
    plain: str | None = None
    try:
        plain = await lock(uv, python, requirements)
        if any(wheel.name == "torch" and "+" in wheel.version for wheel in wheels(plain)):
            return LockedTorch(plain, None, complete=True)
    except EnvironmentFailed as error:
        explained = error
    try:
        # One attempt: who may not reach PyTorch's indexes, may not the second time.
        own = await lock(uv, python, requirements, "--torch-backend", backend, retries=0)
        return LockedTorch(own, backend, complete=True)
    except EnvironmentFailed as error:
        if plain is None:
            raise explained from error
        return LockedTorch(plain, None, complete=NO_SOLUTION in error.details["said"])


async def lock(uv: Uv, python: str, requirements: tuple[str, ...], *arguments: str, retries: int | None = None) -> str:
    """A pylock.toml with one wheel for each package. Sources are refused: building them runs foreign code here."""
    return await uv.pip(
        "compile",
        *("--quiet", "--no-header", "--format", "pylock.toml", "--python", sys.executable, "--python-version", python),
        *arguments,
        "-",
        what=RESOLVING,
        stdin="\n".join(requirements),
        retries=retries,
    )
