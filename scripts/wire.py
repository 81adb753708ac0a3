"""Writes frontend/src/wire.ts, the page's types, from ide_server/wire. With --check it only compares."""

import argparse
import ast
import inspect
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType, NoneType, UnionType
from typing import Any, Literal, NewType, Union, get_args, get_origin

import msgspec

from ide_server import wire

TARGET = Path(__file__).parents[1] / "frontend/src/wire.ts"
HEADER = "// Generated from ide_server/wire by scripts/wire.py; edit that and run scripts/fix.\n"
PRIMITIVES: Mapping[Any, str] = {
    str: "string",
    bool: "boolean",
    int: "number",
    float: "number",
    NoneType: "null",
    Any: "unknown",
}

Notes = Mapping[tuple[str, str], str]
"""The string below a field, by class and field name."""


class TypeScript:
    """Renders what a module or a package defines: string ids, unions of literals, structs and unions of structs."""

    def __init__(self, module: ModuleType, *, source: str | None = None) -> None:
        self.module = module
        self.notes = field_notes(source or source_of(module))
        self.aliases = {value: name for name, value in vars(module).items() if is_alias(value)}

    def text(self) -> str:
        return "\n".join([HEADER, *self.declarations()])

    def declarations(self) -> Iterator[str]:
        for name, value in vars(self.module).items():
            if is_alias(value):
                yield f"export type {name} = {self.alias(value)};\n"
            elif is_struct(value) and is_within(value.__module__, self.module) and value.__struct_fields__:
                yield comment(value.__doc__, indent="") + self.struct(value)

    def alias(self, value: Any) -> str:
        if isinstance(value, NewType):
            return self.name(value.__supertype__)
        return self.union(value)

    def struct(self, kind: type[msgspec.Struct]) -> str:
        if kind.__struct_config__.array_like:
            members = [f'type: "{kind.__struct_config__.tag}"', *self.members(kind)]
            return f"export type {kind.__name__} = readonly [{', '.join(members)}];\n"
        tag = kind.__struct_config__.tag
        lines = [f'  readonly {kind.__struct_config__.tag_field}: "{tag}";\n'] if tag else []
        for field, member in zip(msgspec.structs.fields(kind), self.members(kind), strict=True):
            note = comment(self.notes.get((kind.__name__, field.name)), indent="  ")
            lines.append(f"{note}  readonly {member};\n")
        return f"export interface {kind.__name__} {{\n{''.join(lines)}}}\n"

    def members(self, kind: type[msgspec.Struct]) -> Iterator[str]:
        """The server always sends every field; the page may leave out those with a default."""
        asked = issubclass(kind, wire.Request)
        for field in msgspec.structs.fields(kind):
            optional = "?" if asked and not field.required else ""
            yield f"{field.encode_name}{optional}: {self.name(field.type)}"

    def name(self, kind: Any) -> str:
        if kind in PRIMITIVES:
            return PRIMITIVES[kind]
        if kind in self.aliases:
            return self.aliases[kind]
        if is_struct(kind):
            return str(kind.__name__)
        return self.composite(kind)

    def composite(self, kind: Any) -> str:
        arguments = get_args(kind)
        if get_origin(kind) is list:
            element = self.name(arguments[0])
            return f"readonly ({element})[]" if " " in element else f"readonly {element}[]"
        if get_origin(kind) is dict and arguments[0] is str:
            return f"Readonly<Record<string, {self.name(arguments[1])}>>"
        if is_union(kind) or get_origin(kind) is Literal:
            return self.union(kind)
        raise TypeError(f"expected a type that TypeScript can say, got {kind!r}")

    def union(self, kind: Any) -> str:
        quoted = get_origin(kind) is Literal
        return " | ".join(f'"{value}"' if quoted else self.name(value) for value in get_args(kind))


def is_within(name: str, module: ModuleType) -> bool:
    return f"{name}.".startswith(f"{module.__name__}.")


def source_of(module: ModuleType) -> str:
    """Of a package, that of all its modules."""
    parts = [part for name, part in sys.modules.items() if is_within(name, module)]
    return "\n".join(inspect.getsource(part) for part in parts)


def is_struct(value: Any) -> bool:
    return isinstance(value, type) and issubclass(value, msgspec.Struct)


def is_union(value: Any) -> bool:
    return isinstance(value, UnionType) or get_origin(value) is Union


def is_alias(value: Any) -> bool:
    return isinstance(value, NewType) or get_origin(value) is Literal or is_union(value)


def field_notes(source: str) -> Notes:
    notes: dict[tuple[str, str], str] = {}
    for kind in ast.walk(ast.parse(source)):
        if isinstance(kind, ast.ClassDef):
            notes |= {(kind.name, name): note for name, note in notes_of(kind)}
    return notes


def notes_of(kind: ast.ClassDef) -> Iterator[tuple[str, str]]:
    for field, below in zip(kind.body, kind.body[1:], strict=False):
        match field, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(note))):
                yield name, note


def comment(note: str | None, *, indent: str) -> str:
    """Python's None is null on the page."""
    if not note:
        return ""
    text = re.sub(r"\bNone\b", "null", " ".join(note.split()))
    return f"{indent}/** {text} */\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail when the file is not what would be written")
    text = TypeScript(wire).text()
    if not parser.parse_args().check:
        TARGET.parent.mkdir(parents=True, exist_ok=True)
        TARGET.write_text(text)
    elif not TARGET.exists() or TARGET.read_text() != text:
        print(f"{TARGET.name} is not what ide_server/wire says; run scripts/fix.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
