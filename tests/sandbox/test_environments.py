"""Environments as people choose them, really built, and used in a sandbox: each Python, Node, torch and tensorflow."""

import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from ide_server.errors import InvalidRequest
from ide_server.host.environments import Environment, Environments, Plan, interpreters
from ide_server.host.sandbox import Sandboxes, launcher_spec
from ide_server.host.sandbox.spec import model_mount
from ide_server.settings import Settings
from ide_server.wire import EnvironmentChoice
from tests.support.environments import SHARED
from tests.support.sandboxes import run

pytestmark = [pytest.mark.anyio, pytest.mark.sandbox, pytest.mark.network]

SHOW = """
import ctypes, json, pip, sqlite3, ssl, subprocess, sys
def said(command): return subprocess.run((command, "--version"), stdout=subprocess.PIPE, text=True).stdout.strip()
trusts = ssl.create_default_context().cert_store_stats()["x509"] > 0
print(json.dumps(["%d.%d.%d" % sys.version_info[:3], said("node"), said("npm"), trusts]))
"""
TORCH = """
import json, torch
print(json.dumps([torch.__version__, (torch.ones(2, 3) @ torch.ones(3, 2)).sum().item(), torch.cuda.is_available()]))
"""
TENSORFLOW = """
import json, os
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import tensorflow
product = tensorflow.ones((2, 3)) @ tensorflow.ones((3, 2))
print(json.dumps([tensorflow.__version__, float(tensorflow.reduce_sum(product))]))
"""


@pytest.fixture
async def environments() -> AsyncIterator[Environments]:
    """Of all tests of this checkout: what is built once is there the next time."""
    environments = Environments(Settings(data_dir=SHARED))
    yield environments
    await environments.close()


async def build(environments: Environments, plan: Plan) -> Environment:
    return environments.find(plan.key) or await environments.start_build(plan).wait()


async def said(sandboxes: Sandboxes, settings: Settings, environment: Environment, model: Path, program: str) -> Any:
    """What a program prints as JSON in a launcher of that environment; /opt/slipway/runner is not looked at."""
    arguments = ("python", "-c", program)
    own = model_mount(model)
    spec = launcher_spec(settings, environment, own, model, arguments, variables={}, cpus=2.0, memory_bytes=1 << 31)
    ran = await run(sandboxes, spec)
    assert ran.exit.code == 0, ran.output
    return json.loads(ran.output.splitlines()[-1])


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("python", "node"), [("3.9", "20"), ("3.10", "22"), ("3.11", "24"), ("3.12", "20"), ("3.13", "24")]
)
async def test_each_python_runs_with_node_beside_it(
    environments: Environments, sandboxes: Sandboxes, settings: Settings, model: Path, python: str, node: str
) -> None:
    try:
        plan = await environments.resolve(EnvironmentChoice(python, node))
    except InvalidRequest as error:
        pytest.skip(error.message)
    environment = await build(environments, plan)
    version, node_said, npm_said, trusts = await said(sandboxes, settings, environment, model, SHOW)
    assert version == environment.python_version
    assert version.startswith(f"{python}.")
    assert node_said == f"v{environment.node_version}"
    assert node_said.startswith(f"v{node}.")
    assert npm_said[0].isdigit()
    assert trusts


@pytest.mark.timeout(600)
@pytest.mark.heavy
async def test_torch_runs(environments: Environments, sandboxes: Sandboxes, settings: Settings, model: Path) -> None:
    plan = await environments.resolve(EnvironmentChoice("3.11", "24", {"torch": "2.13.0"}))
    if plan.notice:
        pytest.skip(plan.notice)
    environment = await build(environments, plan)
    assert await said(sandboxes, settings, environment, model, TORCH) == ["2.13.0+cpu", 12.0, False]


@pytest.mark.timeout(600)
@pytest.mark.heavy
async def test_a_current_tensorflow_runs(
    environments: Environments, sandboxes: Sandboxes, settings: Settings, model: Path
) -> None:
    offered = {each.name: each.versions for each in (await environments.offers()).packages}
    version = offered["tensorflow"][0]
    plan = await environments.resolve(EnvironmentChoice("3.12", "24", {"tensorflow": version}))
    assert plan.packages["tensorflow-cpu"] == version
    environment = await build(environments, plan)
    assert await said(sandboxes, settings, environment, model, TENSORFLOW) == [version, 12.0]


async def test_debians_interpreter_whose_prefix_is_usr_runs_too(
    environments: Environments, sandboxes: Sandboxes, settings: Settings, model: Path
) -> None:
    folders = interpreters.folders_of(os.environ, fetched=model)
    found = await interpreters.find(folders)
    debians = next((each for each in found if each.prefix == "/usr"), None)
    if debians is None:
        pytest.skip("no interpreter has the prefix /usr")
    plan = await environments.resolve(EnvironmentChoice(debians.minor, "24"))
    environment = await build(environments, Plan(plan.choice, debians, None, plan.locks, plan.byte_sizes))
    version, *_ = await said(sandboxes, settings, environment, model, SHOW)
    assert version == debians.version
