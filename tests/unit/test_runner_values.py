import struct
from typing import Any

import pytest

from tests.support.runner import code, parameters, state, tracker, values


class Array:
    """What the runner needs of an ndarray or a tensor."""

    def __init__(self, dtype: str, shape: tuple[int, ...], flat: list[Any]) -> None:
        self.dtype, self.shape, self._flat = dtype, shape, flat

    def __len__(self) -> int:
        return self.shape[0]

    def reshape(self, _: int) -> "Array":
        return Array(self.dtype, (len(self._flat),), self._flat)

    def __getitem__(self, taken: slice) -> "Array":
        return Array(self.dtype, self.shape, self._flat[taken])

    def tolist(self) -> Any:
        return self._flat if self.shape else self._flat[0]


class Picture:
    def _repr_png_(self) -> bytes:
        return b"drawn"


class Figure:
    def savefig(self, file: Any, format: str) -> None:
        file.write(f"figure as {format}".encode())


PNG = b"\x89PNG\r\n\x1a\n"


def simple(returned: Any) -> dict[str, list[tuple[Any, ...]]]:
    return {
        name: [(v.element_type, v.shape, v.elements if v.media is None else (v.media, v.media_format)) for v in found]
        for name, found in values.named_values(returned)
    }


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (3, [("i64", [], [3])]),
        (2.5, [("f64", [], [2.5])]),
        (True, [("boolean", [], [True])]),
        ("text", [("string", [], ["text"])]),
        (None, []),
        ([], [("f64", [0], [])]),
        ([[1, 2], [3, 4]], [("i64", [2, 2], [1, 2, 3, 4])]),
        ([1, 2.5], [("f64", [2], [1.0, 2.5])]),
        ((1, 2), [("i64", [2], [1, 2])]),
        ([float("nan"), float("inf"), -float("inf")], [("f64", [3], ["nan", "inf", "-inf"])]),
        (2**64 - 1, [("u64", [], [2**64 - 1])]),
        ([["a"], ["b"]], [("string", [2, 1], ["a", "b"])]),
        (Array("float32", (2, 1), [1.0, 2.0]), [("f32", [2, 1], [1.0, 2.0])]),
        (Array("torch.bfloat16", (1,), [1.0]), [("f32", [1], [1.0])]),
        (Array("uint8", (), [7]), [("u8", [], [7])]),
        (Array("<U5", (2,), ["a", "b"]), [("string", [2], ["a", "b"])]),
        ([Array("int8", (1,), [1]), Array("int8", (2,), [1, 2])], [("i8", [1], [1]), ("i8", [2], [1, 2])]),
        ([Array("float64", (), [1.5]), Array("float64", (), [2.5])], [("f64", [2], [1.5, 2.5])]),
        (b"plain", [("binary", [], (b"plain", ""))]),
        (PNG, [("image", [], (PNG, "png"))]),
        ([PNG, b"\xff\xd8\xff"], [("image", [], (PNG, "png")), ("image", [], (b"\xff\xd8\xff", "jpeg"))]),
        (b"RIFF\0\0\0\0WAVE", [("audio", [], (b"RIFF\0\0\0\0WAVE", "wav"))]),
        (struct.pack(">I", 24) + b"ftypisom", [("video", [], (struct.pack(">I", 24) + b"ftypisom", "mp4"))]),
        ({"data": b"x", "format": ".SVG"}, [("image", [], (b"x", "svg"))]),
        ({"data": b"x", "format": "abc", "type": "audio"}, [("audio", [], (b"x", "abc"))]),
        (Picture(), [("image", [], (b"drawn", "png"))]),
        (Figure(), [("image", [], (b"figure as png", "png"))]),
    ],
)
def test_what_code_returns_becomes_typed_values(data: Any, expected: Any) -> None:
    assert simple({"name": data}) == {"name": expected}


def test_outputs_are_a_mapping_a_list_of_names_or_one_bare_value() -> None:
    one: list[Any] = [("i64", [], [1])]
    assert simple({"a": 1, "b": 1}) == {"a": one, "b": one}
    assert simple([{"name": "a", "data": 1}, {"name": "b", "data": 1}]) == {"a": one, "b": one}
    assert simple(1) == {"output": one}
    assert simple(PNG) == {"output": [("image", [], (PNG, "png"))]}
    assert simple(None) == {}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([[1, 2], [3]], r"name\[1\]: expected 2 elements, as beside it, got 1"),
        ([[1, 2], 3], r"name\[1\]: expected a list of 2, as beside it, got int"),
        ([1, [2]], r"name\[1\]: .*, got list"),
        ([1, "a"], "name: expected elements of one type, got int and str"),
        ([1, True], "expected elements of one type, got bool and int"),
        ({"a": 1}, "name: expected numbers, text, .*, got dict"),
        ([object()], r"name\[0\]: .*, got object"),
        (Array, "got type"),
        (2**70, "expected integers of at most 64 bits"),
        ({"data": "x", "format": "png"}, "expected bytes as 'data' and text as 'format', got str and str"),
    ],
)
def test_what_cannot_be_shown_is_named(data: Any, message: str) -> None:
    with pytest.raises(values.InvalidOutput, match=message):
        values.named_values({"name": data})


def test_the_name_of_an_output_is_text() -> None:
    with pytest.raises(values.InvalidOutput, match="an output named 3"):
        values.named_values({3: 1})


def test_more_than_ten_thousand_elements_are_cut() -> None:
    for data in ([0] * 10_001, Array("int64", (10_001,), [0] * 10_001)):
        [(_, [value])] = values.named_values({"x": data})
        assert (value.shape, len(value.elements), value.truncated) == ([10_001], 10_000, True)


class Sent:
    def __init__(self) -> None:
        self.frames: list[tuple[Any, ...]] = []

    def send(self, header: dict[str, Any], *parts: bytes) -> None:
        self.frames.append((header, *map(bytes, parts)))


@pytest.mark.parametrize(
    ("made", "keys"),
    [
        (b"abc", {"": b"abc"}),
        ([b"a", bytearray(b"b"), memoryview(b"c")], {"": b"abc"}),
        ({"a": b"1", "b/c": [b"2", b"3"], "empty": b""}, {"a": b"1", "b/c": b"23", "empty": b""}),
    ],
)
def test_a_state_goes_as_keys_and_chunks(made: Any, keys: dict[str, bytes]) -> None:
    sent = Sent()
    state.send(made, "createModelState", sent)
    received: dict[str, bytes] = {}
    for header, chunk in sent.frames:
        received[header["key"]] = received.get(header["key"], b"") + chunk
    assert received == keys


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (None, "createModelState returned NoneType; expected bytes"),
        ("text", "createModelState returned str; expected bytes"),
        ({"a": 1}, "createModelState, key 'a', returned int"),
        ({1: b""}, "returned the key 1"),
        ({"": b""}, "returned the key ''"),
        ({"k" * 81: b""}, "expected text of 1 to 80 bytes"),
        ({str(number): b"" for number in range(101)}, "returned 101 keys; a state has at most 100"),
    ],
)
def test_what_is_no_state_is_named(made: Any, message: str) -> None:
    with pytest.raises(values.InvalidOutput, match=message):
        state.send(made, "createModelState", Sent())


def test_parameters_are_fetched_when_they_are_looked_at() -> None:
    fetched: list[int] = []

    def fetch(blob: int, _: int) -> bytes:
        fetched.append(blob)
        return [b"[1, 2]", b"\x89PNG", b'"nan"'][blob]

    described = {
        "list": {"type": "i64", "blob": 0, "byte_size": 6},
        "file": {"type": "image", "blob": 1, "byte_size": 4, "format": "png"},
        "nothing": {"type": "f64", "blob": 2, "byte_size": 5},
    }
    given = parameters.Parameters(described, fetch)
    assert (list(given), len(given), fetched) == (["list", "file", "nothing"], 3, [])
    assert (given["file"], given["file"].format) == (b"\x89PNG", "png")
    assert fetched == [1]
    assert given["nothing"] != given["nothing"]
    assert list(given["list"]) == [1, 2]
    assert fetched == [1, 2, 0]
    with pytest.raises(KeyError):
        given["other"]


def test_the_tracker_counts_steps_per_name_and_bounds_progress() -> None:
    sent: list[Any] = []
    watched = tracker.Tracker(sent.append, lambda callback: callback())
    watched.progress(7)
    watched.progress(float("nan"))
    watched.metrics([("loss", 1), ("accuracy", 0.5)])
    watched.metrics({"loss": float("inf")})
    watched.metrics({"loss": 3}, step=10)
    watched.metrics({"loss": 4})
    assert sent == [
        {"type": "progress", "fraction": 1.0},
        {"type": "progress", "fraction": 0.0},
        {"type": "metrics", "metrics": [["loss", 0, 1.0], ["accuracy", 0, 0.5]]},
        {"type": "metrics", "metrics": [["loss", 1, None]]},
        {"type": "metrics", "metrics": [["loss", 10, 3.0]]},
        {"type": "metrics", "metrics": [["loss", 11, 4.0]]},
    ]


def test_cancelling_calls_back_once_also_who_asks_late() -> None:
    called: list[str] = []
    watched = tracker.Tracker(lambda _: None, lambda callback: callback())
    watched.on_cancel(lambda: called.append("early"))
    assert not watched.cancelled
    watched.cancel()
    watched.cancel()
    watched.on_cancel(lambda: called.append("late"))
    assert watched.cancelled
    assert called == ["early", "late"]


def test_functions_get_as_many_arguments_as_they_take() -> None:
    assert code.accepted_arguments(lambda: None) == 0
    assert code.accepted_arguments(lambda params: None) == 1
    assert code.accepted_arguments(lambda params, tracker=None: None) == 2
    assert code.accepted_arguments(lambda *everything: None) is None
