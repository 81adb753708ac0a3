"""uv, as this server runs it: a cache and interpreters of our own, and the registries that pip is configured for."""

import os
from pathlib import Path

from uv import find_uv_bin

from ide_server.host.environments.processes import Heard, run, unheard
from ide_server.host.environments.registries import Registries


class Uv:
    """Its functions raise EnvironmentFailed, whose message begins with `what`."""

    def __init__(self, folder: Path, registries: Registries) -> None:
        self._registries = registries
        self._variables = {
            **os.environ,  # of the server: proxies, certificates, uv's own configuration
            **registries.variables,
            **registries.addresses,
            # Nobody else writes this cache, so environments may be hard links into it.
            "UV_CACHE_DIR": str(folder / "cache"),
            "UV_LINK_MODE": "hardlink",
            "UV_PYTHON_INSTALL_DIR": str(folder / "pythons"),
            "UV_NO_PROGRESS": "1",
            "NO_COLOR": "1",
        }

    async def pip(
        self,
        command: str,
        *arguments: str,
        what: str,
        stdin: str = "",
        heard: Heard = unheard,
        retries: int | None = None,
    ) -> str:
        """`uv pip`, with the registries. Returns what it wrote."""
        return await run(
            *(find_uv_bin(), "pip", command, "--preview-features", "pylock", "--no-build"),
            *self._registries.arguments,
            *arguments,
            what=what,
            stdin=stdin.encode(),
            variables=self._variables if retries is None else {**self._variables, "UV_HTTP_RETRIES": str(retries)},
            heard=heard,
        )

    async def run(self, *arguments: str, what: str) -> str:
        """Any other command. Returns what it wrote."""
        return await run(find_uv_bin(), *arguments, what=what, variables=self._variables)
