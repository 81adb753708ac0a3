"""The default environment, built for real, and what a person at a shell in a workspace finds."""

import os
import sys
from dataclasses import replace
from pathlib import Path
from ssl import create_default_context

import pytest

from ide_server.host.environments import Environment, Environments
from ide_server.host.environments.environment import CA_BUNDLE
from ide_server.host.sandbox import Sandbox, Sandboxes, launcher_spec, workspace_spec
from ide_server.host.sandbox.spec import model_mount
from ide_server.settings import Settings
from tests.support.sandboxes import run

PYTHON = f"python{sys.version_info.major}.{sys.version_info.minor}"

pytestmark = [pytest.mark.anyio, pytest.mark.sandbox, pytest.mark.network]


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("environments") / "data"


@pytest.fixture
async def environment(built: Path) -> Environment:
    return await Environments(Settings(data_dir=built)).default()


@pytest.fixture
async def workspace(sandboxes: Sandboxes, settings: Settings, environment: Environment, model: Path) -> Sandbox:
    sandbox = await sandboxes.start(workspace_spec(settings, environment, model), name="workspace")
    assert await sandbox.execute(("/opt/slipway/bin/prepare",)) == 0
    return sandbox


async def said(workspace: Sandbox, model: Path, script: str) -> str:
    code = await workspace.execute(
        ("bash", "-c", f"{{ {script}\n}} >/tmp/said 2>&1; code=$?; cp /tmp/said /model/.said; exit $code")
    )
    output = (model / ".said").read_text()
    (model / ".said").unlink()
    assert code == 0, output
    return output


async def test_the_commands_of_a_shell_are_there(workspace: Sandbox, model: Path, environment: Environment) -> None:
    output = await said(
        workspace,
        model,
        "for command in python python3 pip pip3 node npm npx git; do $command --version; done",
    )
    lines = output.splitlines()
    assert lines[:2] == [f"Python {environment.python_version}"] * 2
    assert all(line.startswith("pip ") for line in lines[2:4])
    assert lines[4] == f"v{environment.node_version}"
    assert lines[5] == lines[6]
    assert lines[7].startswith("git version")


async def test_the_models_own_venv_is_small_and_comes_before_the_environment(workspace: Sandbox, model: Path) -> None:
    found = list((model / ".venv").rglob("*"))
    assert len(found) + 1 <= 20
    blocks = sum(-(-path.stat().st_size // 4096) for path in found if path.is_file() and not path.is_symlink())
    assert blocks * 4096 <= 100 * 1024
    assert (await said(workspace, model, "python -c 'import sys; print(sys.prefix, sys.path[-2:])'")).split() == [
        "/model/.venv",
        f"['/model/.venv/lib/{PYTHON}/site-packages',",
        f"'/opt/python/lib/{PYTHON}/site-packages']",
    ]


async def test_prepare_changes_nothing_that_is_there(workspace: Sandbox, model: Path) -> None:
    link = model / ".venv/bin/python"
    before = link.lstat().st_ino
    assert await workspace.execute(("/opt/slipway/bin/prepare",)) == 0
    assert link.lstat().st_ino == before


async def test_a_full_filesystem_leaves_the_environments_python(
    sandboxes: Sandboxes, settings: Settings, environment: Environment, model: Path
) -> None:
    spec = launcher_spec(
        settings,
        environment,
        model_mount(model),
        model,
        ("sh", "-c", "/opt/slipway/bin/prepare; python -c 'import pip, sys; print(sys.prefix)'"),
        variables={},
        cpus=2.0,
        memory_bytes=1 << 31,
    )
    read_only = replace(spec, mounts=tuple(replace(mount, writable=False) for mount in spec.mounts))
    assert (await run(sandboxes, read_only)).output.splitlines()[-1] == "/opt/environment"


async def test_pip_and_npm_install_into_the_model(workspace: Sandbox, model: Path) -> None:
    await said(workspace, model, "cd /model; pip install --quiet tomli-w && npm install --silent is-odd")
    assert await said(workspace, model, "python -c 'import tomli_w; print(tomli_w.__file__)'") == (
        f"/model/.venv/lib/{PYTHON}/site-packages/tomli_w/__init__.py\n"
    )
    assert await said(workspace, model, "cd /model; node -p 'require(\"is-odd\")(3)'") == "true\n"
    assert sorted(os.listdir(model)) == [".venv", "node_modules", "package-lock.json", "package.json"]


async def test_programs_trust_the_machines_certificates(workspace: Sandbox, model: Path) -> None:
    """That pip and npm reach a registry is tested above; here, what Python's own TLS and git go by."""
    program = "import ssl; print(len(ssl.create_default_context().get_ca_certs()))"
    trusted = len(create_default_context(cafile=CA_BUNDLE).get_ca_certs())
    assert await said(workspace, model, f'python -c "{program}"') == f"{trusted}\n"
    assert await said(workspace, model, 'test -r "$GIT_SSL_CAINFO" && test -r "$NODE_EXTRA_CA_CERTS"') == ""


async def test_git_keeps_versions_of_a_model(workspace: Sandbox, model: Path) -> None:
    assert "main" in await said(workspace, model, "git init -q /tmp/r && git -C /tmp/r status")


async def test_python_leaves_no_byte_code_in_the_model(workspace: Sandbox, model: Path) -> None:
    (model / "mine.py").write_text("x = 1\n")
    await said(workspace, model, "cd /model && python -c 'import mine'")
    assert not (model / "__pycache__").exists()
