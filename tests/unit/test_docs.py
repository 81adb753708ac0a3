"""What docs/ must list, it lists as it is."""

import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from ide_server import errors, replies
from ide_server.settings import Settings, flag

ROOT = Path(__file__).parents[2]


def test_every_setting_is_in_the_docs_with_its_default_and_help() -> None:
    rows = [setting_row(field) for field in dataclasses.fields(Settings)]
    assert table_rows("settings.md", first="`--") == rows


def setting_row(field: dataclasses.Field[object]) -> str:
    default = "" if field.default == "" else f"`{field.default}`"
    if field.name in ("data_dir", "run_dir"):
        default = "see below"
    return f"| `{flag(field.name)}` | {default} | {field.metadata['help']} |"


def test_every_error_code_is_in_the_docs_with_its_status() -> None:
    listed = {tuple(re.findall(r"`(\w+)` \| (\d+)", row)[0]) for row in table_rows("errors.md", first="`")}
    assert listed == {(kind.code, str(replies.status_of(kind("")).value)) for kind in error_kinds()}


def error_kinds() -> Iterator[type[errors.SlipwayError]]:
    pending = [errors.SlipwayError]
    while pending:
        kind = pending.pop()
        yield kind
        pending += kind.__subclasses__()


def table_rows(name: str, *, first: str) -> list[str]:
    lines = (ROOT / "docs" / name).read_text().splitlines()
    return [line for line in lines if line.startswith(f"| {first}")]


def pages() -> list[Path]:
    return [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\((?!\w+:|#)([^)#]+)", page.read_text())
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_the_version_is_one_and_the_changelog_has_it() -> None:
    from ide_server import __version__

    assert f'version = "{__version__}"' in (ROOT / "pyproject.toml").read_text()
    assert re.search(rf"^## {re.escape(__version__)}\b", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
