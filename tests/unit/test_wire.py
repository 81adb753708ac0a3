"""Messages as the page gets and sends them, and the page's types made from them."""

import types
from typing import Any

import pytest

from ide_server import wire
from ide_server.errors import InvalidRequest
from scripts.wire import TARGET, TypeScript


def test_the_pages_types_are_what_the_messages_say() -> None:
    assert TARGET.read_text() == TypeScript(wire).text(), "run scripts/fix"


def test_a_request_that_is_not_understood_says_what_was_expected_and_where() -> None:
    with pytest.raises(InvalidRequest, match=r"Expected `str`, got `int` - at `\$\.name`"):
        wire.decode(b'{"name": 1, "template": "x"}', wire.NewModel)
    with pytest.raises(InvalidRequest, match="unknown field `nmae`"):
        wire.decode(b'{"nmae": "x"}', wire.ModelChange)
    with pytest.raises(InvalidRequest, match="malformed"):
        wire.decode(b"{]", wire.NewModel)


@pytest.mark.parametrize(
    "data", [b'{"name": "\xff"}', b'{"parameters": {"x": ' + b"[" * 100_000], ids=["no UTF-8", "too deep"]
)
def test_what_is_no_json_at_all_is_a_request_that_is_not_understood(data: bytes) -> None:
    for kind in (wire.NewModel, wire.NewOperation):
        with pytest.raises(InvalidRequest):
            wire.decode(data, kind)


@pytest.mark.parametrize("message", [wire.Stdin("ls\n"), wire.SetSize(24, 80), wire.Acknowledge(1 << 40)])
def test_what_a_terminal_is_asked_reads_back(message: wire.TerminalRequest) -> None:
    kinds: Any = wire.TerminalRequest  # a union, which type[T] does not take
    assert wire.decode(wire.encode(message), kinds) == message


def test_arrays_begin_with_their_name_as_in_jupyters_terminals() -> None:
    assert wire.encode(wire.Sized(24, 80)) == b'["size",24,80]'


def test_each_shape_of_type_has_its_typescript() -> None:
    module = types.ModuleType("sample")
    exec(SAMPLE, module.__dict__)
    said = TypeScript(module, source=SAMPLE).text()
    assert said.partition("\n\n")[2] == EXPECTED


def test_a_type_that_typescript_cannot_say_is_refused() -> None:
    with pytest.raises(TypeError, match="expected a type that TypeScript can say, got"):
        TypeScript(wire).name(set[str])


SAMPLE = '''
from typing import Any, Literal, NewType
from ide_server.wire import Message, Request

SampleId = NewType("SampleId", str)
Kind = Literal["a", "b"]


class Said(Message, frozen=True, tag="said", tag_field="type"):
    """One that was said."""

    id: SampleId
    """None never."""
    kinds: list[Kind | None]
    extra: dict[str, Any] = {}


class Asked(Request, frozen=True):
    size: float
    kind: Kind = "a"


class Pair(Request, frozen=True, array_like=True, tag="pair"):
    left: int
    right: bool


Either = Said | Asked
'''
EXPECTED = """\
export type SampleId = string;

export type Kind = "a" | "b";

/** One that was said. */
export interface Said {
  readonly type: "said";
  /** null never. */
  readonly id: SampleId;
  readonly kinds: readonly (Kind | null)[];
  readonly extra: Readonly<Record<string, unknown>>;
}

export interface Asked {
  readonly size: number;
  readonly kind?: Kind;
}

export type Pair = readonly [type: "pair", left: number, right: boolean];

export type Either = Said | Asked;
"""
