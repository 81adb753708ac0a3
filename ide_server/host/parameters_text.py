"""The text of slipway.toml with other definitions in it: all else that it says, comments too, stays as it was written.

The file is cut into blocks at its table headers, a comment right above a header going with it. Blocks of definitions
that did not change stay as they are, letter by letter; tomlkit changes the others field by field.
"""

import re
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import tomlkit
from tomlkit.items import AoT, Table

from ide_server.errors import InvalidRequest
from ide_server.host.parameters import FILE, parse_definitions
from ide_server.wire import ParameterDefinition, ParameterDefinitions

KINDS = ParameterDefinitions.__struct_fields__
FIELDS = (
    "name", "types", "shape", "required", "display_name", "description", "default", "choices", "minimum", "maximum",
)  # fmt: skip
"""In the order in which a new table has them."""

_HEADER = re.compile(r"""[ \t]*\[\[?[ \t]*([A-Za-z0-9_"'-][^\[\]]*?)[ \t]*\]\]?[ \t]*(?:\#.*)?""")
_UNSET = ParameterDefinition("", [])


def with_definitions(text: str, wanted: ParameterDefinitions) -> str:
    """Raises InvalidRequest where the text is broken."""
    present = parse_definitions(text)
    edited = _with_blocks(text, present, wanted)
    return edited if _means(edited, wanted, like=text) else _with_tables(text, wanted)


def _means(text: str, wanted: ParameterDefinitions, *, like: str) -> bool:
    """Whether it says what is wanted, and all else as before: a header may have been found in what is none."""
    try:
        return _all_same(parse_definitions(text), wanted) and _others(text) == _others(like)
    except InvalidRequest:
        return False


def _others(text: str) -> dict[str, Any]:
    return {key: value for key, value in tomllib.loads(text).items() if key not in KINDS}


# --- block by block ---


@dataclass(frozen=True)
class Block:
    kind: str | None
    text: str
    """To the end of its last line that holds something."""
    gap: str
    """The empty lines after it, which stay where they are when blocks change places."""


def _with_blocks(text: str, present: ParameterDefinitions, wanted: ParameterDefinitions) -> str:
    blocks = blocks_of(text)
    for kind in KINDS:
        own = [block for block in blocks if block.kind == kind]
        rows: list[ParameterDefinition] = getattr(present, kind)
        if len(own) == len(rows):
            texts = [*_texts(kind, own, rows, getattr(wanted, kind))]
            blocks = _placed(blocks, kind, texts)
    return "".join(block.text + block.gap for block in blocks)


def blocks_of(text: str) -> list[Block]:
    """What precedes the first table is a block as well."""
    pieces: list[tuple[str | None, list[str]]] = [(None, [])]
    for line in text.splitlines(keepends=True):
        found = _HEADER.fullmatch(line.rstrip("\r\n"))
        kind, above = pieces[-1]
        if found is not None and not (kind is not None and found[1].startswith(f"{kind}.")):
            pieces.append((found[1] if found[1] in KINDS else None, _taken_comments(above)))
        pieces[-1][1].append(line)
    return [_block(kind, "".join(lines)) for kind, lines in pieces if lines]


def _taken_comments(lines: list[str]) -> list[str]:
    """Those at the end, right above what follows."""
    start = len(lines)
    while start > 0 and lines[start - 1].lstrip().startswith("#"):
        start -= 1
    taken = lines[start:]
    del lines[start:]
    return taken


def _block(kind: str | None, text: str) -> Block:
    held = text.rstrip()
    first_gap = text[len(held) :].partition("\n")
    return Block(kind, f"{held}{first_gap[0]}\n" if held else "", first_gap[2] if held else text)


def _texts(
    kind: str, own: Sequence[Block], rows: Sequence[ParameterDefinition], wanted: Sequence[ParameterDefinition]
) -> Iterable[str]:
    by_row = dict(zip((row.name for row in rows), own, strict=True))
    for definition, row in zip(wanted, _origins(rows, wanted), strict=True):
        if row is None:
            yield _new_text(kind, definition)
        elif _same_definition(row, definition):
            yield by_row[row.name].text
        else:
            yield _changed_text(kind, by_row[row.name].text, row, definition)


def _origins(
    rows: Sequence[ParameterDefinition], wanted: Sequence[ParameterDefinition]
) -> list[ParameterDefinition | None]:
    """What each was before: by its name, or, under a name that is new, the one that stood there and has gone."""
    before = {row.name: row for row in rows}
    names = {definition.name for definition in wanted}
    return [
        before.get(definition.name) or (rows[index] if index < len(rows) and rows[index].name not in names else None)
        for index, definition in enumerate(wanted)
    ]


def _placed(blocks: list[Block], kind: str, texts: list[str]) -> list[Block]:
    """In the places of those there were; more of them follow the last, or stand at the end of the file."""
    rest = iter(texts)
    placed: list[Block] = []
    last = max((index for index, block in enumerate(blocks) if block.kind == kind), default=len(blocks) - 1)
    for index, block in enumerate(blocks):
        if block.kind != kind:
            placed.append(block)
        elif (text := next(rest, None)) is not None:
            placed.append(replace(block, text=text))
        if index == last:
            placed = _followed(placed, kind, [*rest])
    return placed if blocks else _followed([], kind, texts)


def _followed(blocks: list[Block], kind: str, texts: list[str]) -> list[Block]:
    if not texts:
        return blocks
    gap = blocks[-1].gap if blocks else ""
    apart = [*blocks[:-1], replace(blocks[-1], gap=gap or "\n")] if blocks else []
    added = [Block(kind, text, gap or "\n") for text in texts]
    return [*apart, *added[:-1], replace(added[-1], gap=gap)]


# --- one table ---


def _new_text(kind: str, definition: ParameterDefinition) -> str:
    table = tomlkit.table()
    _set_fields(table, _UNSET, definition)
    return _dumped(kind, [table])


def _changed_text(kind: str, text: str, before: ParameterDefinition, after: ParameterDefinition) -> str:
    document = tomlkit.parse(text)
    tables = document[kind]
    assert isinstance(tables, AoT)
    _set_fields(tables[0], before, after)
    return document.as_string().rstrip() + "\n"


def _set_fields(table: Table, before: ParameterDefinition, after: ParameterDefinition) -> None:
    for field in FIELDS:
        value = getattr(after, field)
        if _same(getattr(before, field), value):
            continue
        if field in table and _same(value, getattr(_UNSET, field)):
            table.remove(field)
        elif field in table:
            table[field] = _plain(value)
        elif not _same(value, getattr(_UNSET, field)):
            table.append(field, _plain(value))


def _plain(value: Any) -> Any:
    """3.0 as 3: limits are floats, whatever was written."""
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 1e15 else value


def _dumped(kind: str, tables: list[Table]) -> str:
    document = tomlkit.document()
    rows = tomlkit.aot()
    for table in tables:
        rows.append(table)
    document.append(kind, rows)
    return document.as_string().rstrip() + "\n"


# --- all tables anew, where headers cannot be told from what only looks like them, or rows stand inline ---


def _with_tables(text: str, wanted: ParameterDefinitions) -> str:
    document = tomlkit.parse(text)
    for kind in KINDS:
        if kind in document:
            document.remove(kind)
    added = [_new_text(kind, definition) for kind in KINDS for definition in getattr(wanted, kind)]
    kept = document.as_string().rstrip()
    rewritten = "\n".join([f"{kept}\n", *added] if kept else added)
    if not _means(rewritten, wanted, like=text):
        raise InvalidRequest(f"{FILE} is written in a way that cannot be changed from here. Open it and edit its text.")
    return rewritten


# --- what is the same ---


def _all_same(some: ParameterDefinitions, others: ParameterDefinitions) -> bool:
    def is_same(kind: str) -> bool:
        ours, theirs = getattr(some, kind), getattr(others, kind)
        return len(ours) == len(theirs) and all(map(_same_definition, ours, theirs))

    return all(map(is_same, KINDS))


def _same_definition(one: ParameterDefinition, other: ParameterDefinition) -> bool:
    return all(_same(getattr(one, field), getattr(other, field)) for field in FIELDS)


def _same(one: Any, other: Any) -> bool:
    """As JSON has it: 1 and 1.0 are one number, but 1 is not true."""
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return isinstance(one, bool) is isinstance(other, bool) and bool(one == other)
