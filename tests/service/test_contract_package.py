"""Models written for the published decthings-model package, with the package as the index has it."""

import base64
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from ide_server.wire import Metric, Progress
from tests.support.interpreters import python_with
from tests.support.local_launchers import Laboratory, laboratory

pytestmark = [pytest.mark.anyio, pytest.mark.network, pytest.mark.timeout(600)]

OPTIONS = """
import decthings_model as decthings
import numpy as np
from decthings_api.tensor import DecthingsElementImage, DecthingsTensor

class Instance:
    def __init__(self, factor): self.factor = factor

    async def evaluate(self, options):
        [x] = await options.params["x"].next()
        assert (x.type(), x.shape(), x.numpy().dtype) == ("f32", [3], np.dtype("<f4"))
        texts = await options.params["words"].next(9)
        [picture] = await options.params["picture"].next()
        file = picture.item()
        assert (file.format(), file.data()) == ("png", b"\\x89PNG")
        return [
            {"name": "y", "data": [DecthingsTensor(x.numpy() * np.float32(self.factor), "f32", [3])]},
            {"name": "words", "data": [DecthingsTensor([text.item().upper()], "string", [1]) for text in texts]},
            {"name": "picture", "data": [DecthingsTensor([DecthingsElementImage("jpg", b"drawn")], "image", [1])]},
            {"name": "flags", "data": [DecthingsTensor([True, False], "boolean", [2])]},
        ]

    def train(self, options):
        options.params["words"].shuffle()
        options.params["words"].shuffle_in_group([options.params["words"]])
        assert options.params["words"].size() == 3
        options.tracker.on_cancel(lambda: None)
        options.tracker.progress(0.5)
        options.tracker.metrics([("loss", DecthingsTensor([0.25], "f32", []))])
        options.tracker.metrics([("both", DecthingsTensor([1.0, 2.0], "f64", [2]))])
        self.factor += 1

    def getModelState(self, options):
        options.state_provider.provide_all([{"key": "factor", "data": str(self.factor).encode()}])

class Executor:
    async def createModelState(self, options):
        [factor] = await options.params["factor"].next()
        assert options.other_models == {}
        options.state_provider.provide("factor", str(factor.item()).encode())

    async def instantiateModel(self, options):
        return Instance(float(await options.state["factor"].read()))

model = decthings.make_model(Executor())
"""

POSITIONAL = """
import decthings_model as decthings
import numpy as np
from decthings_api.tensor import DecthingsElementImage, DecthingsTensor

async def createModelState(params, provider):
    [factor] = await params["factor"].next()
    provider.provide("factor", str(factor.item()).encode())

async def instantiateModel(state):
    held = {"factor": float(await state["factor"].read())}

    async def evaluate(params):
        assert params["x"].has_next() and params["x"].remaining() == 1
        [x] = await params["x"].next()
        texts = await params["words"].next(9)
        return [
            {"name": "y", "data": [DecthingsTensor(x.numpy() * np.float32(held["factor"]), "f32", [3])]},
            {"name": "words", "data": [DecthingsTensor([text.item().upper()], "string", [1]) for text in texts]},
            {"name": "picture", "data": [DecthingsTensor([DecthingsElementImage("jpg", b"drawn")], "image", [1])]},
            {"name": "flags", "data": [DecthingsTensor([True, False], "boolean", [2])]},
        ]

    def train(params, tracker):
        tracker.progress(0.5)
        tracker.metrics([("loss", DecthingsTensor([0.25], "f32", []))])
        tracker.metrics([("both", DecthingsTensor([1.0, 2.0], "f64", [2]))])
        held["factor"] += 1

    def getModelState(provider):
        provider.provide("factor", str(held["factor"]).encode())

    return {"evaluate": evaluate, "train": train, "getModelState": getModelState, "dispose": lambda: print("disposed")}

model = decthings.make_model({"createModelState": createModelState, "instantiateModel": instantiateModel})
"""

DEFINITIONS = """
[[create_state]]
name = "factor"
types = ["f64"]
default = 2

[[evaluate_input]]
name = "x"
types = ["f32"]
shape = [3]

[[evaluate_input]]
name = "words"
types = ["string"]

[[evaluate_input]]
name = "picture"
types = ["image"]

[[train]]
name = "words"
types = ["string"]
"""
WORDS = {"values": ["a", "bb", "ä"]}
INPUTS: dict[str, Any] = {
    "x": [1, 2, 3],
    "words": WORDS,
    "picture": {"format": "png", "base64": base64.b64encode(b"\x89PNG").decode()},
}


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Laboratory]:
    async with laboratory(tmp_path) as made:
        yield made


# 0.0.6 hands its train function a class in the place of an object, so that none can run.
@pytest.mark.parametrize(("version", "code"), [("0.0.7", OPTIONS), ("0.0.5", POSITIONAL)], ids=["0.0.7", "0.0.5"])
async def test_a_model_made_with_the_package_runs_unmodified(lab: Laboratory, version: str, code: str) -> None:
    lab.spawn.programs["python"] = python_with(f"decthings-model=={version}")
    lab.write({"main.py": code, "slipway.toml": DEFINITIONS})
    first = await lab.run("evaluate", INPUTS)
    assert first.operation.status == "succeeded", first.message + first.details
    outputs = {each.name: each.values for each in (await lab.operations.result(first.operation.id)).outputs}
    assert [(value.type, value.shape, value.elements) for value in outputs["y"]] == [("f32", [3], [2, 4, 6])]
    assert [value.elements for value in outputs["words"]] == [["A"], ["BB"], ["Ä"]]
    [picture] = outputs["picture"]
    path, blob, _ = await lab.operations.blob(first.operation.id, picture.blobs[0].index)
    assert (picture.type, picture.shape, blob.format, path.read_bytes()) == ("image", [1], "jpg", b"drawn")
    assert [(value.type, value.elements) for value in outputs["flags"]] == [("boolean", [True, False])]
    trained = await lab.run("train", {"words": WORDS})
    assert trained.operation.status == "succeeded", trained.message + trained.details
    assert [event.fraction for event in trained.of(Progress)] == [0.5]
    assert trained.metrics == [("loss", 0, 0.25), ("both", 0, None)]
    tensor = trained.of(Metric)[1].tensor
    assert tensor is not None and (tensor.shape, tensor.elements) == ([2], [1.0, 2.0])
    second = await lab.run("evaluate", INPUTS, state_id=trained.operation.result_state_id)
    assert (await lab.output(second.operation.id))["y"] == [3, 6, 9]


NUMPY = """
import numpy
def evaluate(params):
    assert all(isinstance(value, numpy.ndarray) for name, value in params.items() if name.endswith("_rows"))
    params["f64_rows"][0] = 7  # what was given is the code's own
    strided = numpy.arange(6, dtype="i4").reshape(2, 3)[:, ::2]
    fortran = numpy.asfortranarray(numpy.arange(4, dtype="f4").reshape(2, 2))
    big_endian = numpy.array([1, 2], dtype=">i2")
    empty = numpy.zeros((0, 3), dtype="f8")
    return {**params, "strided": strided, "fortran": fortran, "big_endian": big_endian, "empty": empty,
            "half": numpy.array([0.5], dtype="f2"), "scalar": numpy.float32(1.5), "texts": numpy.array(["a", "b"])}
"""
ARRAY_TYPES = ("f32", "f64", "i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64", "boolean")


async def test_with_numpy_tensors_are_arrays_of_their_type_both_ways(lab: Laboratory) -> None:
    lab.spawn.programs["python"] = python_with("decthings-model==0.0.7")
    toml = "".join(
        f'[[evaluate_input]]\nname = "{kind}_rows"\ntypes = ["{kind}"]\nshape = [-1]\n' for kind in ARRAY_TYPES
    )
    lab.write({"main.py": NUMPY, "slipway.toml": toml})
    given = {f"{kind}_rows": [True, False] if kind == "boolean" else [1, 0] for kind in ARRAY_TYPES}
    finished = await lab.run("evaluate", given)
    assert finished.operation.status == "succeeded", finished.message + finished.details
    outputs = {each.name: each.values[0] for each in (await lab.operations.result(finished.operation.id)).outputs}
    came = {name: (value.type, value.shape, value.elements) for name, value in outputs.items()}
    expected: dict[str, Any] = {name: (name.partition("_")[0], [2], value) for name, value in given.items()}
    assert came == expected | {
        "f64_rows": ("f64", [2], [7, 0]),
        "strided": ("i32", [2, 2], [0, 2, 3, 5]),
        "fortran": ("f32", [2, 2], [0, 1, 2, 3]),
        "big_endian": ("i64", [2], [1, 2]),
        "empty": ("f64", [0, 3], []),
        "half": ("f32", [1], [0.5]),
        "scalar": ("f32", [], [1.5]),
        "texts": ("string", [2], ["a", "b"]),
    }
