import asyncio
import random
import struct
import sys
from pathlib import Path
from typing import Any

import pytest

from ide_server.host.parameters import argument_of_values
from ide_server.host.tensors import encode_files, encode_nested
from tests.support.runner import code, loaders, packed, parameters, state, tensors, tracker, values


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
    return {name: [described(tensor) for tensor in found] for name, found in values.named_values(returned)}


def described(tensor: Any) -> tuple[Any, ...]:
    if tensor.element_type in tensors.MEDIA:
        [file] = tensors.files_of(tensor)
        return tensor.element_type, tensor.shape, (bytes(file), file.format)
    is_text = tensor.element_type == "string"
    elements = tensors.texts_of(tensor) if is_text else tensors.numbers_of(tensor)
    return tensor.element_type, tensor.shape, [str(each) if each != each else each for each in elements]


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
        ([float("nan"), float("inf"), -float("inf")], [("f64", [3], ["nan", float("inf"), -float("inf")])]),
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
        ({"data": b"x", "format": "a picture"}, "expected a format like 'png', got 'a picture'"),
        ({"data": b"x", "format": "png", "type": "f64"}, "expected one of image, .*, got 'f64'"),
    ],
)
def test_what_cannot_be_shown_is_named(data: Any, message: str) -> None:
    with pytest.raises(values.InvalidOutput, match=message):
        values.named_values({"name": data})


def test_the_name_of_an_output_is_text() -> None:
    with pytest.raises(values.InvalidOutput, match="an output named 3"):
        values.named_values({3: 1})


class TorchWithoutNumpy(Array):
    def reshape(self, _: int) -> "TorchWithoutNumpy":
        return TorchWithoutNumpy(self.dtype, (len(self._flat),), self._flat)

    def numpy(self) -> Any:
        raise RuntimeError("Numpy is not available")


def test_a_tensor_of_torch_needs_no_numpy() -> None:
    assert simple({"x": TorchWithoutNumpy("torch.int64", (2, 3), [1, 2, 3, 4, 5, 6])}) == {
        "x": [("i64", [2, 3], [1, 2, 3, 4, 5, 6])]
    }


def test_all_elements_of_an_array_go_however_many() -> None:
    for data in ([0] * 200_001, Array("int64", (200_001,), [0] * 200_001)):
        [(_, [value])] = values.named_values({"x": data})
        assert (value.shape, value.byte_size) == ([200_001], 8 * 200_001)


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


class Held:
    """Blobs of a host."""

    def __init__(self, *held: bytes) -> None:
        self.held = held
        self.fetched: list[tuple[int, int]] = []

    def read_into(self, blob: int, start: int, view: memoryview) -> None:
        self.fetched.append((blob, len(view)))
        view[:] = self.held[blob][start : start + len(view)]


def given(*encoded: bytes, blob: int = 0, single: bool = False) -> tuple[dict[str, Any], bytes, bytes]:
    """How the host describes such values, its bytes of them and of where they end."""
    argument = argument_of_values(encoded, single=single)
    assert isinstance(argument.values, bytes) and isinstance(argument.ends, bytes | None)
    ends = None if argument.ends is None else blob + 1
    header = {"count": argument.count, "byte_size": argument.byte_size, "blob": blob, "ends": ends, "single": single}
    header["cast"] = None
    return header, argument.values, argument.ends or b""


def loader_of(*encoded: bytes) -> tuple[Any, Held]:
    header, data, ends = given(*encoded)
    held = Held(data, ends)
    return loaders.DataLoader(header, loaders.Blobs(held.read_into), parameters.plain_value), held


def numbers(count: int) -> list[bytes]:
    return [encode_nested("i64", [], number) for number in range(count)]


def texts(count: int) -> list[bytes]:
    return [encode_nested("string", [], "x" * number) for number in range(count)]


def test_parameters_are_fetched_when_they_are_looked_at() -> None:
    held = {
        "l": encode_nested("i64", [2], [1, 2]),
        "f": encode_files("image", [], [("png", b"\x89PNG")]),
        "n": encode_nested("f64", [], "nan"),
    }
    described = {name: given(data, blob=blob, single=True)[0] for blob, (name, data) in enumerate(held.items())}
    read = Held(*held.values())
    found = parameters.Parameters(described, loaders.Blobs(read.read_into))
    assert (list(found), len(found), read.fetched) == (["l", "f", "n"], 3, [])
    assert (found["f"], found["f"].format) == (b"\x89PNG", "png")
    assert [blob for blob, _ in read.fetched] == [1]
    assert found["n"] != found["n"]
    assert list(found["l"]) == [1, 2]
    assert [blob for blob, _ in read.fetched] == [1, 2, 0]
    with pytest.raises(KeyError):
        found["other"]


def test_a_loader_reads_in_portions_from_where_it_stands() -> None:
    loader, held = loader_of(*numbers(10))
    assert (loader.size(), loader.remaining(), loader.position(), held.fetched) == (10, 10, 0, [])
    assert loader.next(3) == [0, 1, 2]
    assert len(held.fetched) == 1
    assert (loader.has_next(7), loader.has_next(8), loader.remaining()) == (True, False, 7)
    loader.set_position(8)
    assert loader.next(5) == [8, 9]
    assert (loader.next(), loader.has_next()) == ([], False)
    with pytest.raises(ValueError, match="expected a position of at most 10"):
        loader.set_position(11)


@pytest.mark.parametrize("encoded", [numbers(7), texts(7)], ids=["equally long", "of any length"])
def test_a_loader_is_a_sequence(encoded: list[bytes]) -> None:
    loader, _ = loader_of(*encoded)
    whole = [tensors.value_of(tensors.decode(each)) for each in encoded]
    assert (len(loader), list(loader)) == (7, whole)
    assert (loader[0], loader[-1], loader[1:6:2], loader[::-1]) == (whole[0], whole[6], whole[1:6:2], whole[::-1])
    assert whole[3] in loader
    with pytest.raises(IndexError):
        loader[7]


def test_a_loader_of_many_ends_reads_them_by_the_page() -> None:
    loader, held = loader_of(*texts(3), *[encode_nested("string", [], "y" * (n % 3)) for n in range(20_000)])
    assert (loader[19_999], loader[20_002]) == ("y" * (19_996 % 3), "y" * (19_999 % 3))
    assert sum(size for blob, size in held.fetched if blob == 1) <= 2 * 8 * loaders.PAGE_ENDS


def test_shuffling_keeps_groups_together_and_every_value() -> None:
    (first, _), (second, _) = loader_of(*numbers(100)), loader_of(*numbers(100))
    first.shuffle_in_group([second])
    shuffled = list(first)
    assert shuffled != list(range(100))
    assert sorted(shuffled) == list(range(100))
    assert shuffled == list(second) == first.next(100)
    second.shuffle()
    assert list(second) != shuffled
    with pytest.raises(ValueError, match="loaders of 100 values each, got one of 3"):
        first.shuffle_in_group([loader_of(*numbers(3))[0]])


def test_what_is_next_may_be_awaited() -> None:
    async def read() -> Any:
        return await loader_of(*numbers(3))[0].next(2)

    assert asyncio.run(read()) == [0, 1]


def test_a_large_file_is_read_as_far_as_it_is_looked_at() -> None:
    content = random.Random(1).randbytes(5 << 20)
    header, data, _ = given(encode_files("binary", [], [("", content)]), single=True)
    held = Held(data)
    found = parameters.Parameters({"x": header}, loaders.Blobs(held.read_into))
    with found.open("x") as file:
        assert file.read(10) == content[:10]
        assert file.seek(-10, 2) == len(content) - 10
        assert file.read() == content[-10:]
        assert file.read(1) == b""
    assert sum(size for _, size in held.fetched) < 2 << 20


def test_once_a_function_has_returned_its_data_is_out_of_reach() -> None:
    header, data, _ = given(*numbers(3))
    blobs = loaders.Blobs(Held(data).read_into)
    loader = loaders.DataLoader(header, blobs, parameters.plain_value)
    assert loader[0] == 0
    blobs.close()
    with pytest.raises(RuntimeError, match="until the function"):
        loader[1]


@pytest.mark.parametrize(
    "tensor",
    [
        *(tensors.of_numbers(kind, [2, 1], [1, 0]) for kind in tensors.ARRAY_CODES),
        tensors.of_texts([2], ["", "ä" * 300]),
        tensors.of_files("binary", [2], [(b"", ""), (b"x" * 70_000, "")]),
        tensors.of_files("image", [], [(b"x", "png")]),
        tensors.of_files("audio", [1], [(b"x", "wav")]),
        tensors.of_files("video", [], [(b"x", "webm")]),
        tensors.of_files("image", [], [(b"x", "webp")]),
        tensors.of_numbers("f64", [0, 3], []),
    ],
    ids=lambda tensor: f"{tensor.element_type} {tensor.shape}",
)
def test_values_go_through_the_packages_bytes_and_back(tensor: Any) -> None:
    back = packed.unpack(packed.pack(tensor))
    assert (back.element_type, back.shape, back.files) == (tensor.element_type, tensor.shape, tensor.files)
    assert bytes(back.joined()) == bytes(tensor.joined())


@pytest.mark.parametrize("data", [b"", b"\0\0", b"\x11\0", b"\x01\x01", b"\x01\x01\x02\0\0\0\0", b"\x0b\0\x05\xfd"])
def test_bytes_that_are_no_value_are_a_value_error(data: bytes) -> None:
    with pytest.raises(ValueError, match="expected"):
        packed.unpack(data)


def test_the_tracker_counts_steps_per_name_and_bounds_progress() -> None:
    sent = Sent()
    watched = tracker.Tracker(sent, lambda callback: callback())
    watched.progress(7)
    watched.progress(float("nan"))
    watched.metrics([("loss", 1), ("accuracy", 0.5)])
    watched.metrics({"loss": float("inf")})
    watched.metrics({"loss": 3}, step=10)
    watched.metrics({"loss": 4})
    watched.metrics([{"name": "loss", "value": Array("float32", (1,), [0.5])}])
    assert [header for (header,) in sent.frames] == [
        {"type": "progress", "fraction": 1.0},
        {"type": "progress", "fraction": 0.0},
        {"type": "metrics", "metrics": [["loss", 0, 1.0], ["accuracy", 0, 0.5]]},
        {"type": "metrics", "metrics": [["loss", 1, None]]},
        {"type": "metrics", "metrics": [["loss", 10, 3.0]]},
        {"type": "metrics", "metrics": [["loss", 11, 4.0]]},
        {"type": "metrics", "metrics": [["loss", 12, 0.5]]},
    ]


def test_a_metric_may_be_an_array() -> None:
    sent = Sent()
    watched = tracker.Tracker(sent, lambda callback: callback())
    watched.metrics({"confusion": [[1, 2], [3, 4]], "loss": 0.5})
    tensor = {"type": "metric_tensor", "name": "confusion", "step": 0, "element_type": "i64", "shape": [2, 2]}
    assert sent.frames == [
        (tensor, struct.pack("<4q", 1, 2, 3, 4)),
        ({"type": "metrics", "metrics": [["loss", 0, 0.5]]},),
    ]
    with pytest.raises(TypeError, match="an array of numbers as a metric, got string"):
        watched.metrics({"words": ["a", "b"]})
    with pytest.raises(ValueError, match="at most 10000 elements"):
        watched.metrics({"much": [0] * 10_001})


def test_a_checkpoint_goes_key_by_key_and_ends() -> None:
    sent = Sent()
    tracker.Tracker(sent, lambda callback: callback()).checkpoint({"a": b"1", "b": [b"2", b"3"]})
    assert sent.frames == [
        ({"type": "checkpoint", "key": "a"}, b"1"),
        ({"type": "checkpoint", "key": "b"}, b"2"),
        ({"type": "checkpoint", "key": "b"}, b"3"),
        ({"type": "checkpointed"},),
    ]


def test_a_provider_takes_every_key_once() -> None:
    sent = Sent()
    provider = state.Provider("createModelState", sent)
    assert not provider.was_used
    provider.provide("a", b"1")
    provider.provide_all([{"key": "b", "data": b"2"}])
    assert provider.was_used
    assert sent.frames == [({"type": "state", "key": "a"}, b"1"), ({"type": "state", "key": "b"}, b"2")]
    with pytest.raises(values.InvalidOutput, match="the key 'a' twice"):
        provider.provide("a", b"1")
    with pytest.raises(values.InvalidOutput, match="key 'c', returned str"):
        provider.provide("c", "text")
    for number in range(98):
        provider.provide(str(number), b"")
    with pytest.raises(values.InvalidOutput, match="more than 100 keys"):
        provider.provide("c", b"")


def test_cancelling_calls_back_once_also_who_asks_late() -> None:
    called: list[str] = []
    watched = tracker.Tracker(Sent(), lambda callback: callback())
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


def test_a_function_that_takes_the_place_of_another_gets_what_it_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "main", code)  # where the code's own module will be
    (tmp_path / "main.py").write_text(
        "class Model:\n"
        "    def evaluate(self, params):\n        return params\n"
        "def instantiateModel():\n    return Model()\n"
        "def evaluate():\n    return 'none'\n"
    )
    loaded = code.Code()
    loaded.load(str(tmp_path / "main.py"))
    assert loaded.call("evaluate", 1) == "none"
    loaded.instantiate()
    assert [loaded.call("evaluate", 1) for _ in range(2)] == [1, 1]


def test_numpy_is_found_once_it_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = tensors.of_numbers("f64", [2], [1.0, 2.0])
    (tmp_path / "numpy.py").write_text("def ndarray(shape, dtype, data):\n    return 'an array'\n")
    monkeypatch.delitem(sys.modules, "numpy", raising=False)
    monkeypatch.setattr(sys, "path", [])
    assert tensors.value_of(numbers) == [1.0, 2.0]
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    try:
        assert tensors.value_of(numbers) == "an array"
    finally:
        del sys.modules["numpy"]
