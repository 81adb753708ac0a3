import array
import base64
import math
import os
from pathlib import Path
from typing import Any

import pytest

from ide_server.errors import InvalidRequest
from ide_server.host.parameters import (
    MAX_FILE_BYTES,
    Argument,
    check_arguments,
    output_problem,
    parse_definitions,
    read_definitions,
)
from ide_server.wire import OutputValue, ParameterDefinition, ParameterDefinitions
from tests.support.runner import tensors as runner_tensors

WHOLE = """
# a comment
[[train]]
name = "rate"
types = ["f64"]
default = 0.5
minimum = 0
maximum = 1
display_name = "Learning rate"

[[evaluate_input]]
name = "x"
types = ["f64"]
shape = [-1, 2]

[[evaluate_output]]
name = "y"
types = ["f32", "f64"]
required = false
"""


def test_the_tables_of_the_file_become_definitions() -> None:
    assert parse_definitions(WHOLE) == ParameterDefinitions(
        train=[
            ParameterDefinition("rate", ["f64"], default=0.5, minimum=0, maximum=1, display_name="Learning rate"),
        ],
        evaluate_input=[ParameterDefinition("x", ["f64"], [-1, 2])],
        evaluate_output=[ParameterDefinition("y", ["f32", "f64"], required=False)],
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"x = {'9' * 5000}", "holds what Python cannot read"),
        (f"[[train]]\nname='a'\ntypes=['f64']\ndefault={'9' * 400}", "line 1, .*expected a number, got 9999"),
        (f"[[train]]\nname='a'\ntypes=['i64']\nchoices=[{'9' * 400}]", "line 1, .*expected an integer from"),
        ("[[train]]\nname = ", "line 2"),
        ("[[train]\n", "line 1"),
        ("train = 3", r"expected \[\[train\]\] tables, got train as int"),
        ("\n\n[[train]]\nname = 'a'", r"line 3, \[\[train\]\]: Object missing required field `types`"),
        ("[[train]]\nname='a'\ntypes=['f64']\n[[train]]\nname='b'\ntypes=['f65']", r"line 4, .*f65"),
        ("[[train]]\nname='a'\ntypes=['f64']\nlabel='x'", "unknown field label; expected name, types"),
        ("[[train]]\nname='a'\ntypes=[]", "expected a name and at least one type"),
        ("[[train]]\nname='a'\ntypes=['f64']\nshape=[-2]", r"expected a shape of lengths"),
        (
            "[[train]]\nname='a'\ntypes=['i8']\ndefault=300",
            "the default of 'a' does not fit: .* from -128 to 127, got 300",
        ),
        ("[[train]]\nname='a'\ntypes=['string']\nchoices=['x', 3]", "the choice of 'a' does not fit"),
        ("[[ train ]] # once\nname='a'\ntypes=['f64']\n[[train]]\nname='a'\ntypes=['f64']", "line 4, .*: a second"),
        ("[[train]]\nname='a'\ntypes=['f64']\nminimum=2\nmaximum=1", "minimum of at most the maximum, 1, got 2"),
    ],
)
def test_a_broken_file_is_refused_naming_the_line(text: str, message: str) -> None:
    with pytest.raises(InvalidRequest, match=message):
        parse_definitions(text)


def read_from(folder: Path) -> ParameterDefinitions:
    root = os.open(folder, os.O_PATH)
    try:
        return read_definitions(root)
    finally:
        os.close(root)


def test_no_file_means_no_definitions(tmp_path: Path) -> None:
    assert read_from(tmp_path) == ParameterDefinitions()


def test_a_file_that_is_no_plain_file_or_too_large_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "slipway.toml"
    file.symlink_to("/etc/passwd")
    with pytest.raises(InvalidRequest, match="Make it a plain file"):
        read_from(tmp_path)
    file.unlink()
    os.mkfifo(file)
    with pytest.raises(InvalidRequest, match="not a plain file"):
        read_from(tmp_path)
    file.unlink()
    file.write_bytes(b"#" * (MAX_FILE_BYTES + 1))
    with pytest.raises(InvalidRequest, match="expected at most"):
        read_from(tmp_path)
    file.write_bytes(b"a = 1\nb = '\xff'")
    with pytest.raises(InvalidRequest, match="line 2: expected UTF-8 text, got the byte 0xff"):
        read_from(tmp_path)


def definition(types: list[Any], shape: list[int] | None = None, **more: Any) -> ParameterDefinition:
    return ParameterDefinition("p", types, shape or [], **more)


PNG = {"format": "png", "base64": base64.b64encode(b"\x89PNG").decode()}


def read(argument: Argument) -> list[tuple[str, list[int], Any]]:
    """The values of an argument as a runner sees them, without numpy: type, shape, value."""
    assert isinstance(argument.values, bytes) and isinstance(argument.ends, bytes | None)
    size = argument.byte_size // max(1, argument.count)
    ends = [size * (number + 1) for number in range(argument.count)]
    if argument.ends is not None:
        ends = list(array.array("Q", argument.ends))
    starts = [0, *ends][: len(ends)]
    found = [runner_tensors.decode(argument.values[start:end]) for start, end in zip(starts, ends, strict=True)]
    return [(each.element_type, each.shape, runner_tensors.value_of(each)) for each in found]


def read_all(arguments: dict[str, Argument]) -> dict[str, tuple[str, list[int], Any]]:
    assert all(argument.single for argument in arguments.values())
    return {name: read(argument)[0] for name, argument in arguments.items()}


@pytest.mark.parametrize(
    ("defined", "value", "came"),
    [
        (definition(["f64"]), 3, ("f64", [], 3)),
        (definition(["f64"]), "-inf", ("f64", [], -math.inf)),
        (definition(["i64"]), 3.0, ("i64", [], 3)),
        (definition(["i64", "f64"]), 3.5, ("f64", [], 3.5)),
        (definition(["u64"]), 2**64 - 1, ("u64", [], 2**64 - 1)),
        (definition(["i8"], [-1]), [-128, 127], ("i8", [2], [-128, 127])),
        (definition(["u8"], [-1]), [0, 255], ("u8", [2], [0, 255])),
        (definition(["i16"]), -(2**15), ("i16", [], -(2**15))),
        (definition(["u16"]), 2**16 - 1, ("u16", [], 2**16 - 1)),
        (definition(["i32"]), -(2**31), ("i32", [], -(2**31))),
        (definition(["u32"]), 2**32 - 1, ("u32", [], 2**32 - 1)),
        (definition(["f32"], [2, 2]), [[1, 2], [3, 4]], ("f32", [2, 2], [[1, 2], [3, 4]])),
        (definition(["f32"], [-1, 2]), [], ("f32", [0, 2], [])),
        (definition(["string"]), "text", ("string", [], "text")),
        (definition(["string"], [-1, 1]), [["ä"], ["€"]], ("string", [2, 1], [["ä"], ["€"]])),
        (definition(["boolean"]), True, ("boolean", [], True)),
        (definition(["boolean"], [2]), [True, False], ("boolean", [2], [True, False])),
        (definition(["image"]), PNG, ("image", [], b"\x89PNG")),
        (definition(["audio"]), PNG, ("audio", [], b"\x89PNG")),
        (definition(["video"]), PNG, ("video", [], b"\x89PNG")),
        (definition(["binary"], [-1]), [PNG, PNG], ("binary", [2], [b"\x89PNG", b"\x89PNG"])),
        (definition(["image", "string"]), "a", ("string", [], "a")),
    ],
)
def test_values_that_fit(defined: ParameterDefinition, value: Any, came: tuple[str, list[int], Any]) -> None:
    assert read_all(check_arguments([defined], {"p": value})) == {"p": came}


def test_a_file_keeps_its_format() -> None:
    [(_, _, picture)] = read(check_arguments([definition(["image"])], {"p": PNG})["p"])
    assert picture.format == "png"


def test_many_values_are_one_parameter() -> None:
    equal = check_arguments([definition(["i64"])], {"p": {"values": [1, 2, 3]}})["p"]
    assert (equal.count, equal.single, equal.ends) == (3, False, None)
    assert read(equal) == [("i64", [], 1), ("i64", [], 2), ("i64", [], 3)]
    unequal = check_arguments([definition(["string"], [-1])], {"p": {"values": [["a"], [], ["b" * 100]]}})["p"]
    assert [value for _, _, value in read(unequal)] == [["a"], [], ["b" * 100]]
    assert check_arguments([], {"p": {"values": []}})["p"].count == 0
    with pytest.raises(InvalidRequest, match="p: value 1: expected a number"):
        check_arguments([definition(["f64"])], {"p": {"values": [1, "x"]}})


@pytest.mark.parametrize(
    ("defined", "value", "message"),
    [
        (definition(["f64"]), "three", 'p: expected a number, got "three"'),
        (definition(["f64"]), True, "expected a number, got true"),
        (definition(["f64"]), [1.0], "expected a single value, got a list of 1"),
        (definition(["f64"], [2]), [1.0], "expected a list of 2, got one of 1"),
        (definition(["f64"], [-1, 2]), [[1, 2], 3], "expected a list, got 3"),
        (definition(["u8"]), 256, "expected an integer from 0 to 255, got 256"),
        (definition(["i64"]), 1.5, "expected an integer"),
        (definition(["boolean"]), 1, "expected true or false, got 1"),
        (definition(["string"]), 1, "expected text, got 1"),
        (definition(["string"], choices=["a", "b"]), "c", 'expected one of "a", "b", got "c"'),
        (definition(["f64"], minimum=0), -1, "expected at least 0, got -1"),
        (definition(["f64"], [-1], maximum=5), [1, 6], "expected at most 5, got 6"),
        (definition(["image"]), {"format": "png", "base64": "!"}, "expected image as"),
        (definition(["image"]), "no", "expected image as"),
        (definition(["f64"], [-1, -1]), [[1], [1, 2]], "expected lists of equally long lists"),
        (definition(["f64"]), None, "p: missing"),
    ],
)
def test_values_that_do_not_fit_are_named(defined: ParameterDefinition, value: Any, message: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        check_arguments([defined], {"p": value})
    assert message in refused.value.message


def test_every_problem_is_named_at_once() -> None:
    with pytest.raises(InvalidRequest) as refused:
        check_arguments([definition(["f64"])], {"q": 1, "r": 2})
    assert refused.value.details["problems"] == ["q: no such parameter", "r: no such parameter", "p: missing"]


def test_defaults_fill_in_and_optional_ones_stay_away() -> None:
    definitions = [
        ParameterDefinition("a", ["i64"], default=5),
        ParameterDefinition("b", ["i64"], required=False),
    ]
    assert read_all(check_arguments(definitions, {})) == {"a": ("i64", [], 5)}


def test_without_definitions_types_are_guessed() -> None:
    values = {"i": 1, "f": [[1, 2.5]], "s": ["a"], "b": False, "m": PNG}
    assert read_all(check_arguments([], values)) == {
        "i": ("i64", [], 1),
        "f": ("f64", [1, 2], [[1, 2.5]]),
        "s": ("string", [1], ["a"]),
        "b": ("boolean", [], False),
        "m": ("binary", [], b"\x89PNG"),
    }
    with pytest.raises(InvalidRequest, match="x: expected lists of equally long lists"):
        check_arguments([], {"x": [[1], [1, 2]]})
    with pytest.raises(InvalidRequest, match="x: expected numbers, text or true and false"):
        check_arguments([], {"x": {"a": 1}})


@pytest.mark.parametrize(
    ("value", "defined", "problem"),
    [
        (OutputValue("i64", [2], [1, 2], []), definition(["f32"], [-1]), None),
        (OutputValue("f64", [], [3.0], []), definition(["u8"]), None),
        (OutputValue("f64", [], [3.5], []), definition(["u8"]), "expected u8, got f64"),
        (OutputValue("i64", [1], [300], []), definition(["u8"], [1]), "expected u8, got i64"),
        (OutputValue("string", [], ["a"], []), definition(["f64", "image"]), "expected f64 or image, got string"),
        (OutputValue("f64", [3], [1, 2, 3], []), definition(["f64"], [2]), "expected the shape [2], got [3]"),
        (OutputValue("image", [], [], []), definition(["image"]), None),
    ],
)
def test_outputs_are_held_against_their_definitions(
    value: OutputValue, defined: ParameterDefinition, problem: str | None
) -> None:
    assert output_problem([value], defined) == problem
