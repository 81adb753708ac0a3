"""What the host sees of a model's code."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from ide_server.host.launchers.code import MARKED_ENTRIES, digest_of, language_of, mark_of


@pytest.fixture
def model(tmp_path: Path) -> Path:
    for name, content in (("main.py", "code"), ("lib/helper.py", "x"), ("data.csv", "1,2"), (".hidden/a.py", "x")):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    return tmp_path


@pytest.fixture
def root(model: Path) -> Iterator[int]:
    descriptor = os.open(model, os.O_PATH | os.O_DIRECTORY)
    yield descriptor
    os.close(descriptor)


def test_the_mark_stays_while_nothing_changes(root: int) -> None:
    assert mark_of(root) == mark_of(root)


@pytest.mark.parametrize("name", ["main.py", "lib/helper.py", "data.csv", "lib/new.py", "new/deep/file.txt"])
def test_a_file_that_is_changed_or_added_changes_the_mark(model: Path, root: int, name: str) -> None:
    before = mark_of(root)
    (model / name).parent.mkdir(parents=True, exist_ok=True)
    (model / name).write_text("another content")
    assert mark_of(root) != before


def test_a_file_of_the_same_size_and_time_changes_the_mark(model: Path, root: int) -> None:
    before, times = mark_of(root), os.stat(model / "main.py")
    (model / "main.py").write_text("edoc")
    os.utime(model / "main.py", ns=(times.st_atime_ns, times.st_mtime_ns))
    assert mark_of(root) != before


def test_a_removed_or_moved_file_changes_the_mark(model: Path, root: int) -> None:
    first = mark_of(root)
    (model / "data.csv").rename(model / "other.csv")
    second = mark_of(root)
    (model / "other.csv").unlink()
    assert len({first, second, mark_of(root)}) == 3


@pytest.mark.parametrize("name", [".hidden/b.py", ".notes", "node_modules/x/y.js", "lib/__pycache__/helper.pyc"])
def test_what_no_code_is_written_in_leaves_the_mark(model: Path, root: int, name: str) -> None:
    folder = (model / name).parent
    folder.mkdir(parents=True, exist_ok=True)
    before = mark_of(root)
    (model / name).write_text("x")
    assert mark_of(root) == before


@pytest.mark.parametrize("name", [".venv/lib/python3.11/site-packages/new", "node_modules/.package-lock.json"])
def test_installing_a_package_changes_the_mark(model: Path, root: int, name: str) -> None:
    before = mark_of(root)
    (model / name).parent.mkdir(parents=True, exist_ok=True)
    (model / name).write_text("x")
    assert mark_of(root) != before


def test_a_tree_too_large_to_look_at_counts_as_changed(model: Path, root: int) -> None:
    for number in range(MARKED_ENTRIES + 1):
        (model / f"file{number}").touch()
    assert mark_of(root) != mark_of(root)


def test_a_link_in_a_folders_place_leads_nowhere(model: Path, root: int) -> None:
    (model / "out").symlink_to("/etc")
    (model / "circle").symlink_to(".")
    assert mark_of(root) == mark_of(root)


def test_the_digest_is_of_the_code_file_alone(model: Path, root: int) -> None:
    before = digest_of(root)
    (model / "data.csv").write_text("other")
    assert (digest_of(root), language_of(root)) == (before, "python")
    (model / "main.py").unlink()
    assert (digest_of(root), language_of(root)) == ("", None)
    os.mkfifo(model / "main.py")
    assert (digest_of(root), language_of(root)) == ("", "python")
