"""Which language servers there are, and where a sandbox finds their programs."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ruff import find_ruff_bin
from ty import find_ty_bin

from ide_server.host.sandbox import Mount
from ide_server.wire import LanguageServerName

TOOLS = "/opt/slipway/tools"

PYTHON = ("python",)


@dataclass(frozen=True)
class Program:
    name: LanguageServerName
    title: str
    languages: tuple[str, ...]
    """As the protocol names them."""
    command: tuple[str, ...]
    """Inside a sandbox."""


class Programs:
    def __init__(self) -> None:
        programs = (
            Program("ty", "ty", PYTHON, (f"{TOOLS}/ty", "server")),
            Program("ruff", "Ruff", PYTHON, (f"{TOOLS}/ruff", "server")),
        )
        self.by_name: Mapping[str, Program] = {program.name: program for program in programs}

    @property
    def mounts(self) -> tuple[Mount, ...]:
        """What the sandboxes must see in which they run."""
        return (Mount(Path(find_ty_bin()), f"{TOOLS}/ty"), Mount(Path(find_ruff_bin()), f"{TOOLS}/ruff"))
