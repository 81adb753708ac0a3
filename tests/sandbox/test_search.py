"""Searches by the real ripgrep in a real workspace, with a plain folder as the filesystem."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from ide_server.errors import ProgramMissing
from ide_server.host.environments import Environment
from ide_server.host.mounts import Mounts
from ide_server.host.sandbox import Sandboxes
from ide_server.host.search import Search, search
from ide_server.host.search.search import Finding, find_ripgrep
from ide_server.host.workspaces import Workspaces
from ide_server.settings import Settings
from ide_server.wire import FoundInFile, ModelId, SearchEnded, SearchMatch, SearchQuery
from tests.support.equipment import GivenEquipment
from tests.support.sandboxes import children, command_lines

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.sandbox,
    pytest.mark.skipif(find_ripgrep() is None, reason="no ripgrep here: apt-get install ripgrep"),
]

MODEL = ModelId("m")
BARE = Environment(
    key="bare",
    python_version="",
    node_version="",
    mounts=(),
    # Nothing that a person sets there has a say in how is searched.
    variables={"PATH": "/usr/bin:/bin", "HOME": "/model", "RIPGREP_CONFIG_PATH": "/model/ripgreprc"},
    python="/usr/bin/python3",
)
FILES = {
    "main.py": "import torch\nprint('Torch')\n",
    "src/model.py": "class Torch:\n    torches = 1\n",
    "src/deep/notes.md": "a torch\r\nlit\r\n",
    ".hidden/a.py": "torch\n",
    ".venv/lib/torch.py": "torch\n",
    "node_modules/x/index.js": "torch\n",
    ".git/config": "torch\n",
    ".gitignore": "build\n",
    "build/out.py": "torch\n",
    "weights.bin": "torch\0\n",
    "two\nlines.py": "torch\n",
    "ripgreprc": "--files\n",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    for name, content in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode())
    return folder


@pytest.fixture
async def searches(sandboxes: Sandboxes, settings: Settings, folder: Path) -> AsyncIterator[Search]:
    async def get(_: ModelId) -> Any:
        return SimpleNamespace(path=folder, lineage=1)

    mounts = cast(Mounts, SimpleNamespace(get=get))  # it lends only what the cast stands for
    workspaces = Workspaces(settings, sandboxes, GivenEquipment(BARE), mounts)
    yield Search(workspaces, mounts)
    await workspaces.close()


@asynccontextmanager
async def begun(searches: Search, query: SearchQuery) -> AsyncIterator[Finding]:
    finding = await searches.find(MODEL, query)
    try:
        yield finding
    finally:
        await finding.close()


async def found(searches: Search, query: SearchQuery) -> tuple[dict[str, list[SearchMatch]], SearchEnded]:
    files: dict[str, list[SearchMatch]] = {}
    async with begun(searches, query) as finding:
        async for event in finding.events():
            if isinstance(event, FoundInFile):
                files.setdefault(event.path, []).extend(event.matches)
            else:
                return files, event
    raise AssertionError("expected SearchEnded as the last event, got none")


async def paths(searches: Search, pattern: str, **changes: Any) -> set[str]:
    return set((await found(searches, SearchQuery(pattern, **changes)))[0])


async def test_matches_are_told_by_file_with_line_column_and_text(searches: Search) -> None:
    files, ended = await found(searches, SearchQuery("torch", match_case=True))
    assert files == {
        "main.py": [SearchMatch(1, 8, "import ", "torch", "", None)],
        "src/model.py": [SearchMatch(2, 5, "    ", "torch", "es = 1", None)],
        "src/deep/notes.md": [SearchMatch(1, 3, "a ", "torch", "", None)],
    }
    assert ended == SearchEnded("complete", "")


async def test_what_is_searched_is_what_was_asked_for(searches: Search) -> None:
    default = {"main.py", "src/model.py", "src/deep/notes.md"}
    assert await paths(searches, "TORCH") == default
    assert await paths(searches, "torch", hidden=True) == {*default, ".hidden/a.py"}
    assert await paths(searches, "torch", ignored=True) == {*default, "build/out.py", "node_modules/x/index.js"}
    everything = {*default, "build/out.py", "node_modules/x/index.js", ".hidden/a.py", ".venv/lib/torch.py"}
    assert await paths(searches, "torch", ignored=True, hidden=True) == everything
    assert await paths(searches, "torch", include=["src"]) == {"src/model.py", "src/deep/notes.md"}
    assert await paths(searches, "torch", include=["*.py"], exclude=["src"]) == {"main.py"}
    assert await paths(searches, "torch", include=["./main.py", "deep/*.md"]) == {"main.py", "src/deep/notes.md"}


async def test_words_expressions_and_plain_text_are_told_apart(searches: Search) -> None:
    assert await paths(searches, "torch", whole_word=True, match_case=True) == {"main.py", "src/deep/notes.md"}
    assert await paths(searches, "t.rch$", is_regex=True) == {"main.py", "src/deep/notes.md"}
    assert await paths(searches, "t.rch$") == set()
    assert await paths(searches, "-torch") == set()


async def test_replacements_are_ripgrep_s_own_with_groups(searches: Search) -> None:
    query = SearchQuery(r"(t)(orch)$", is_regex=True, match_case=True, replacement=r"$2-$1x\n$&")
    files, _ = await found(searches, query)
    assert files["main.py"] == [SearchMatch(1, 8, "import ", "torch", "", "orch-tx\ntorch")]
    assert files["src/deep/notes.md"] == [SearchMatch(1, 3, "a ", "torch", "", "orch-tx\ntorch")]
    plain, _ = await found(searches, SearchQuery("torches", replacement="$1 \\n"))
    assert [match.replacement for match in plain["src/model.py"]] == ["$1 \\n"]


async def test_an_expression_that_is_none_is_answered_in_ripgrep_s_words(searches: Search) -> None:
    files, ended = await found(searches, SearchQuery("(torch", is_regex=True))
    assert files == {}
    assert ended.reason == "failed"
    assert "unclosed group" in ended.message


async def test_of_very_many_matches_some_are_told_and_ripgrep_ends(searches: Search, folder: Path) -> None:
    (folder / "many.txt").write_text("needle\n" * 30_000)
    files, ended = await found(searches, SearchQuery("needle"))
    assert len(files["many.txt"]) == search.MOST_MATCHES
    assert ended.reason == "too_many"


async def test_a_search_that_nobody_reads_any_more_ends_at_once(searches: Search, folder: Path) -> None:
    (folder / "many.txt").write_text("needle\n" * 200_000)
    before = children()
    async with begun(searches, SearchQuery("needle")) as finding:
        await anext(finding.events())
        assert "--regexp=needle" in command_lines()  # it waits for its reader, whose pipe is full
    assert "--regexp=needle" not in command_lines()
    assert len(children()) <= len(before) + 2  # the workspace and its network


async def test_a_search_has_a_deadline(searches: Search, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "many.txt").write_text("needle\n" * 200_000)
    monkeypatch.setattr(search, "SEARCH_SECONDS", 0.2)
    monkeypatch.setattr(search, "MOST_MATCHES", 1_000_000)
    async with begun(searches, SearchQuery("needle")) as finding:
        async with asyncio.timeout(20):
            await finding._child.wait()  # nobody reads, so that nothing but the deadline ends it
        *_, last = [event async for event in finding.events()]
    assert isinstance(last, SearchEnded)
    assert last.reason == "too_long"


async def test_a_workspace_that_ends_ends_the_search_and_says_so(searches: Search, folder: Path) -> None:
    (folder / "many.txt").write_text("needle\n" * 200_000)
    async with begun(searches, SearchQuery("needle")) as finding:
        events = finding.events()
        await anext(events)
        await searches._workspaces.stop(MODEL)
        *_, last = [event async for event in events]
    assert last == SearchEnded("failed", search.ENDED)


async def test_a_server_without_ripgrep_says_what_to_install(searches: Search, monkeypatch: pytest.MonkeyPatch) -> None:
    nothing: Callable[[str], str | None] = lambda _: None  # noqa: E731 (typed, it is as short)
    monkeypatch.setattr(search, "find_program", nothing)
    with pytest.raises(ProgramMissing, match="apt-get install ripgrep"):
        await searches.find(MODEL, SearchQuery("torch"))


async def test_searches_leave_no_descriptor_behind(searches: Search) -> None:
    await paths(searches, "torch")
    before = sorted(os.listdir("/proc/self/fd"))
    for _ in range(5):
        await paths(searches, "torch")
    assert sorted(os.listdir("/proc/self/fd")) == before
