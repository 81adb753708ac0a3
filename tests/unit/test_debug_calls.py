"""What is told of a debug session's calls."""

from ide_server.host.launchers.calls import MAX_TOLD_BYTES, told
from ide_server.wire import encode


def test_parameters_are_told_as_they_came_but_for_what_is_too_large() -> None:
    assert told({"x": 1, "long": "y" * MAX_TOLD_BYTES, "list": [1, None]}) == {"x": 1, "long": None, "list": [1, None]}


def test_however_many_parameters_come_little_is_told() -> None:
    many = {f"a rather long name {number}": "value" for number in range(100_000)}
    found = told(many)
    assert 0 < len(encode(found)) < 2 * MAX_TOLD_BYTES
    assert list(found) == list(many)[: len(found)]
