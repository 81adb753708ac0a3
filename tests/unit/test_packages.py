"""A model's own packages and dependency files, as read from folders that a person, or an attacker, has filled."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from ide_server.host.packages import read_packages
from ide_server.host.packages.dependencies import MAX_LINE, Wanted, requirement_lines, want
from ide_server.host.packages.plain import MAX_FILE_BYTES
from ide_server.wire import Dependencies, InstalledPackage, OwnPackages, PackageSet

PYTHON = "3.13"
DAY = 86400.0


class ModelFolder:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.root = os.open(path, os.O_PATH | os.O_DIRECTORY)

    def write(self, name: str, content: str | bytes = "") -> Path:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def install(self, folder: str, *, python: str = PYTHON, requested: bool = True, direct_url: str = "") -> Path:
        packages = self.path / f".venv/lib/python{python}/site-packages"
        info = packages / f"{folder}.dist-info"
        info.mkdir(parents=True)
        if requested:
            (info / "REQUESTED").touch()
        if direct_url:
            (info / "direct_url.json").write_text(direct_url)
        return info

    def read(self, **preinstalled: str) -> OwnPackages:
        return read_packages(self.root, python=PYTHON, preinstalled=preinstalled)

    def outdated(self, **preinstalled: str) -> dict[str, bool]:
        return {each.path: each.outdated for each in self.read(**preinstalled).dependencies}


@pytest.fixture
def model(tmp_path: Path) -> Iterator[ModelFolder]:
    folder = ModelFolder(tmp_path)
    yield folder
    os.close(folder.root)


# --- installed ---


def test_an_empty_model_has_nothing(model: ModelFolder) -> None:
    assert model.read(torch="2.13.0") == OwnPackages([], "", [])


def test_packages_are_listed_by_python_version_the_newest_first(model: ModelFolder) -> None:
    model.install("numpy-1.26.4", python="3.9")
    model.install("typing_inspect-0.9.0", requested=False)
    model.install("Ruamel.YAML-0.18.0")
    model.install("torch-2.13.0+cpu", python="3.11")
    assert model.read().sets == [
        PackageSet("3.13", [InstalledPackage("ruamel-yaml", "0.18.0"), InstalledPackage("typing-inspect", "0.9.0")]),
        PackageSet("3.11", [InstalledPackage("torch", "2.13.0+cpu")]),
        PackageSet("3.9", [InstalledPackage("numpy", "1.26.4")]),
    ]  # fmt: skip


def test_what_was_asked_for_under_another_version_only_is_installed_again(model: ModelFolder) -> None:
    model.install("numpy-1.26.4", python="3.9")
    model.install("numpy-2.1.0", python="3.11")
    model.install("rich-14.0.0", python="3.11")
    model.install("mdurl-0.1.2", python="3.11", requested=False)
    model.install("tqdm-4.67.0", python="3.11")
    model.install("tqdm-4.60.0")
    model.install("epoch-1!2.0", python="3.9")
    assert model.read().reinstall_command == "pip install numpy==2.1.0 rich==14.0.0 'epoch==1!2.0'"


def test_of_what_uv_installed_what_another_package_requires_was_not_asked_for(model: ModelFolder) -> None:
    for folder in ("rich-15.0.0", "markdown_it_py-4.3.0", "mdurl-0.1.2", "ipywidgets-8.0.0"):
        (model.install(folder, python="3.11") / "INSTALLER").write_text("uv")
    (model.install("pygments-2.21.0", python="3.11") / "INSTALLER").write_text("pip\n")
    packages = model.path / ".venv/lib/python3.11/site-packages"
    (packages / "rich-15.0.0.dist-info/METADATA").write_text(
        "Name: rich\nRequires-Dist: markdown-it-py>=2.2.0\nRequires-Dist: pygments<3\n"
        "Requires-Dist: ipywidgets<9; extra == 'jupyter'\n\nRequires-Dist: rich\n"
    )
    (packages / "markdown_it_py-4.3.0.dist-info/METADATA").write_text("Requires-Dist: MdUrl ~=0.1\n" + "x" * (1 << 20))
    assert model.read().reinstall_command == "pip install ipywidgets==8.0.0 pygments==2.21.0 rich==15.0.0"


def test_a_package_of_another_source_is_never_fetched_from_an_index_by_its_name(model: ModelFolder) -> None:
    sources = {
        "a-1": '{"url": "https://host/a.git", "vcs_info": {"vcs": "git", "commit_id": "c0ffee"}}',
        "b-1": '{"url": "https://host/b-1.whl", "archive_info": {"hash": "x"}}',
        "c-1": '{"url": "file:///model/my%20c", "dir_info": {"editable": true}}',
        "d-1": '{"url": "file:///model/d", "dir_info": {}}',
        "e-1": "not json",
        "f-1": '{"url": "https://host/\\u0003\\nrm -rf .", "archive_info": {}}',
        "g-1": '{"url": "' + "x" * MAX_FILE_BYTES + '"}',
        "h-1": "[" * 100_000,
    }
    for folder, source in sources.items():
        model.install(folder, python="3.11", direct_url=source)
    assert model.read().reinstall_command == (
        "pip install 'a @ git+https://host/a.git@c0ffee' 'b @ https://host/b-1.whl' --editable '/model/my c' /model/d"
    )


def test_names_that_no_installer_makes_are_passed_over(model: ModelFolder) -> None:
    packages = model.install("good-1.0", python="3.11").parent
    for name in ("$(touch x)-1.0.dist-info", "a b-1.dist-info", "-x-1.dist-info", "~umpy-1.0.dist-info",
                 "x-1;id.dist-info", "x\n-1.dist-info", "x-.dist-info", "é-1.dist-info", "noversion.dist-info",
                 ):  # fmt: skip
        (packages / name).mkdir()
    (packages / os.fsdecode(b"\xff-1.0.dist-info")).mkdir()
    (packages / "file-1.0.dist-info").touch()
    (packages / "link-1.0.dist-info").symlink_to("/etc")
    (model.path / ".venv/lib/python3.11t/site-packages/x-1.dist-info").mkdir(parents=True)
    assert model.read().sets == [PackageSet("3.11", [InstalledPackage("good", "1.0")])]
    assert model.read().reinstall_command == "pip install good==1.0"


@pytest.mark.parametrize("link", [".venv", ".venv/lib", ".venv/lib/python3.13", ".venv/lib/python3.13/site-packages"])
def test_a_link_out_of_the_model_is_not_followed(
    model: ModelFolder, tmp_path_factory: pytest.TempPathFactory, link: str
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    for folder in ("", "lib/python3.13/site-packages", "python3.13/site-packages", "site-packages"):
        (elsewhere / folder / "secret-1.0.dist-info").mkdir(parents=True)
    (model.path / link).parent.mkdir(parents=True, exist_ok=True)
    (model.path / link).symlink_to(elsewhere)
    assert model.read().sets == []


def test_files_in_the_place_of_folders_are_as_good_as_absent(model: ModelFolder) -> None:
    model.write(".venv/lib")
    assert model.read() == OwnPackages([], "", [])


# --- requirements.txt ---


@pytest.mark.parametrize(
    ("requirements", "expected"),
    [
        ("rich", False),
        ("Rich>=14,<15  # the printer", False),
        ("rich>=15", True),
        ("rich==14.0.0 --hash=sha256:00", False),
        ("rich==14.0.0 \\\n    --hash=sha256:00 \\\n    --hash=sha256:11", False),
        ("torch>=2", False),
        ("torch==2.13.0", False),
        ("missing", True),
        ("rich\nmissing", True),
        ("missing; python_version < '3.9'", False),
        ("missing; python_version >= '3.13'", True),
        ("missing; sys_platform == 'win32'", False),
        ("missing; extra == 'dev'", False),
        ("rich[jupyter]", False),
        ("rich @ git+https://host/rich", False),
        ("", None),
        ("# nothing\n\n   \n", None),
        ("--index-url https://host/simple\n-c limits.txt", None),
        ("--extra-index-url https://host/simple\nrich", False),
        ("-r more.txt", True),
        ("-rmore.txt", True),
        ("--requirement=folder/more.txt", True),
        ("-r itself.txt\nrich", False),
        ("-r /etc/passwd", None),
        ("-r ../../outside.txt", None),
    ],
)
def test_requirements_are_held_against_what_is_installed(
    model: ModelFolder, requirements: str, expected: bool | None
) -> None:
    model.install("rich-14.0.0")
    model.write("more.txt", "missing")
    model.write("folder/more.txt", "-r ../itself.txt\n-r deeper.txt")
    model.write("folder/deeper.txt", "missing")
    model.write("itself.txt", "-r itself.txt\n-r requirements.txt\n")
    model.write("requirements.txt", requirements)
    found = {} if expected is None else {"requirements.txt": expected}
    assert model.outdated(torch="2.13.0+cpu") == found


def test_an_own_package_hides_the_preinstalled_one(model: ModelFolder) -> None:
    model.write("requirements.txt", "torch==2.13.0")
    model.install("torch-2.12.0")
    assert model.outdated(torch="2.13.0") == {"requirements.txt": True}


def test_packages_of_another_python_version_do_not_count(model: ModelFolder) -> None:
    model.write("requirements.txt", "rich")
    model.install("rich-14.0.0", python="3.11")
    assert model.outdated() == {"requirements.txt": True}


def test_touching_and_commenting_ask_for_nothing(model: ModelFolder) -> None:
    model.install("rich-14.0.0")
    file = model.write("requirements.txt", "rich")
    os.utime(file, (time.time() + DAY, time.time() + DAY))
    assert model.outdated() == {"requirements.txt": False}
    model.write("requirements.txt", "rich  # as it is")
    assert model.outdated() == {"requirements.txt": False}


def test_what_does_not_name_its_package_counts_as_installed_by_the_next_install(model: ModelFolder) -> None:
    file = model.write("requirements.txt", "-e ./mine\n")
    assert model.outdated() == {"requirements.txt": True}
    info = model.install("mine-0.1")
    os.utime(file, (time.time() - DAY, time.time() - DAY))
    assert model.outdated() == {"requirements.txt": False}
    os.utime(info.parent, (time.time() - 2 * DAY, time.time() - 2 * DAY))
    assert model.outdated() == {"requirements.txt": True}


def test_lines_made_to_take_long_do_not(model: ModelFolder) -> None:
    model.write("requirements.txt", "a" + " " * (MAX_FILE_BYTES - 3) + "b")
    began = time.monotonic()
    model.outdated()
    wanted = Wanted()
    for line in ("a; " + "(" * (MAX_LINE - 10), "a" + " -" * (MAX_LINE // 2 - 10), "a==" + "1." * (MAX_LINE // 2 - 10)):
        want(wanted, line, b"")
    model.write("requirements.txt", "a>1\n" * (MAX_FILE_BYTES // 4))
    model.outdated()
    assert time.monotonic() - began < 5


def test_a_continued_line_is_one() -> None:
    assert list(requirement_lines("a \\\r\n==1\n#b\nc#d\ne # f\n")) == ["a  ==1", "c#d", "e"]


def test_a_pipe_a_folder_and_a_link_out_are_no_requirements(model: ModelFolder) -> None:
    os.mkfifo(model.path / "requirements.txt")
    (model.path / "pyproject.toml").mkdir()
    (model.path / "package.json").symlink_to("/etc/passwd")
    assert model.read().dependencies == []


def test_bytes_that_are_no_text_are_no_requirements(model: ModelFolder) -> None:
    for name in ("requirements.txt", "pyproject.toml", "package.json"):
        model.write(name, b"\xff\xfe rich")
    assert model.read().dependencies == []


# --- pyproject.toml ---


@pytest.mark.parametrize(
    ("project", "expected"),
    [
        ('[project]\nname = "m"\ndependencies = ["rich>=14"]', False),
        ('[project]\ndependencies = ["rich", "missing"]', True),
        ('[project]\nname = "m"\n', None),
        ("[project]\ndependencies = []", None),
        ('[project]\ndependencies = "rich"', None),
        ("[project]\ndependencies = [1, {a = 2}]", None),
        ("project = 3", None),
        ("[tool.ruff]\nline-length = 120", None),
        ("", None),
        ("not toml", None),
        ("x = " + "9" * 5000, None),
        ("x = " + "[" * 50_000, None),
        ('[project]\ndependencies = ["' + "x" * 5000 + '"]', None),
    ],
    ids=lambda value: str(value)[:40],
)
def test_only_a_projects_dependencies_count(model: ModelFolder, project: str, expected: bool | None) -> None:
    model.install("rich-14.0.0")
    model.write("pyproject.toml", project)
    assert model.outdated() == ({} if expected is None else {"pyproject.toml": expected})


# --- package.json ---


def lock(**manifest: dict[str, str]) -> str:
    return msgspec.json.encode(
        {"lockfileVersion": 3, "packages": {"": manifest, "node_modules/x": {"version": "1"}}}
    ).decode()


@pytest.mark.parametrize(
    ("manifest", "locked", "expected"),
    [
        ('{"dependencies": {"x": "^1"}}', lock(dependencies={"x": "^1"}), False),
        ('{"dependencies": {"x": "^2"}}', lock(dependencies={"x": "^1"}), True),
        ('{"dependencies": {"x": "^1"}}', None, False),
        ('{"dependencies": {"@scope/y": "^1"}}', None, False),
        ('{"dependencies": {"y": "^1"}}', None, True),
        ('{"dependencies": {"y": "^1"}}', lock(dependencies={"y": "^1"}), True),
        ('{"dependencies": {"x": "^1"}, "devDependencies": {"z": "1"}}', lock(dependencies={"x": "^1"}), True),
        ('{"devDependencies": {"z": "1"}}', lock(devDependencies={"z": "1"}), False),
        ('{"dependencies": {"x": "^1"}}', "not json", False),
        ('{"dependencies": {"x": "^1"}}', '{"packages": {"": 3}}', False),
        ('{"name": "m", "scripts": {}}', None, None),
        ('{"dependencies": {}}', None, None),
        ('{"dependencies": ["x"]}', None, None),
        ("[]", None, None),
        ("", None, None),
        ("[" * 50_000, None, None),
        ('{"dependencies": {"../../../etc": "1", "x": "1"}}', None, False),
        ('{"dependencies": {"' + "y" * 300 + '": "1"}}', None, True),
    ],
    ids=lambda value: str(value)[:40],
)
def test_node_dependencies_are_held_against_what_npm_last_installed_for(
    model: ModelFolder, manifest: str, locked: str | None, expected: bool | None
) -> None:
    model.write("node_modules/x/package.json", "{}")
    model.write("node_modules/@scope/y/package.json", "{}")
    model.write("package.json", manifest)
    if locked is not None:
        model.write("package-lock.json", locked)
    assert model.outdated() == ({} if expected is None else {"package.json": expected})


def test_each_file_says_how_it_is_installed(model: ModelFolder) -> None:
    model.write("requirements.txt", "a")
    model.write("pyproject.toml", '[project]\ndependencies = ["a"]')
    model.write("package.json", '{"dependencies": {"a": "1"}}')
    assert model.read().dependencies == [
        Dependencies("requirements.txt", True, "pip install -r requirements.txt"),
        Dependencies("pyproject.toml", True, "uv pip install -r pyproject.toml"),
        Dependencies("package.json", True, "npm install"),
    ]
