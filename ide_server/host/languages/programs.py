"""Which language servers there are, where a sandbox finds their programs, and the fetching of those not here yet.

`data_dir/languages` has a folder for each that was fetched, named after its version: what runs keeps what it runs from.
"""

import asyncio
import platform
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from ruff import find_ruff_bin
from ty import find_ty_bin

from ide_server.errors import LanguageServerUnavailable
from ide_server.host.environments.environment import NODE
from ide_server.host.languages.fetching import Fetch, FetchFailed, NpmPackage, Tools, Wheel, open_to_all
from ide_server.host.sandbox import Mount
from ide_server.settings import Settings
from ide_server.wire import LanguageServerName

TOOLS = "/opt/slipway/tools"
FETCHED = "/opt/slipway/languages"
FETCH_SECONDS = 300.0

PYTHON = ("python",)
JAVASCRIPT = ("typescript", "typescriptreact", "javascript", "javascriptreact")

TYPESCRIPT = "7.0.2"
TYPESCRIPT_SHA512 = {
    "x64": "EYdf2cNg7rgCWJnxCdJ+F3V39O8ihb37eHAu1LK8oAFizgTQbPOK7zHHXbPt8rX24COqODXeI3sIf0fCXG7H/A==",
    "arm64": "Qh4eU4/y3yDjnfjjyPYihMj5/ODIlmt+Bzu17OI+fiSRDW57QmU5SiN63exPRNJPKUzcc1INa1NXdrJ+MqHjUQ==",
}
"""As the registry has them for the version; the same names as Node's for a processor."""
PROCESSORS = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}
BASEDPYRIGHT = Wheel("basedpyright", "1.40.2", "3a53aeb93a86675ded0e12bc27bd8476c1742356de07ad8cab67bff18110c690")

State = Literal["ready", "not_fetched", "fetching", "unavailable"]


@dataclass(frozen=True)
class Program:
    name: LanguageServerName
    title: str
    languages: tuple[str, ...]
    """As the protocol names them."""
    command: tuple[str, ...]
    """Inside a sandbox; empty where there is none for this machine."""
    fetch: Fetch | None = None
    """None: it comes with this server."""


class Programs:
    def __init__(self, settings: Settings, tools: Tools) -> None:
        self._data_dir = settings.data_dir
        self._folder = settings.data_dir / "languages"
        self._tools = tools
        self._fetches: dict[str, asyncio.Task[None]] = {}
        self._faults: dict[str, str] = {}
        """Why the last fetch failed, by the program's name."""
        self.by_name: Mapping[str, Program] = {program.name: program for program in programs(platform.machine())}

    @property
    def mounts(self) -> tuple[Mount, ...]:
        """What the sandboxes must see in which they run; what is fetched later appears there."""
        return (
            Mount(Path(find_ty_bin()), f"{TOOLS}/ty"),
            Mount(Path(find_ruff_bin()), f"{TOOLS}/ruff"),
            Mount(self._folder, FETCHED),
        )

    def start(self) -> None:
        """Makes the folder, before any sandbox is to see it."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._folder.chmod(0o755)

    async def close(self) -> None:
        for fetch in self._fetches.values():
            fetch.cancel()
        if self._fetches:
            await asyncio.wait(self._fetches.values())

    def state(self, program: Program) -> State:
        if not program.command:
            return "unavailable"
        if program.name in self._fetches:
            return "fetching"
        return "ready" if self._is_here(program) else "not_fetched"

    def fault(self, program: Program) -> str:
        """Why it is not here, if it was asked for; or why it cannot be."""
        if not program.command:
            return f"There is no {program.title} for a machine of the kind {platform.machine()}."
        return self._faults.get(program.name, "")

    async def wait_ready(self, program: Program) -> None:
        """Fetches it if it is not here; who gives up leaves that to the others. Raises LanguageServerUnavailable."""
        if not program.command:
            raise LanguageServerUnavailable(self.fault(program))
        if self._is_here(program):
            return
        fetch = self._fetches.get(program.name)
        if fetch is None:
            fetch = asyncio.create_task(self._fetch(program), name=f"fetch {program.name}")
            self._fetches[program.name] = fetch
            fetch.add_done_callback(partial(self._fetched, program))
        await asyncio.wait([fetch])
        if (message := self._faults.get(program.name)) is not None:
            raise LanguageServerUnavailable(message)

    def _is_here(self, program: Program) -> bool:
        return program.fetch is None or (self._folder / program.fetch.folder).is_dir()

    def _fetched(self, program: Program, fetch: asyncio.Task[None]) -> None:
        del self._fetches[program.name]
        self._faults.pop(program.name, None)
        if fetch.cancelled():
            self._faults[program.name] = f"{program.title} was not fetched: this server was stopped meanwhile."
        elif (error := fetch.exception()) is not None:
            self._faults[program.name] = f"{program.title} could not be fetched: {error}"

    async def _fetch(self, program: Program) -> None:
        """Raises SlipwayError, FetchFailed, OSError, TimeoutError."""
        assert program.fetch is not None  # it is not here
        part = self._folder / f".{program.fetch.folder}.part"
        await asyncio.to_thread(shutil.rmtree, part, ignore_errors=True)  # of a server that was killed
        part.mkdir()
        try:
            async with asyncio.timeout(FETCH_SECONDS):
                await program.fetch.fetch(self._tools, self._data_dir, part)
            await asyncio.to_thread(open_to_all, part)
            part.rename(self._folder / program.fetch.folder)
        except TimeoutError:
            raise FetchFailed(f"it took more than {FETCH_SECONDS:.0f} seconds") from None
        finally:
            await asyncio.to_thread(shutil.rmtree, part, ignore_errors=True)  # once renamed, it is not there


def programs(machine: str) -> tuple[Program, ...]:
    return (
        Program("ty", "ty", PYTHON, (f"{TOOLS}/ty", "server")),
        Program("ruff", "Ruff", PYTHON, (f"{TOOLS}/ruff", "server")),
        Program(
            "basedpyright",
            "basedpyright",
            PYTHON,
            (f"{NODE}/node", f"{FETCHED}/{BASEDPYRIGHT.folder}/basedpyright/langserver.index.js", "--stdio"),
            BASEDPYRIGHT,
        ),
        typescript(PROCESSORS.get(machine.lower())),
    )


def typescript(processor: str | None) -> Program:
    """A native program, of which there is one for each kind of processor."""
    if processor is None:
        return Program("typescript", "TypeScript", JAVASCRIPT, ())
    package = NpmPackage(f"@typescript/typescript-linux-{processor}", TYPESCRIPT, TYPESCRIPT_SHA512[processor])
    return Program(
        "typescript",
        "TypeScript",
        JAVASCRIPT,
        (f"{FETCHED}/{package.folder}/lib/tsc", "--lsp", "--stdio"),
        package,
    )
