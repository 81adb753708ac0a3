"""uv, as this server runs it: a cache and interpreters of our own, and the registries that pip is configured for."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable
from pathlib import Path

from uv import find_uv_bin

from ide_server.errors import EnvironmentFailed
from ide_server.host.environments.registries import Registries

LONGEST_LINE_BYTES = 1 << 20
LAST_WORDS_BYTES = 4000


class UvFailed(EnvironmentFailed):
    """`said` are uv's own words."""

    def __init__(self, what: str, said: str) -> None:
        super().__init__(f"{what}: {said}")
        self.said = said


class Uv:
    def __init__(self, folder: Path, registries: Registries) -> None:
        self._registries = registries
        self._variables = {
            **os.environ,  # of the server: proxies, certificates, uv's own configuration
            **registries.variables,
            # Nobody else writes this cache, so environments may be hard links into it.
            "UV_CACHE_DIR": str(folder / "cache"),
            "UV_PYTHON_INSTALL_DIR": str(folder / "pythons"),
            "UV_PYTHON_INSTALL_BIN": "0",
            "UV_LINK_MODE": "hardlink",
            "UV_NO_PROGRESS": "1",
            "UV_NO_COLOR": "1",
        }

    async def pip(
        self, command: str, *arguments: str, what: str, stdin: str = "", heard: Callable[[str], None] | None = None
    ) -> str:
        """`uv pip` with the registries. Returns what it wrote. Raises UvFailed."""
        return await self.run(
            "pip", command, *self._registries.arguments, *arguments, what=what, stdin=stdin, heard=heard
        )

    async def run(self, *arguments: str, what: str, stdin: str = "", heard: Callable[[str], None] | None = None) -> str:
        """
        Returns what it wrote to stdout; `heard` gets each line it says on stderr. Raises UvFailed, whose message begins
        with `what`.
        """
        process = await asyncio.create_subprocess_exec(
            *("setpriv", "--pdeathsig", "KILL", "--"),  # it ends with the host, however that ends
            *("sh", "-c", 'umask 022; exec "$@"', "sh"),  # others must be able to read what is built
            *(find_uv_bin(), *arguments),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=self._variables,
            cwd="/",  # no project's configuration
            limit=LONGEST_LINE_BYTES,
            start_new_session=True,
        )
        assert process.stdin is not None and process.stdout is not None and process.stderr is not None  # asked for
        try:
            process.stdin.write(stdin.encode())
            process.stdin.close()
            written, said = await asyncio.gather(process.stdout.read(), listen(process.stderr, heard))
            await process.wait()
        except BaseException:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
            raise
        if process.returncode != 0:
            raise UvFailed(what, said.strip())
        return written.decode()


async def listen(stderr: asyncio.StreamReader, heard: Callable[[str], None] | None) -> str:
    """Returns the last of what was said."""
    said = ""
    async for line in stderr:
        text = line.decode(errors="replace")
        said = (said + text)[-LAST_WORDS_BYTES:]
        if heard is not None:
            heard(text.strip())
    return said
