"""What a person installs: it comes before the environment's, under each Python, and nothing of it is left half done."""

import os
import shutil
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from ide_server.errors import EnvironmentUnavailable
from ide_server.host.environments import Environment, Environments
from ide_server.host.sandbox import Exit, Mount, Sandboxes, SandboxSpec, workspace_spec
from ide_server.settings import Settings
from ide_server.wire import EnvironmentChoice
from tests.support.environments import SHARED, build_default
from tests.support.fsquota import MEBIBYTE, MountedFilesystem, mounted, needs_fuse
from tests.support.packages import make_node_package, make_wheel
from tests.support.sandboxes import Ran, run

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.sandbox,
    pytest.mark.fuse,
    pytest.mark.network,  # the environment is made from the registries; what is installed is not
    needs_fuse,
    pytest.mark.skipif(os.geteuid() != 0, reason="a sandbox reaches another's mount only where the server is root"),
]

BLOCK = 4096
ROOM = 32 * MEBIBYTE
FILES = 4096
OFFLINE = {
    "PIP_NO_INDEX": "1",
    "PIP_FIND_LINKS": "/wheels",
    "UV_NO_INDEX": "1",
    "UV_FIND_LINKS": "/wheels",
    "UV_OFFLINE": "1",
    "NPM_CONFIG_OFFLINE": "true",
    "NPM_CONFIG_AUDIT": "false",
    "NPM_CONFIG_FUND": "false",
}
INSTALLERS = ("python -m pip install", "uv pip install")


@dataclass
class Model:
    """A filesystem, and what runs over it: each script in a sandbox of its own."""

    sandboxes: Sandboxes
    spec: SandboxSpec
    filesystem: MountedFilesystem

    async def run(self, script: str, *, name: str = "script", spec: SandboxSpec | None = None) -> Ran:
        arguments = ("bash", "-c", f"/opt/slipway/bin/prepare\n{script}")
        return await run(
            self.sandboxes, replace(spec or self.spec, arguments=arguments, init=("sleep", "100")), name=name
        )

    async def said(self, script: str, *, spec: SandboxSpec | None = None) -> str:
        ran = await self.run(script, spec=spec)
        assert ran.exit == Exit(0, None), ran.output
        return ran.output

    async def failed(self, script: str) -> str:
        ran = await self.run(script)
        assert ran.exit.code not in (0, None), ran.output
        return ran.output

    def limit(self, *, limit_bytes: int = ROOM, limit_files: int = FILES) -> None:
        reply = self.filesystem.ask("resize", limit_bytes=limit_bytes, limit_files=limit_files)
        assert "ok" in reply, reply

    def packages(self) -> list[str]:
        """Names in the folders of packages of all Pythons."""
        return sorted(path.name for path in self.filesystem.root.glob(".venv/lib/python*/site-packages/*"))


@pytest.fixture
def archives(tmp_path: Path) -> Path:
    """Versions of a package of 30 files and 1 MiB, of a small one which the third needs, and of Node's kind."""
    folder = tmp_path / "archives"
    folder.mkdir()
    for version, needs in {"1.0": (), "2.0": (), "3.0": ("small>=2",)}.items():
        modules = {f"large/part{number}.py": b"x = 1\n" * 2000 for number in range(24)}
        code = f"version = {version!r}\ndef main(): print('large', version)\n".encode()
        files = {"large/__init__.py": code, **modules, "large/data": b"x" * MEBIBYTE}
        make_wheel(folder, "large", version, files=files, needs=needs, commands=("large",))
        make_node_package(
            folder,
            "bulky",
            version,
            {
                "index.js": f"module.exports = {version!r}\n".encode(),
                "cli.js": b"#!/usr/bin/env node\nconsole.log('bulky', require('./index.js'))\n",
                **{f"part{number}.js": b"x = 1\n" * 2000 for number in range(24)},
                "data": b"x" * MEBIBYTE,
            },
        )
    make_wheel(folder, "small", "1.0", files={"small.py": b"def main(): print('small')\n"}, commands=("small",))
    make_wheel(folder, "small", "2.0", files={"small.py": b"def main(): print('small 2.0')\n"}, commands=("small",))
    return folder


@pytest.fixture
async def environment() -> Environment:
    return await build_default()


@pytest.fixture
def preinstalled(environment: Environment, tmp_path: Path) -> tuple[Mount, ...]:
    """Has large 0.5 among the environment's packages."""
    mounts = [mount for mount in environment.mounts if mount.source.name == "site-packages"]
    packages = tmp_path / "preinstalled"
    shutil.copytree(mounts[0].source, packages, symlinks=True)
    wheel = make_wheel(tmp_path, "large", "0.5", files={"large/__init__.py": b"version = '0.5'\n"})
    shutil.unpack_archive(wheel, packages, "zip")
    environments = Mount(packages, mounts[0].destination.replace("/opt/python", "/opt/environment"))
    return (environments, *(replace(mount, source=packages) for mount in mounts))


@pytest.fixture
def filesystem(tmp_path: Path) -> Iterator[MountedFilesystem]:
    arguments = ("--allow-other", "--owner", "100000:100000", "--shared")
    with mounted(tmp_path / "model", limit_bytes=ROOM, limit_files=FILES, arguments=arguments) as filesystem:
        yield filesystem


@pytest.fixture
async def model(
    sandboxes: Sandboxes, settings: Settings, environment: Environment, filesystem: MountedFilesystem, archives: Path
) -> AsyncIterator[Model]:
    yield Model(sandboxes, spec_of(settings, environment, filesystem, archives), filesystem)


def spec_of(settings: Settings, environment: Environment, filesystem: MountedFilesystem, archives: Path) -> SandboxSpec:
    spec = workspace_spec(settings, environment, filesystem.root)
    return replace(
        spec,
        environment={**spec.environment, **OFFLINE},
        mounts=(*spec.mounts, Mount(archives, "/wheels")),
        network=False,
    )


# --- what comes first ---


@pytest.mark.parametrize("install", INSTALLERS)
async def test_a_persons_own_version_comes_before_the_environments_and_goes_again(
    model: Model, preinstalled: tuple[Mount, ...], install: str
) -> None:
    model.spec = replace(model.spec, mounts=(*model.spec.mounts, *preinstalled))
    version = "python -c 'import large; print(large.version)'"
    uninstall = install.replace("install", "uninstall") + ("" if install.startswith("uv") else " -y")
    output = await model.said(
        f"{version}; {install} -q large==2.0 small==1.0; {version}; large; pip list --format freeze"
    )
    assert output.splitlines()[:3] == ["0.5", "2.0", "large 2.0"]
    assert {"large==2.0", "small==1.0"} < set(output.splitlines())
    assert any(line.startswith("pip==") for line in output.splitlines())
    output = await model.said(f"{uninstall} -q large 2>/dev/null; {version}; {uninstall} large; {version}")
    assert output.splitlines()[0] == "0.5"
    assert "large 0.5 is part of the environment and stays" in output
    assert output.splitlines()[-1] == "0.5"
    assert model.packages() == ["__pycache__", "small-1.0.dist-info", "small.py"]


async def test_uv_finds_the_model_from_everywhere_and_installs_a_project(model: Model) -> None:
    await model.said("cd /tmp && uv pip install small==1.0")
    project = '[project]\nname = "it"\nversion = "1"\nrequires-python = ">=3.9"\ndependencies = ["large<2"]\n'
    (model.filesystem.root / "pyproject.toml").write_text(project)
    output = await model.said("cd /model && uv sync -q && large && python -c 'import pip, sys; print(sys.prefix)'")
    assert output.splitlines() == ["large 1.0", "/model/.venv"]
    assert "small-1.0.dist-info" not in model.packages()


async def test_npm_installs_into_the_model_and_its_commands_are_found(model: Model) -> None:
    output = await model.said(
        "cd /model && npm install -g /wheels/bulky-1.0.tgz >/dev/null && bulky && npm install /wheels/bulky-2.0.tgz "
        ">/dev/null && node -p 'require(\"bulky\")' && npx bulky && npm ls -g"
    )
    assert output.splitlines()[:3] == ["bulky 1.0", "2.0", "bulky 2.0"]
    assert "/model/.venv/lib" in output
    assert (model.filesystem.root / ".venv/lib/node_modules/bulky/data").stat().st_size == MEBIBYTE


async def test_caches_and_builds_are_outside_of_the_limit(model: Model) -> None:
    model.limit(limit_bytes=2 * MEBIBYTE)
    await model.said("pip install -q large==1.0 && large")
    await model.said("uv pip install -q large==2.0 && large")


@pytest.mark.parametrize("install", INSTALLERS)
async def test_a_cache_that_is_large_is_not_kept_as_it_takes_memory(model: Model, archives: Path, install: str) -> None:
    make_wheel(archives, "huge", "1.0", files={"huge/__init__.py": b"", "huge/data": bytes(70 * MEBIBYTE)})
    model.limit(limit_bytes=100 * MEBIBYTE)
    output = await model.said(f"{install} -q huge && du -s --block-size=1M /tmp | cut -f 1")
    assert int(output) < 8


async def test_uv_makes_another_venv_of_the_environments_python(model: Model, environment: Environment) -> None:
    output = await model.said("cd /tmp && uv venv -q other && other/bin/python -c 'import sys; print(sys.base_prefix)'")
    assert output == "/opt/python\n"


# --- versions of Python ---


async def other_environments() -> AsyncIterator[Environment]:
    environments = Environments(Settings(data_dir=SHARED))
    try:
        for python in ("3.13", "3.12", "3.10"):
            try:
                plan = await environments.resolve(EnvironmentChoice(python, "24"))
            except EnvironmentUnavailable:
                continue
            if plan.fetch is None:
                yield environments.find(plan.key) or await environments.start_build(plan).wait()
    finally:
        await environments.close()


async def test_one_venv_serves_every_python_also_at_the_same_time(
    model: Model, settings: Settings, filesystem: MountedFilesystem, archives: Path, environment: Environment
) -> None:
    others = [other async for other in other_environments() if other.python_version != environment.python_version]
    if not others:
        pytest.skip("this machine has no second Python")
    first = await model.sandboxes.start(replace(model.spec, arguments=()), name="first")
    assert await first.execute(("bash", "-c", "/opt/slipway/bin/prepare && pip install -q large==1.0")) == 0
    for other in others[:1]:
        minor = ".".join(other.python_version.split(".")[:2])
        spec = spec_of(settings, other, filesystem, archives)
        output = await model.said(
            "python -c 'import large' 2>/dev/null || pip install -q large==2.0 small==1.0; large; "
            f"python -VV; python{minor} -c 'import large, sys; print(large.version, sys.prefix)'; {SPAWN}",
            spec=spec,
        )
        assert output.splitlines()[0] == "large 2.0"
        assert output.splitlines()[1].startswith(f"Python {other.python_version}")
        assert output.splitlines()[2:] == ["2.0 /model/.venv", "['2.0']"]
    # The first one's commands were overwritten by equal ones.
    assert await first.execute(("bash", "-c", "test \"$(large)\" = 'large 1.0'")) == 0
    assert await first.execute(("python", "-c", "import small")) == 1
    await first.stop()


SPAWN = """cat >/tmp/spawn.py <<'END'
import multiprocessing
def version(_):
    import large
    return large.version
if __name__ == "__main__":
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        print(pool.map(version, [1]))
END
python /tmp/spawn.py"""


# --- full filesystems ---


@pytest.mark.parametrize("install", INSTALLERS)
async def test_an_install_that_does_not_fit_leaves_nothing_and_can_be_repeated(model: Model, install: str) -> None:
    await model.said(f"{install} -q small==1.0")
    before = model.packages()
    used_bytes, used_files = model.filesystem.usage()
    # Cut off in the first files, the last, the metadata; and by the number of files.
    blocks = 3 * 24 + 256
    for limits in (
        {"limit_bytes": used_bytes + 40 * BLOCK},
        {"limit_bytes": used_bytes + (blocks + 2) * BLOCK},
        {"limit_files": used_files + 29},
    ):
        model.limit(**limits)
        output = await model.failed(f"{install} -q large==1.0")
        assert "'Raise limit' in Model settings" in output
        assert model.packages() == before, limits
        assert model.filesystem.usage() == (used_bytes, used_files), limits
    model.limit()
    assert "large 2.0" in await model.said(f"{install} -q large==2.0; large; small; pip check")
    await model.said("pip uninstall -q -y large")
    assert model.filesystem.usage() == (used_bytes, used_files)


async def test_an_upgrade_that_does_not_fit_leaves_the_old_version(model: Model) -> None:
    await model.said("pip install -q large==1.0")
    used_bytes, used_files = model.filesystem.usage()
    for room in (20, 290):
        model.limit(limit_bytes=used_bytes + room * BLOCK)
        assert "Raise limit" in await model.failed("pip install -q large==2.0")
        assert await model.said("large; pip check -q") == "large 1.0\n"
        assert model.packages() == ["large", "large-1.0.dist-info"]
        assert model.filesystem.usage() == (used_bytes, used_files)


async def test_of_several_packages_those_that_fit_stay(model: Model) -> None:
    """pip installs what is needed first."""
    await model.said("pip install -q small==1.0")
    used_bytes, _ = model.filesystem.usage()
    model.limit(limit_bytes=used_bytes + 200 * BLOCK)
    await model.failed("pip install -q large==3.0")
    output = await model.said("small; pip check -q; pip list --format freeze")
    assert output.splitlines()[0] == "small 2.0"
    assert "small==2.0" in output.splitlines()
    assert not [name for name in model.packages() if name.startswith("large")]


async def test_an_install_that_was_killed_is_undone_by_the_next(model: Model) -> None:
    await model.said("pip install -q small==1.0 large==1.0")
    packages = next(model.filesystem.root.glob(".venv/lib/*/site-packages"))
    (packages / "small-1.0.dist-info/RECORD").unlink()
    (packages / "small.py").unlink()
    (packages / "large-1.0.dist-info/INSTALLER").unlink()
    (packages / "~arge").mkdir()
    assert await model.said("pip install -q small==1.0 large==1.0; small; large") == "small\nlarge 1.0\n"
    assert "~arge" not in model.packages()


async def test_npm_that_runs_out_of_space_fails_and_leaves_what_was(model: Model) -> None:
    """npm itself leaves files cut short and says that all went well."""
    await model.said("cd /model && npm install /wheels/bulky-1.0.tgz")
    manifest = (model.filesystem.root / "package.json").read_bytes()
    used_bytes, _ = model.filesystem.usage()
    model.limit(limit_bytes=used_bytes + 40 * BLOCK)
    output = await model.failed("cd /model && npm install -g /wheels/bulky-2.0.tgz")
    assert "'Raise limit' in Model settings" in output
    assert "Removed, as not all of it was installed: bulky." in output
    assert "bulky" not in os.listdir(model.filesystem.root / ".venv/bin")
    assert await model.said("cd /model && npx bulky") == "bulky 1.0\n"
    assert (model.filesystem.root / "package.json").read_bytes() == manifest
    model.limit()
    assert "bulky 2.0" in await model.said("cd /model && npm install -g /wheels/bulky-2.0.tgz >/dev/null; bulky")


async def test_byte_code_is_written_only_where_there_is_room(model: Model) -> None:
    await model.said("pip install -q large==1.0")
    assert len(list(model.filesystem.root.rglob("large/__pycache__/*.pyc"))) == 25
    await model.said("pip uninstall -q -y large")
    used_bytes, _ = model.filesystem.usage()
    model.limit(limit_bytes=used_bytes + 450 * BLOCK)
    assert await model.said("pip install -q large==1.0; large") == "large 1.0\n"
    assert list(model.filesystem.root.rglob("*.pyc")) == []


async def test_where_not_even_the_venv_fits_the_environments_python_works(model: Model) -> None:
    model.limit(limit_files=3)
    output = await model.said(
        "python -c 'import pip, sys; print(sys.prefix)'; node -p 1+1; pip install small==1.0 2>&1 || true"
    )
    assert "/opt/environment\n2\n" in output
    assert "/model/.venv could not be made, so nothing can be installed" in output
    model.limit()
    assert "small\n" in await model.said("pip install -q small==1.0; small")
