"""Running a program in a sandbox and seeing what it says; and what this process holds, to find what leaks."""

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from ide_server.host.sandbox import Exit, Limits, Mount, Sandboxes, SandboxSpec

MEBIBYTE = 1 << 20
LIMITS = Limits(memory_bytes=256 * MEBIBYTE, cpus=2, processes=64, tmp_bytes=16 * MEBIBYTE)
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "HOME": "/model"}


class Ran(NamedTuple):
    exit: Exit
    output: str


def spec(
    *arguments: str,
    limits: Limits = LIMITS,
    mounts: tuple[Mount, ...] = (),
    environment: Mapping[str, str] = ENVIRONMENT,
    network: bool = False,
) -> SandboxSpec:
    return SandboxSpec(arguments, environment, mounts, limits, working_directory="/", network=network)


async def run(sandboxes: Sandboxes, what: SandboxSpec, *, name: str = "test") -> Ran:
    """Runs to the end, with standard output and error together."""
    there, here = os.pipe()
    try:
        sandbox = await sandboxes.start(what, name=name, stdout=here, stderr=here)
    except BaseException:
        os.close(there)
        raise
    finally:
        os.close(here)
    output = await asyncio.to_thread(read_all, there)
    ended = await sandbox.wait()
    return Ran(ended, output)


async def run_python(sandboxes: Sandboxes, program: str, **changes: object) -> Ran:
    return await run(sandboxes, spec("/usr/bin/python3", "-c", program, **changes))  # type: ignore[arg-type]  # as spec()


def read_all(descriptor: int) -> str:
    with os.fdopen(descriptor, "rb") as file:
        return file.read().decode()


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def children() -> set[str]:
    return {pid for task in Path("/proc/self/task").iterdir() for pid in (task / "children").read_text().split()}


def files_with(secret: str, folder: Path) -> list[Path]:
    files = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    return [path for path in files if secret.encode() in path.read_bytes()]


def command_lines() -> str:
    pids = [entry.name for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    return "".join(command_line(pid) for pid in pids)


def command_line(pid: str) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return ""  # it ended meanwhile
