"""The walk that lists a model's files by name."""

import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from ide_server.host.search import paths
from ide_server.host.search.paths import Walk


@pytest.fixture
def root(tmp_path: Path) -> Iterator[int]:
    for name in ("main.py", "src/x.py", "src/deep/y.py", ".hidden/a", ".git/config", "node_modules/never", "z/.env"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "out").symlink_to("/etc")
    descriptor = os.open(tmp_path, os.O_PATH)
    yield descriptor
    os.close(descriptor)


def walked(root: int, *, hidden: bool = False) -> list[bytes]:
    walk = Walk(hidden=hidden)
    found: list[bytes] = []
    while not walk.ended:
        found += walk.step(root)
    return found


def test_files_come_nearest_first_and_what_tools_filled_not_at_all(root: int) -> None:
    assert walked(root) == [b"main.py", b"out", b"src/x.py", b"src/deep/y.py"]


def test_hidden_files_come_when_they_are_asked_for(root: int) -> None:
    assert set(walked(root, hidden=True)) - set(walked(root)) == {b".hidden/a", b"z/.env"}


def test_a_link_that_leads_out_is_listed_and_not_followed(root: int) -> None:
    assert not any(path.startswith(b"out/") for path in walked(root, hidden=True))


def test_a_folder_that_goes_away_meanwhile_is_passed_by(root: int, monkeypatch: pytest.MonkeyPatch) -> None:
    walk, ticks = Walk(hidden=False), iter((0.0, 0.0, 1.0))
    monkeypatch.setattr(paths, "time", SimpleNamespace(monotonic=lambda: next(ticks)))
    assert walk.step(root) == [b"main.py", b"out"]  # there was time for one folder
    monkeypatch.undo()
    os.rename("src", "moved", src_dir_fd=root, dst_dir_fd=root)
    assert walk.step(root) == []
    assert walk.ended
