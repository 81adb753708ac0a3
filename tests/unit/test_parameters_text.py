"""Definitions written into slipway.toml: what did not change stays letter by letter."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ide_server.errors import InvalidRequest
from ide_server.host.parameters import definitions_of, parse_definitions
from ide_server.host.parameters_text import with_definitions
from ide_server.wire import ParameterDefinition, ParameterDefinitions

TEXT = """\
# How this model is asked.

# about the rate
[[train]]  # a header
name = "rate" # a name
types = ["f64"]
minimum = 0     # no less
default = 0.5

# about the epochs
[[train]]
name = "epochs"
types = [
  "i64", # whole ones
]

[tool.mine]
a = [
  [1, 2],
]

# the only input
[[evaluate_input]]
name = "x"
types = ["f64"]
"""
PRESENT = parse_definitions(TEXT)
RATE, EPOCHS = PRESENT.train


def changed(definitions: Any, **change: Any) -> Any:
    return msgspec.structs.replace(definitions, **change)


def lines_of(text: str) -> tuple[list[str], list[str]]:
    """What is gone of TEXT, and what has come."""
    before, after = TEXT.splitlines(), text.splitlines()
    return [line for line in before if line not in after], [line for line in after if line not in before]


def test_the_same_definitions_leave_the_text_as_it_is() -> None:
    assert with_definitions(TEXT, PRESENT) == TEXT


def test_a_field_is_changed_in_its_line_and_others_are_added_and_removed() -> None:
    rate = changed(RATE, minimum=0.1, maximum=1.0, default=None, description="How fast")
    text = with_definitions(TEXT, changed(PRESENT, train=[rate, EPOCHS]))
    gone, come = lines_of(text)
    assert gone == ["minimum = 0     # no less", "default = 0.5"]
    assert come == ["minimum = 0.1     # no less", 'description = "How fast"', "maximum = 1"]


def test_tables_change_places_with_the_comments_above_them() -> None:
    text = with_definitions(TEXT, changed(PRESENT, train=[EPOCHS, RATE]))
    assert lines_of(text) == ([], [])
    heads = ["# about the epochs", 'name = "epochs"', "# about the rate", 'name = "rate"', "[tool.mine]"]
    assert sorted(heads, key=text.index) == heads


def test_a_table_that_is_removed_takes_its_own_comment_only() -> None:
    gone, come = lines_of(with_definitions(TEXT, changed(PRESENT, train=[EPOCHS])))
    assert (gone[0], len(gone), come) == ("# about the rate", 5, [])


def test_a_new_table_follows_those_of_its_kind_and_a_renamed_one_stays_where_it_is() -> None:
    new = ParameterDefinition("mode", ["string"], choices=["a", "b"], default="a", required=False)
    text = with_definitions(TEXT, changed(PRESENT, train=[changed(RATE, name="speed"), EPOCHS, new]))
    gone, come = lines_of(text)
    assert gone == ['name = "rate" # a name']
    assert come[:2] == ['name = "speed" # a name', 'name = "mode"']
    assert text.index('name = "mode"') < text.index("[tool.mine]")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# nothing but this",
        "a = 1",
        "train = [{name = 'inline', types = ['f64']}]\nb = 2\n",
        "[other]\ntext = '''\n[[train]]\n'''\n",
        "[[train]]\nname = 'p'\ntypes = ['binary']\n[train.default]\nformat = ''\nbase64 = ''\n",
        "[[train]]\r\nname = 'p'\r\ntypes = ['f64']\r\n\r\n[x]\r\ny = 1\r\n",
        "[[train]]\nname = 'a'\ntypes = ['f64']\n[x]\n[[train]]\nname = 'b'\ntypes = ['f64']",
    ],
)
def test_definitions_are_written_into_whatever_there_is(text: str) -> None:
    for wanted in (PRESENT, changed(PRESENT, train=[EPOCHS]), ParameterDefinitions()):
        assert parse_definitions(with_definitions(text, wanted)) == wanted


names = st.text(min_size=1, max_size=8)
rows = st.builds(
    ParameterDefinition,
    name=names,
    types=st.just(["string"]),
    required=st.booleans(),
    description=st.text(max_size=20),
    default=st.none() | st.text(max_size=5),
)
lists = st.lists(rows, max_size=4, unique_by=lambda row: row.name)
definitions = st.builds(ParameterDefinitions, train=lists, evaluate_input=lists, evaluate_output=lists)


@given(definitions, definitions)
def test_any_definitions_can_replace_any_others(first: ParameterDefinitions, second: ParameterDefinitions) -> None:
    written = with_definitions(TEXT, first)
    assert parse_definitions(written) == first
    assert parse_definitions(with_definitions(written, second)) == second


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ([], r"Expected definitions under create_state, .*, got \[\]"),
        ({"tain": []}, "got tain"),
        ({"train": {}}, "Expected train to be a list of definitions"),
        ({"train": [{"name": "a", "types": ["f64"], "min": 3}]}, "train, parameter 1: unknown field min"),
        ({"train": [{"name": "a", "types": ["f64"]}] * 2}, "train, parameter 2: a second one named 'a'"),
        ({"train": [{"name": "a", "types": ["string"], "choices": [None]}]}, "choices that are values, got null"),
        ({"train": [{"name": "a", "types": ["i8"], "default": 300}]}, "the default of 'a' does not fit"),
    ],
)
def test_a_message_that_does_not_fit_is_refused_naming_the_place(message: Any, expected: str) -> None:
    with pytest.raises(InvalidRequest, match=expected):
        definitions_of(message)


def test_a_broken_file_is_not_written_into() -> None:
    with pytest.raises(InvalidRequest, match="line 1"):
        with_definitions("[[train]\n", PRESENT)
