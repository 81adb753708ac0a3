"""Programs that do not come with this server: fetched once, each a version and a hash that are written down here.

They come from the registries that npm and pip are configured for on this machine.
"""

import asyncio
import base64
import hashlib
import hmac
import os
import shutil
import sys
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol

from ide_server.host.environments import Environments
from ide_server.host.environments.environment import CA_BUNDLE, ENVIRONMENT, NODE
from ide_server.host.environments.processes import run
from ide_server.host.environments.registries import configured
from ide_server.host.environments.uv import Uv

NPM_CONFIGURATIONS = ("/etc/npmrc", "/usr/etc/npmrc", "/usr/local/etc/npmrc")


class Tools(Protocol):
    """What fetches."""

    async def npm(self) -> tuple[str, ...]:
        """The command line of an npm on this machine. Raises EnvironmentFailed, EnvironmentUnavailable."""


class EnvironmentTools:
    """Of the environment that models have by default, which every server has or builds."""

    def __init__(self, environments: Environments) -> None:
        self._environments = environments

    async def npm(self) -> tuple[str, ...]:
        environment = await self._environments.default()
        root = next(mount.source for mount in environment.mounts if mount.destination == ENVIRONMENT)
        programs = root / PurePosixPath(NODE).relative_to(ENVIRONMENT)
        return str(programs / "node"), str(programs.parent / "lib/node_modules/npm/bin/npm-cli.js")


class Fetch(Protocol):
    @property
    def folder(self) -> str:
        """The name of what is fetched, which nothing else has."""

    async def fetch(self, tools: Tools, data_dir: Path, into: Path) -> None:
        """Into an empty folder. Raises EnvironmentFailed, FetchFailed."""


class FetchFailed(Exception):
    """What came is not what was asked for."""


@dataclass(frozen=True)
class NpmPackage:
    """Unpacked as it is; it must need no others."""

    name: str
    version: str
    sha512: str
    """In base64, as npm writes it."""

    @property
    def folder(self) -> str:
        return f"{self.name.rpartition('/')[2]}-{self.version}"

    async def fetch(self, tools: Tools, data_dir: Path, into: Path) -> None:
        packed = into / ".packed"
        packed.mkdir()
        await run(
            *(await tools.npm()),
            *("pack", "--silent", "--pack-destination", str(packed), f"{self.name}@{self.version}"),
            what=f"npm could not fetch {self.name} {self.version}",
            variables=npm_variables(os.environ, cache=packed / "cache"),
        )
        await asyncio.to_thread(unpack, packed, into, sha512=self.sha512)
        await asyncio.to_thread(shutil.rmtree, packed)


@dataclass(frozen=True)
class Wheel:
    """Unpacked without what it depends on."""

    name: str
    version: str
    sha256: str

    @property
    def folder(self) -> str:
        return f"{self.name}-{self.version}"

    async def fetch(self, tools: Tools, data_dir: Path, into: Path) -> None:
        uv = Uv(data_dir / "environments", await configured())
        await uv.pip(
            "install",
            *("--python", sys.executable, "--target", str(into)),
            *("--no-deps", "--require-hashes", "--requirement", "-"),
            what=f"uv could not fetch {self.name} {self.version}",
            stdin=f"{self.name}=={self.version} --hash=sha256:{self.sha256}\n",
        )


def npm_variables(environ: Mapping[str, str], *, cache: Path) -> dict[str, str]:
    """An npm that comes with an environment looks for this machine's configuration beside itself, where it is not."""
    configuration = next((path for path in NPM_CONFIGURATIONS if os.path.exists(path)), None)
    return {
        **({"NODE_EXTRA_CA_CERTS": CA_BUNDLE} if os.path.exists(CA_BUNDLE) else {}),
        **({"NPM_CONFIG_GLOBALCONFIG": configuration} if configuration else {}),
        **environ,
        "NPM_CONFIG_CACHE": str(cache),
        "NPM_CONFIG_UPDATE_NOTIFIER": "false",
    }


def unpack(packed: Path, into: Path, *, sha512: str) -> None:
    """The one archive in a folder. Raises FetchFailed. Blocks."""
    archives = sorted(packed.glob("*.tgz"))
    if len(archives) != 1:
        raise FetchFailed(f"expected npm to write one archive, got {[path.name for path in archives]}")
    with archives[0].open("rb") as file:
        found = base64.b64encode(hashlib.file_digest(file, "sha512").digest()).decode()
    if not hmac.compare_digest(found, sha512):
        raise FetchFailed(f"expected {archives[0].name} with the SHA-512 {sha512}, got {found}")
    with tarfile.open(archives[0]) as archive:
        for member in archive:
            if member.isreg():
                write(archive, member, into / member.name.removeprefix("package/"))


def write(archive: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    content = archive.extractfile(member)
    assert content is not None  # a regular file has one
    with content, path.open("wb") as file:
        shutil.copyfileobj(content, file)
    path.chmod(member.mode)


def open_to_all(folder: Path) -> None:
    """Whatever the umask: sandboxes, other users, read it. Blocks."""
    for parent, _, names in os.walk(folder):
        os.chmod(parent, 0o755)
        for name in names:
            path = os.path.join(parent, name)
            os.chmod(path, 0o755 if os.stat(path).st_mode & 0o100 else 0o644)
