"""From a choice to the locks of all it needs, by uv; a choice once resolved stays what it was, without any network."""

import hashlib
from pathlib import Path

import msgspec

from ide_server.host.environments.plan import NODE_WHEEL, Locks
from ide_server.host.environments.uv import Uv

RESOLVING = "There is no such combination"


class Resolution(msgspec.Struct, frozen=True):
    locks: Locks
    notice: str = ""


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


async def resolve(uv: Uv, question: Question) -> Resolution:
    """Raises UvFailed with uv's explanation."""
    packages = await lock(uv, question.python, ("pip", *question.requirements))
    node = await lock(uv, question.python, (f"{NODE_WHEEL}=={question.node}.*",))
    return Resolution(Locks(packages, node))


async def lock(uv: Uv, python: str, requirements: tuple[str, ...], *arguments: str) -> str:
    """A pylock.toml with one wheel for each package. Nothing is compiled: that would run foreign code on the host."""
    return await uv.pip(
        "compile",
        *("--quiet", "--no-header", "--no-build", "--format", "pylock.toml", "--python-version", python),
        *arguments,
        "-",
        what=RESOLVING,
        stdin="\n".join(requirements),
    )
