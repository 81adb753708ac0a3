"""Python interpreters of this machine: each is asked by running it, as its path says little of what it is."""

import asyncio
import logging
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import msgspec

from ide_server.host.environments.processes import running

ASK_SECONDS = 20.0
ASKED_AT_ONCE = 2

QUESTION = """
import ctypes, json, sqlite3, ssl, sys, sysconfig, venv, zlib
print(json.dumps({
    "version": "%d.%d.%d" % sys.version_info[:3],
    "release": sys.version_info[3] == "final",
    "implementation": sys.implementation.name,
    "free_threaded": bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
    "prefix": sys.base_prefix,
    "library": sysconfig.get_config_var("INSTSONAME") if sysconfig.get_config_var("Py_ENABLE_SHARED") else None,
}))
"""
"""It also imports what an environment is of no use without, and an interpreter built without its library lacks."""

logger = logging.getLogger(__name__)


class Interpreter(msgspec.Struct, frozen=True):
    """A CPython that environments can be built on."""

    version: str
    """Such as "3.12.1"."""
    prefix: str
    library: str | None
    """File name of the shared library that the loader would not find inside a sandbox."""

    @property
    def minor(self) -> str:
        """What a choice names it by, such as "3.12"."""
        return minor_of(self.version)

    @property
    def name(self) -> str:
        return f"python{self.minor}"

    @property
    def executable(self) -> Path:
        return Path(self.prefix, "bin", self.name)


class Answer(msgspec.Struct, frozen=True):
    """What an interpreter says of itself."""

    version: str
    release: bool
    implementation: str
    free_threaded: bool
    prefix: str
    library: str | None


def minor_of(version: str) -> str:
    return ".".join(version.split(".")[:2])


def order_of(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version))


async def find(folders: Iterable[Path]) -> list[Interpreter]:
    """Those in `folders` that can be built on, this server's own first, then the newest first."""
    gate = asyncio.Semaphore(ASKED_AT_ONCE)

    async def ask(executable: Path) -> Interpreter | None:
        async with gate:
            return await interpreter(executable)

    executables = await asyncio.to_thread(lambda: list(candidates(folders)))
    async with asyncio.TaskGroup() as group:  # when cancelled it waits for all of them, as gather() does not
        asked = [group.create_task(ask(executable)) for executable in executables]
    return in_order({each for task in asked if (each := task.result()) is not None})


def in_order(found: Iterable[Interpreter]) -> list[Interpreter]:
    own = os.path.realpath(sys.base_prefix)
    return sorted(found, key=lambda each: (each.prefix == own, order_of(each.version)), reverse=True)


def candidates(folders: Iterable[Path]) -> Iterator[Path]:
    """Executables named like an interpreter, each file once. Blocks."""
    seen = set()
    for folder in folders:
        for path in sorted(folder.glob("python3*")):
            real = os.path.realpath(path)
            if re.fullmatch(r"python3(\.\d+)?", path.name) and os.access(real, os.X_OK) and real not in seen:
                seen.add(real)
                yield path


def folders_of(environ: Mapping[str, str], *, fetched: Path) -> list[Path]:
    """Where interpreters are: this server's own, on PATH, pyenv's, those uv fetched for the person and for us."""
    home = Path(environ.get("HOME", "/root"))
    data = Path(environ.get("XDG_DATA_HOME") or home / ".local/share")
    pyenv = Path(environ.get("PYENV_ROOT") or home / ".pyenv")
    uv = Path(environ.get("UV_PYTHON_INSTALL_DIR") or data / "uv/python")
    return [
        Path(sys.base_prefix, "bin"),
        *(Path(folder) for folder in os.get_exec_path(dict(environ)) if not is_shims(folder, pyenv)),
        Path("/usr/local/bin"),
        Path("/usr/bin"),
        *(versions for root in (pyenv / "versions", uv, fetched) for versions in sorted(root.glob("*/bin"))),
    ]


def is_shims(folder: str, pyenv: Path) -> bool:
    """pyenv's stand-ins, which start another interpreter or none; the interpreters themselves are found beside them."""
    return Path(folder).name == "shims" and Path(folder).is_relative_to(pyenv)


async def interpreter(executable: Path) -> Interpreter | None:
    """None where it does not run, or cannot be built on."""
    starting = asyncio.create_subprocess_exec(
        *(executable, "-I", "-c", QUESTION),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd="/",
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(ASK_SECONDS), running(starting) as process:
            said, complaint = await process.communicate()
    except TimeoutError:
        logger.info("%s is not offered: it did not answer within %g s", executable, ASK_SECONDS)
        return None
    except OSError as error:
        logger.info("%s is not offered: %s", executable, error)
        return None
    if process.returncode != 0:
        logger.info("%s is not offered: %s", executable, complaint.decode(errors="replace").strip()[-200:])
        return None
    return usable(msgspec.json.decode(said, type=Answer))


def usable(answer: Answer) -> Interpreter | None:
    if answer.implementation != "cpython" or answer.free_threaded or not answer.release:
        return None
    prefix = Path(os.path.realpath(answer.prefix))
    found = Interpreter(answer.version, str(prefix), answer.library)
    if not found.executable.exists():
        return None
    if prefix.is_relative_to("/usr") and not prefix.is_relative_to("/usr/local"):
        return Interpreter(answer.version, str(prefix), None)
    in_prefix = answer.library is not None and (prefix / "lib" / answer.library).exists()
    return found if in_prefix else Interpreter(answer.version, str(prefix), None)
