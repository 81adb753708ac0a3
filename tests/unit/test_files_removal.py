"""Removing a folder that changes under the hand, on a plain directory."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ide_server.host.files import removal
from ide_server.host.files.removal import remove_folder


@pytest.fixture
def parent(tmp_path: Path) -> Iterator[int]:
    (tmp_path / "folder" / "inner").mkdir(parents=True)
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "precious").touch()
    descriptor = os.open(tmp_path, os.O_RDONLY)
    yield descriptor
    os.close(descriptor)


def before_opening_inner(monkeypatch: pytest.MonkeyPatch, act: Any) -> None:
    opened = os.open

    def acting(name: Any, *arguments: Any, **options: Any) -> int:
        if name == b"inner":
            act(options["dir_fd"])
        return opened(name, *arguments, **options)

    monkeypatch.setattr(os, "open", acting)


def test_a_folder_swapped_for_a_link_after_it_was_listed_is_not_followed(
    parent: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def swap(folder: int) -> None:
        os.rename("inner", "other", src_dir_fd=folder, dst_dir_fd=folder)
        os.symlink("../kept", "inner", dir_fd=folder)

    before_opening_inner(monkeypatch, swap)
    with pytest.raises(NotADirectoryError):
        remove_folder(parent, b"folder")
    assert (tmp_path / "kept" / "precious").exists()


def test_what_somebody_else_has_removed_is_as_good_as_removed(
    parent: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before_opening_inner(monkeypatch, lambda folder: os.rmdir("inner", dir_fd=folder))
    remove_folder(parent, b"folder")
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


def test_a_folder_that_is_filled_again_is_not_fought_over(
    parent: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before_opening_inner(monkeypatch, lambda folder: os.mkdir("new", dir_fd=folder))
    with pytest.raises(OSError) as caught:
        remove_folder(parent, b"folder")
    assert caught.value.errno == errno.ENOTEMPTY
    assert [path.name for path in (tmp_path / "folder").iterdir()] == ["new"]


def test_folders_nested_beyond_what_is_held_open_are_removed_in_rounds(
    parent: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(removal, "DEPTH", 3)
    (tmp_path / "folder" / "/".join("abcdefghijkl")).mkdir(parents=True)
    (tmp_path / "folder" / "/".join("abcdefgh") / "file").touch()
    remove_folder(parent, b"folder")
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
