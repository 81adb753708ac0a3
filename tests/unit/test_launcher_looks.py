"""What is remembered of a model's files, on plain folders."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest

from ide_server.host.launchers import looks
from ide_server.host.launchers.looks import SETTLED_NS, Looks
from ide_server.host.mounts import Moment
from ide_server.wire import ModelId

pytestmark = pytest.mark.anyio

MODEL = ModelId("m")
DEFINITION = '[[evaluate_input]]\nname = "{name}"\ntypes = ["f64"]\nshape = []\n'
T = TypeVar("T")


class Folder:
    """A plain folder in a mount's place."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.moment: Moment | None = None

    async def run(self, function: Callable[[int], T]) -> T:
        root = os.open(self.path, os.O_PATH | os.O_DIRECTORY)
        try:
            return function(root)
        finally:
            os.close(root)


@pytest.fixture
def folder(tmp_path: Path) -> Any:
    (tmp_path / "main.py").write_text("a = 1\n")
    return Folder(tmp_path)


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Which files were read."""
    found: list[str] = []

    def counted(name: str, real: Callable[[int], Any]) -> Callable[[int], Any]:
        def read(root: int) -> Any:
            found.append(name)
            return real(root)

        return read

    for name in ("read_definitions", "digest_of"):
        monkeypatch.setattr(looks, name, counted(name, getattr(looks, name)))
    return found


def define(folder: Folder, name: str) -> None:
    (folder.path / "slipway.toml").write_text(DEFINITION.format(name=name))


async def test_definitions_are_read_once_until_they_change(
    folder: Any, reads: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    define(folder, "a")
    monkeypatch.setattr(looks, "SETTLED_NS", -(10**18))
    seen = Looks()
    names = [(await seen.definitions(MODEL, folder))[0].evaluate_input[0].name for _ in range(3)]
    assert (names, reads) == (["a"] * 3, ["read_definitions"])
    define(folder, "other")
    found, language = await seen.definitions(MODEL, folder)
    assert (found.evaluate_input[0].name, language) == ("other", "python")
    (folder.path / "slipway.toml").unlink()
    assert (await seen.definitions(MODEL, folder))[0].evaluate_input == []


async def test_definitions_that_were_just_written_are_read_each_time(folder: Any, reads: list[str]) -> None:
    assert SETTLED_NS > 0
    seen = Looks()
    for name in "abcdef":  # of one size, and within one step of the kernel's clock
        define(folder, name)
        assert (await seen.definitions(MODEL, folder))[0].evaluate_input[0].name == name


async def test_the_digest_is_of_the_code_as_it_is(folder: Any, reads: list[str]) -> None:
    seen = Looks()
    first = await seen.code(MODEL, folder)
    assert (await seen.code(MODEL, folder), reads) == (first, ["digest_of"])
    (folder.path / "main.py").write_text("a = 2 # longer\n")
    second = await seen.code(MODEL, folder)
    assert second.digest != first.digest and second.mark != first.mark


async def test_while_nothing_has_changed_nothing_is_looked_at(folder: Any, reads: list[str]) -> None:
    seen = Looks()
    folder.moment = Moment(1, 7)
    define(folder, "a")
    first, code = await seen.definitions(MODEL, folder), await seen.code(MODEL, folder)
    define(folder, "unseen")
    (folder.path / "main.py").write_text("a = 2 # longer\n")
    assert (await seen.definitions(MODEL, folder), await seen.code(MODEL, folder)) == (first, code)
    for moment in (Moment(1, 8), Moment(2, 8)):
        folder.moment = moment
        define(folder, f"at {moment.generation}")
        assert (await seen.definitions(MODEL, folder))[0].evaluate_input[0].name == f"at {moment.generation}"
    assert (await seen.code(MODEL, folder)).digest != code.digest
