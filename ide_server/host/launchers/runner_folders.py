"""The runner as sandboxes are given it: with byte code for their Python, which they cannot write themselves.

Without it every launcher would compile the runner again before it loads any code.
"""

import asyncio
import logging
import os
import shutil
import tempfile
from pathlib import Path

from ide_server import runner
from ide_server.host.sandbox.spec import RUNNER, Environment

RUNNER_FOLDER = Path(runner.__file__).parent
COMPILE_SECONDS = 60.0

logger = logging.getLogger(__name__)


class RunnerFolders:
    """A copy of the runner for each Python, made when it is first asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made: dict[str, Path] = {}
        self._making = asyncio.Lock()

    async def get(self, environment: Environment) -> Path:
        executable = environment.executable
        if not executable:
            return RUNNER_FOLDER
        async with self._making:
            if executable not in self._made:
                self._made[executable] = await self._make(executable)
        return self._made[executable]

    async def _make(self, executable: str) -> Path:
        """Where byte code cannot be made the runner works without it, some hundredths of a second later."""
        try:
            if not self._made:  # what a host before this one has left
                await asyncio.to_thread(shutil.rmtree, self._folder, ignore_errors=True)
            folder = await asyncio.to_thread(_copied, self._folder)
            await _compile(executable, folder / "python")
        except (OSError, RuntimeError, TimeoutError) as error:
            logger.warning("The runner has no byte code for %s: %s", executable, error)
            return RUNNER_FOLDER
        return folder


def _copied(beneath: Path) -> Path:
    beneath.mkdir(mode=0o711, parents=True, exist_ok=True)
    beneath.chmod(0o711)
    folder = Path(tempfile.mkdtemp(dir=beneath))
    shutil.copytree(RUNNER_FOLDER, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    folder.chmod(0o755)
    return folder


async def _compile(executable: str, folder: Path) -> None:
    """Shown under the path that it has in a sandbox, and never held against its source again."""
    process = await asyncio.create_subprocess_exec(
        *("sh", "-c", 'umask 022; exec "$@"', "sh"),  # sandboxes' users must be able to read it
        *(executable, "-I", "-S", "-m", "compileall", "-q", "--invalidation-mode=unchecked-hash"),
        *("-d", f"{RUNNER}/python", os.fspath(folder)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        cwd="/",
        env={"LANG": "C.UTF-8", "PATH": os.defpath},
    )
    try:
        async with asyncio.timeout(COMPILE_SECONDS):
            code = await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if code != 0:
        raise RuntimeError(f"compileall ended with {code}")
