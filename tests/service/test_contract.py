"""Every form of the contract, on every Python and Node that models may choose."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from ide_server.wire import Metric, Progress
from tests.support.interpreters import every_node, every_python, node_program, python_program
from tests.support.local_launchers import Laboratory, laboratory

pytestmark = pytest.mark.anyio


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Laboratory]:
    async with laboratory(tmp_path) as made:
        yield made


DEFINITIONS = """
[[create_state]]
name = "factor"
types = ["f64"]
default = 2

[[evaluate_input]]
name = "x"
types = ["f64"]
"""

PYTHON_FORMS = {
    "functions": """
def createModelState(params): return str(params["factor"]).encode()
def instantiateModel(state):
    global factor
    factor = float(state)
def evaluate(params): return {"y": factor * params["x"]}
def train(params, tracker):
    global factor
    tracker.progress(0.5)
    tracker.metrics([("loss", 0.25)])
    factor += 1
def getModelState(): return [str(factor).encode()]
""",
    "async functions": """
import asyncio
async def createModelState(params): return {"factor": str(params["factor"]).encode()}
async def instantiateModel(state):
    global factor, lock
    factor, lock = float(state["factor"]), asyncio.Lock()
async def evaluate(params):
    async with lock: return [{"name": "y", "data": factor * params["x"]}]
async def train(params, tracker):
    global factor
    await asyncio.sleep(0)
    tracker.progress(0.5)
    tracker.metrics({"loss": 0.25})
    factor += 1
async def getModelState(): return {"factor": str(factor).encode()}
""",
    "an instance": """
class Model:
    def __init__(self, state): self.factor = float(state)
    async def evaluate(self, params): return {"y": self.factor * params["x"]}
    def train(self, params, tracker):
        tracker.progress(0.5)
        tracker.metrics({"loss": 0.25})
        self.factor += 1
    def getModelState(self): return str(self.factor).encode()
def createModelState(params): return str(params["factor"]).encode()
def instantiateModel(state): return Model(state)
""",
    "positional with provider": """
class Instance:
    def __init__(self, factor): self.factor = factor
    async def evaluate(self, params): return [{"name": "y", "data": [self.factor * (await params["x"].next())[0]]}]
    def train(self, params, tracker):
        tracker.progress(0.5)
        tracker.metrics([("loss", 0.25)])
        self.factor += 1
    def getModelState(self, provider): provider.provide("factor", str(self.factor).encode())
class Model:
    def createModelState(self, params, provider):
        provider.provide_all([{"key": "factor", "data": str(params["factor"].next()[0]).encode()}])
    async def instantiateModel(self, state):
        assert state["factor"].byte_size() == len(await state["factor"].read())
        return Instance(float(state["factor"].read()))
model = Model()
""",
    "options": """
async def createModelState(options):
    [factor] = await options.params["factor"].next()
    options.state_provider.provide("factor", str(factor).encode())
    assert options.other_models == {}
async def instantiateModel(options):
    held = {"factor": float(await options.state["factor"].read())}
    async def evaluate(options):
        return [{"name": "y", "data": [held["factor"] * (await options.params["x"].next(1))[0]]}]
    async def train(options):
        options.tracker.progress(0.5)
        options.tracker.metrics([("loss", 0.25)])
        held["factor"] += 1
    async def getModelState(options): options.state_provider.provide("factor", str(held["factor"]).encode())
    return {"evaluate": evaluate, "train": train, "getModelState": getModelState, "dispose": lambda: None}
model = {"createModelState": createModelState, "instantiateModel": instantiateModel}
""",
    "weights": """
class Instance:
    def __init__(self, factor): self.factor = factor
    def evaluate(self, o): return {"y": self.factor * o.params["x"][0]}
    def train(self, o):
        o.tracker.progress(0.5)
        o.tracker.metrics({"loss": 0.25})
        self.factor += 1
    def getWeights(self, o): o.weights_provider.provide("factor", str(self.factor).encode())
class Model:
    def initializeWeights(self, o): o.weights_provider.provide("factor", str(o.params["factor"][0]).encode())
    def instantiateModel(self, o): return Instance(float(o.weights["factor"].read()))
model = Model()
""",
}

NODE_FORMS = {
    "functions": {
        "index.mjs": """
let factor;
export const createModelState = (params) => Buffer.from(String(params.factor));
export function instantiateModel(state) { factor = Number(state) }
export function evaluate({ x }) { return { y: factor * x + 0.5 - 0.5 } }
export function train(params, tracker) { tracker.progress(0.5); tracker.metrics([["loss", 0.25]]); factor += 1 }
export const getModelState = () => [Buffer.from(String(factor))];
"""
    },
    "async functions in commonjs": {
        "index.js": """
let factor;
exports.createModelState = async (params) => ({ factor: Buffer.from(String(params.factor)) });
exports.instantiateModel = async (state) => { factor = Number(state.factor) };
exports.evaluate = async (params) => [{ name: "y", data: factor * params.x }];
exports.train = async (params, tracker) => { tracker.progress(0.5); tracker.metrics({ loss: 0.25 }); factor += 1 };
exports.getModelState = async () => ({ factor: Buffer.from(String(factor)) });
"""
    },
    "positional with provider": {
        "index.js": """
exports.default = {
  createModelState: async (params, provider) => {
    const [factor] = await params.get("factor").next();
    provider.provide("factor", Buffer.from(String(factor)));
  },
  instantiateModel: async (state) => {
    let factor = Number(await state.get("factor").read());
    return {
      evaluate: async (params) => [{ name: "y", data: [factor * (await params.get("x").next())[0]] }],
      train: (params, tracker) => {
        tracker.progress(0.5);
        tracker.metrics([{ name: "loss", value: 0.25 }]);
        factor += 1;
      },
      getModelState: (provider) => provider.provideAll([{ key: "factor", data: Buffer.from(String(factor)) }]),
    };
  },
};
"""
    },
    "options": {
        "index.mjs": """
class Instance {
  constructor(factor) { this.factor = factor }
  async evaluate({ params }) { return [{ name: "y", data: [this.factor * (await params.get("x").next(1))[0]] }] }
  train({ tracker }) { tracker.progress(0.5); tracker.metrics([["loss", 0.25]]); this.factor += 1 }
  getModelState({ stateProvider }) { stateProvider.provide("factor", Buffer.from(String(this.factor))) }
}
export default {
  async createModelState({ params, stateProvider, otherModels }) {
    stateProvider.provide("factor", Buffer.from(String((await params.get("factor").next())[0])));
    if (otherModels.size) throw new Error("other models");
  },
  async instantiateModel({ state }) { return new Instance(Number(await state.get("factor").read())) },
};
"""
    },
}


async def runs_whole(lab: Laboratory) -> None:
    """From no state: evaluate makes one; train learns from it; evaluate on what was learned."""
    lab.write({"slipway.toml": DEFINITIONS})
    first = await lab.run("evaluate", {"x": 3})
    assert first.operation.status == "succeeded", first.message + first.details
    assert await lab.output(first.operation.id) == {"y": [6]}
    trained = await lab.run("train")
    assert trained.operation.status == "succeeded", trained.message + trained.details
    assert [event.fraction for event in trained.of(Progress)] == [0.5]
    assert trained.metrics == [("loss", 0, 0.25)]
    second = await lab.run("evaluate", {"x": 3}, state_id=trained.operation.result_state_id)
    assert await lab.output(second.operation.id) == {"y": [9]}
    assert {"createModelState", "instantiateModel", "evaluate", "train", "getModelState"} <= set(second.functions)


@every_python
@pytest.mark.parametrize("code", PYTHON_FORMS.values(), ids=PYTHON_FORMS.keys())
async def test_every_form_runs_on_every_python(lab: Laboratory, python: str, code: str) -> None:
    lab.spawn.programs["python"] = python_program(python)
    lab.write({"main.py": code})
    await runs_whole(lab)


@every_node
@pytest.mark.parametrize("files", NODE_FORMS.values(), ids=NODE_FORMS.keys())
async def test_every_form_runs_on_every_node(lab: Laboratory, node: str, files: dict[str, str]) -> None:
    lab.spawn.programs["node"] = node_program(node)
    lab.write(files)
    await runs_whole(lab)


# --- values ---

NUMBERS = {"f32": 0.5, "f64": 0.1, "i8": -128, "i16": -(2**15), "i32": -(2**31), "i64": -(2**63)}
NUMBERS |= {"u8": 255, "u16": 2**16 - 1, "u32": 2**32 - 1, "u64": 2**64 - 1}
FILE = {"format": "abc", "base64": "AP8="}
VALUES: dict[str, Any] = {**NUMBERS, "string": "ä€😀", "boolean": True}
VALUES |= dict.fromkeys(("binary", "image", "audio", "video"), FILE)
TYPES = "".join(
    f'[[evaluate_input]]\nname = "{kind}"\ntypes = ["{kind}"]\n'
    f'[[evaluate_input]]\nname = "{kind}_rows"\ntypes = ["{kind}"]\nshape = [2, 1]\n'
    f'[[evaluate_input]]\nname = "{kind}_many"\ntypes = ["{kind}"]\n'
    for kind in VALUES
)

PYTHON_TYPES = """
import array
CODES = {"f32": "f", "f64": "d", "i8": "b", "i16": "h", "i32": "i", "i64": "q",
         "u8": "B", "u16": "H", "u32": "I", "u64": "Q"}
def typed(kind, value):
    if kind in CODES: return array.array(CODES[kind], value if isinstance(value, list) else [value])
    return {"data": value, "format": value.format, "type": kind} if isinstance(value, bytes) else value
def evaluate(params):
    outputs = {}
    for name, value in params.items():
        kind, _, what = name.partition("_")
        if what == "many": value = list(value)
        if what == "rows": value = [row[0] for row in value]
        files = isinstance(value, list) and isinstance(value[0], bytes)
        outputs[name] = [typed(kind, each) for each in value] if files else typed(kind, value)
    return outputs
"""

NODE_TYPES = """
const ARRAYS = { f32: Float32Array, f64: Float64Array, i8: Int8Array, i16: Int16Array, i32: Int32Array,
  i64: BigInt64Array, u8: Uint8ClampedArray, u16: Uint16Array, u32: Uint32Array, u64: BigUint64Array };
function typed(kind, value) {
  if (kind in ARRAYS) return ARRAYS[kind].from([value].flat());
  return Buffer.isBuffer(value) ? { data: value, format: value.format, type: kind } : value;
}
export function evaluate(params) {
  return Object.fromEntries(Object.entries(params).map(([name, given]) => {
    const [kind, what] = name.split("_");
    const value = what === "many" ? [...given] : what === "rows" ? given.map((row) => row[0]) : given;
    const areFiles = Array.isArray(value) && Buffer.isBuffer(value[0]);
    return [name, areFiles ? value.map((each) => typed(kind, each)) : typed(kind, value)];
  }));
}
"""


async def gives_all_types_back(lab: Laboratory, *, binary_format: str = "abc") -> None:
    lab.write({"slipway.toml": TYPES})
    given = dict(VALUES)
    given |= {f"{kind}_rows": [[value], [value]] for kind, value in VALUES.items()}
    given |= {f"{kind}_many": {"values": [value, value, value]} for kind, value in VALUES.items()}
    finished = await lab.run("evaluate", given)
    assert finished.operation.status == "succeeded", finished.message + finished.details
    outputs = {each.name: each.values for each in (await lab.operations.result(finished.operation.id)).outputs}
    for kind, value in VALUES.items():
        for name, count in ((kind, 1), (f"{kind}_rows", 2), (f"{kind}_many", 3)):
            values = outputs[name]
            assert {each.type for each in values} == {kind}, name
            if value is FILE:
                blobs = [blob for each in values for blob in each.blobs]
                paths = [(await lab.operations.blob(finished.operation.id, blob.index))[0] for blob in blobs]
                assert [(blob.format, path.read_bytes()) for blob, path in zip(blobs, paths, strict=True)] == [
                    (binary_format if kind == "binary" else "abc", b"\0\xff")
                ] * count, name
            else:
                assert [element for each in values for element in each.elements] == [value] * count, name


@every_python
async def test_every_type_goes_both_ways_on_every_python(lab: Laboratory, python: str) -> None:
    lab.spawn.programs["python"] = python_program(python)
    lab.write({"main.py": PYTHON_TYPES})
    await gives_all_types_back(lab)


@every_node
async def test_every_type_goes_both_ways_on_every_node(lab: Laboratory, node: str) -> None:
    lab.spawn.programs["node"] = node_program(node)
    lab.write({"index.mjs": NODE_TYPES})
    await gives_all_types_back(lab)


NODE_PACKAGE = {
    "node_modules/@decthings/model/index.js": """
exports.makeModel = (model) => ({
  createModelState: (options) => model.createModelState(options),
  instantiateModel: async (options) => {
    const instance = await model.instantiateModel(options);
    return { evaluate: (given) => instance.evaluate(given), train: (given) => instance.train(given) };
  },
});
""",
    "index.js": """
const { makeModel } = require("@decthings/model");
exports.default = makeModel({
  createModelState: ({ stateProvider }) => stateProvider.provide("key", Buffer.from("value")),
  instantiateModel: () => ({
    async evaluate({ params }) {
      const outputs = [];
      for (const [name, loader] of params) outputs.push({ name, data: await loader.next(loader.size()) });
      if (!outputs.every(({ data }) => data.every(Buffer.isBuffer))) throw new TypeError("expected bytes");
      return outputs;
    },
    train({ tracker }) {
      const half = Buffer.concat([Buffer.from([2, 0]), Buffer.from(new Float64Array([0.5]).buffer)]);
      tracker.metrics([{ name: "loss", value: half }]);
    },
  }),
});
""",
}


async def test_a_node_model_made_with_the_package_has_its_bytes(lab: Laboratory) -> None:
    """The package itself is in no registry any more; this one hands on what the runner gives, as that does."""
    lab.write(NODE_PACKAGE)
    await gives_all_types_back(lab, binary_format="")
    trained = await lab.run("train")
    assert trained.metrics == [("loss", 0, 0.5)]


PYTHON_LOADER = """
def evaluate(params):
    x, y = params["x"], params["y"]
    assert (len(x), x[1], x[-1], list(x)) == (5, 1, 4, [0, 1, 2, 3, 4])
    first = [x.next(2), x.position(), x.remaining(), x.has_next(3), x.has_next(4), x.next(9), x.next()]
    assert first == [[0, 1], 2, 3, True, False, [2, 3, 4], []], first
    x.shuffle_in_group([y])
    x.set_position(0)
    assert x.next(5) == [len(text) for text in y]
    return {"size": x.size(), "bytes": x.total_byte_size() > 40}
"""
NODE_LOADER = """
import assert from "node:assert/strict";
export async function evaluate({ x, y }) {
  assert.deepEqual([x.length, x[1], x.at(-1), [...x]], [5, 1, 4, [0, 1, 2, 3, 4]]);
  assert.deepEqual([await x.next(2), x.position(), x.remaining()], [[0, 1], 2, 3]);
  assert.deepEqual([x.hasNext(3), x.hasNext(4), await x.next(9), await x.next()], [true, false, [2, 3, 4], []]);
  x.shuffleInGroup([y]);
  x.setPosition(0);
  assert.deepEqual(await x.next(5), [...y].map((text) => text.length));
  return { size: x.size(), bytes: x.totalByteSize() > 40 };
}
"""


@pytest.mark.parametrize("files", [{"main.py": PYTHON_LOADER}, {"index.mjs": NODE_LOADER}], ids=["python", "node"])
async def test_many_values_are_read_through_a_loader(lab: Laboratory, files: dict[str, str]) -> None:
    lab.write(files)
    given = {"x": {"values": [0, 1, 2, 3, 4]}, "y": {"values": ["", "x", "xx", "xxx", "xxxx"]}}
    finished = await lab.run("evaluate", given)
    assert finished.operation.status == "succeeded", finished.message + finished.details
    assert await lab.output(finished.operation.id) == {"size": [5], "bytes": [True]}


# --- metrics, checkpoints ---

REPORTS = {
    "python": {
        "main.py": """
def train(params, tracker):
    for step in range(3):
        tracker.metrics({"loss": step, "matrix": [[1.5, float("nan")], [float("inf"), step]]}, step=step * 10)
"""
    },
    "node": {
        "index.mjs": """
export function train(params, tracker) {
  for (let step = 0; step < 3; step++) {
    tracker.metrics({ loss: step, matrix: [[1.5, NaN], [Infinity, step]] }, step * 10);
  }
}
"""
    },
}


@pytest.mark.parametrize("files", REPORTS.values(), ids=REPORTS.keys())
async def test_metrics_may_be_arrays(lab: Laboratory, files: dict[str, str]) -> None:
    lab.write(files)
    finished = await lab.run("train")
    points = [(point.name, point.step, point.value or point.tensor) for point in finished.of(Metric)]
    tensors = [point.tensor for point in finished.of(Metric) if point.tensor is not None]
    assert len(points) == 6
    assert [tensor.shape for tensor in tensors] == [[2, 2]] * 3
    assert [tensor.elements for tensor in tensors] == [[1.5, "nan", "inf", float(step)] for step in range(3)]


CHECKPOINTS = {
    "python": {
        "main.py": """
import os
def createModelState(params): return b"0"
def instantiateModel(state):
    global steps
    steps = int(state if isinstance(state, bytes) else state["steps"])
def evaluate(params): return steps
def train(params, tracker):
    global steps
    while steps < params["until"]:
        steps += 1
        tracker.checkpoint({"steps": str(steps).encode()})
        if steps == params["dies_at"]: os._exit(1)
def getModelState(): return str(steps).encode()
"""
    },
    "node": {
        "index.mjs": """
let steps;
export const createModelState = () => Buffer.from("0");
export function instantiateModel(state) { steps = Number(state.steps ?? state) }
export const evaluate = () => steps;
export function train({ until, dies_at }, tracker) {
  while (steps < until) {
    steps += 1;
    tracker.checkpoint({ steps: Buffer.from(String(steps)) });
    if (steps === dies_at) process.exit(1);
  }
}
export const getModelState = () => Buffer.from(String(steps));
"""
    },
}


@pytest.mark.parametrize("files", CHECKPOINTS.values(), ids=CHECKPOINTS.keys())
async def test_a_training_that_died_goes_on_from_its_checkpoint(lab: Laboratory, files: dict[str, str]) -> None:
    lab.write(files)
    died = await lab.run("train", {"until": 10, "dies_at": 4})
    assert died.outcome == ("code_terminated", "train")
    kept = died.operation.result_state_id
    assert kept is not None
    states = {state.id: state for state in await lab.states.list(lab.model_id)}
    assert len(states) == 2, "the first state and the newest checkpoint"
    assert (states[kept].origin, states[kept].operation_id) == ("checkpoint", died.operation.id)
    evaluated = await lab.run("evaluate", state_id=kept)
    assert await lab.output(evaluated.operation.id) == {"output": [4]}
    resumed = await lab.run("train", {"until": 10, "dies_at": -1}, state_id=kept)
    assert resumed.operation.status == "succeeded", resumed.message
    evaluated = await lab.run("evaluate", state_id=resumed.operation.result_state_id)
    assert await lab.output(evaluated.operation.id) == {"output": [10]}
    left = [state.origin for state in await lab.states.list(lab.model_id)]
    assert left == ["trained", "checkpoint", "created"], "of the one that ended well the checkpoint went"


async def test_a_checkpoint_that_is_no_state_is_named(lab: Laboratory) -> None:
    lab.write({"main.py": "def train(params, tracker): tracker.checkpoint(3)\n"})
    finished = await lab.run("train")
    assert finished.outcome == ("invalid_output", "train")
    assert "tracker.checkpoint returned int; expected bytes" in finished.message


async def test_a_full_disk_costs_a_checkpoint_and_not_the_training(
    lab: Laboratory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ide_server.host.disk.RESERVE_BYTES", 1 << 60)
    lab.write({"main.py": "def train(params, tracker): tracker.checkpoint(b'1')\n"})
    finished = await lab.run("train")
    assert finished.operation.status == "succeeded", finished.message
    assert "A checkpoint was not kept" in finished.log("stderr")
    assert await lab.states.list(lab.model_id) == []


async def test_a_thread_that_outlives_its_training_cannot_speak_for_the_next(lab: Laboratory) -> None:
    lab.write(
        {
            "main.py": """
import threading
def train(params, tracker):
    def report():
        threading.Event().wait(0.3)
        try: tracker.metrics({"late": 1})
        except RuntimeError as error: print(error)
    threading.Thread(target=report).start()
def getModelState():
    threading.Event().wait(1)
    return b"learned"
"""
        }
    )
    finished = await lab.run("train")
    assert (finished.operation.status, finished.metrics) == ("succeeded", [])
    assert "only until train has returned" in finished.log()
