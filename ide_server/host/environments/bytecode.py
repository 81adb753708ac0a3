"""Byte code of environments, each compiled once: environments that hold the same source share it by hard link.

A source's byte code also holds the path it is seen under inside a sandbox, so that a traceback names it and an import
need not mend it. It never checks its source again: nothing in an environment changes.
"""

import asyncio
import contextlib
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from ide_server.host.environments.environment import PYTHON
from ide_server.host.environments.interpreters import Interpreter
from ide_server.host.environments.processes import run

COMPILE = """
import json, py_compile, sys
for source, target, shown in json.load(sys.stdin):
    try:
        py_compile.compile(
            source, target, shown, doraise=True, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH
        )
    except (py_compile.PyCompileError, SyntaxError, ValueError, RecursionError):
        pass  # a source for another Python, as some tests are: whoever imports it is told
"""
MOST_PROCESSES = 4


class Source(NamedTuple):
    path: str
    code: Path
    """Where Python looks for its byte code."""
    shown: str
    shared: Path
    """Where byte code of the same content, path and Python is kept."""


async def add(root: Path, interpreter: Interpreter, store: Path) -> None:
    """To all sources of the environment in `root`. Raises EnvironmentFailed."""
    missing = await asyncio.to_thread(link_shared, root, interpreter, store)
    count = min(MOST_PROCESSES, os.cpu_count() or 1)
    try:
        async with asyncio.TaskGroup() as compilers:
            for part in filter(None, (missing[start::count] for start in range(count))):
                compilers.create_task(compile_sources(part, interpreter))
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from failures  # one says it as well as all
    await asyncio.to_thread(share, missing)


def link_shared(root: Path, interpreter: Interpreter, store: Path) -> list[Source]:
    """Returns the sources whose byte code nobody has yet."""
    store.mkdir(parents=True, exist_ok=True)
    missing = []
    for source in sources(root, interpreter, store):
        if not source.code.parent.exists():
            source.code.parent.mkdir()
            source.code.parent.chmod(0o755)  # whatever the umask: others must be able to read it
        try:
            os.link(source.shared, source.code)
        except FileNotFoundError:
            missing.append(source)
    return missing


def sources(root: Path, interpreter: Interpreter, store: Path) -> Iterator[Source]:
    tag = f"cpython-{interpreter.minor.replace('.', '')}"
    for folder, _, names in os.walk(root / "lib" / interpreter.name / "site-packages"):
        for name in names:
            if name.endswith(".py"):
                path = f"{folder}/{name}"
                shown = PYTHON + path.removeprefix(str(root))
                digest = hashlib.sha256(f"{tag}\0{shown}\0".encode() + Path(path).read_bytes()).hexdigest()
                code = Path(folder, "__pycache__", f"{name.removesuffix('.py')}.{tag}.pyc")
                yield Source(path, code, shown, store / f"{digest}.pyc")


async def compile_sources(some: list[Source], interpreter: Interpreter) -> None:
    asked = msgspec.json.encode([(source.path, str(source.code), source.shown) for source in some])
    await run(
        *(str(interpreter.executable), "-I", "-W", "ignore", "-c", COMPILE),
        what="The environment's byte code could not be compiled",
        stdin=asked,
    )


def share(some: list[Source]) -> None:
    for source in some:
        # Another build may have been first; what could not be compiled is not there.
        with contextlib.suppress(FileExistsError, FileNotFoundError):
            os.link(source.code, source.shared)


def remove_unused(store: Path) -> None:
    """What no environment holds any more. A build that is about to link one compiles it instead."""
    if store.exists():
        for entry in os.scandir(store):
            if entry.stat().st_nlink == 1:
                Path(entry.path).unlink(missing_ok=True)
