"""What is large is in nobody's memory as a whole. SLIPWAY_TEST_LARGE_MEBIBYTES=1024 makes it as large as it may be."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from ide_server.host.equipment import Equipment
from ide_server.host.launchers.journal import Journal
from ide_server.host.launchers.launcher import Launcher
from ide_server.host.launchers.reports import Reports
from ide_server.host.launchers.results import ResultWriter
from ide_server.host.masking import Mask
from ide_server.host.parameters import Argument
from ide_server.host.tensors import File, Header, encode_value
from ide_server.wire import Log, Metric
from tests.support.local_launchers import Laboratory, laboratory
from tests.support.memory import MEBIBYTE, memory_growth

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(600)]

LARGE = int(os.environ.get("SLIPWAY_TEST_LARGE_MEBIBYTES", "200"))
MAX_GROWTH = 64


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Laboratory]:
    async with laboratory(tmp_path) as made:
        yield made


def many_files(path: Path) -> Argument:
    """LARGE values of a mebibyte each, in a file that takes no room."""
    head = encode_value(Header("binary", [], [File("", MEBIBYTE)]), b"")
    size = len(head) + MEBIBYTE
    with path.open("wb") as file:
        for number in range(LARGE):
            file.seek(number * size)
            file.write(head)
        file.truncate(LARGE * size)
    return Argument(path, LARGE * size, LARGE, single=False)


def one_file(path: Path) -> Argument:
    head = encode_value(Header("binary", [], [File("", LARGE * MEBIBYTE)]), b"")
    with path.open("wb") as file:
        file.write(head)
        file.truncate(len(head) + LARGE * MEBIBYTE)
    return Argument(path, len(head) + LARGE * MEBIBYTE)


@asynccontextmanager
async def launched(lab: Laboratory, language: Any) -> AsyncIterator[Launcher]:
    equipment: Equipment = await lab.spawn.prepare(lab.model_id)
    launcher = await Launcher.start(
        lab.spawn,
        "launcher",
        equipment=equipment,
        model_id=lab.model_id,
        language=language,
        resources=lab.operations.launches.default.resources,
    )
    try:
        await launcher.load()
        yield launcher
    finally:
        await launcher.kill()


PYTHON = """
import resource
def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
def evaluate(params):
    many, before = params["many"], peak()
    size = sum(len(value) for value in many)
    many.shuffle()
    while many.has_next(): size += sum(len(value) for value in many.next(4))
    with params.open("one") as file:
        while chunk := file.read(1 << 20): size += len(chunk)
    return {"mebibytes": size / (1 << 20), "growth": peak() - before}
"""
NODE = """
const peak = () => process.resourceUsage().maxRSS / 1024;
export async function evaluate({ many }) {
  const before = peak();
  let size = 0;
  for (const value of many) size += value.length;
  many.shuffle();
  while (many.hasNext()) for (const value of await many.next(4)) size += value.length;
  return { mebibytes: size / 2 ** 20, growth: peak() - before };
}
"""


@pytest.mark.parametrize(
    ("language", "files", "times"),
    [("python", {"main.py": PYTHON}, 3), ("node", {"index.mjs": NODE}, 2)],
    ids=["python", "node"],
)
async def test_a_large_parameter_is_never_whole_in_memory(
    lab: Laboratory, tmp_path: Path, language: str, files: dict[str, str], times: int
) -> None:
    lab.write(files)
    parameters = {"many": many_files(tmp_path / "many"), "one": one_file(tmp_path / "one")}
    journal = await Journal.open(tmp_path / "events.jsonl")
    reports = Reports(journal)
    reports.result = ResultWriter(tmp_path, [], Mask())
    async with launched(lab, language) as launcher:
        with memory_growth() as growth:
            await launcher.call("evaluate", reports, parameters=parameters)
    result = reports.result.finish()
    await journal.close()
    came = {output.name: output.values[0].elements[0] for output in result.outputs}
    assert came["mebibytes"] == times * LARGE
    assert came["growth"] < MAX_GROWTH, "in the runner"
    assert growth.mebibytes < MAX_GROWTH, "in the host"


PYTHON_STATE = f"""
MEBIBYTE = bytes(1 << 20)
class Model:
    def createModelState(self, o):
        for key in "abcd": o.state_provider.provide(key, [MEBIBYTE] * {LARGE // 4})
    async def instantiateModel(self, o):
        self.size = 0
        for loader in o.state.values(): self.size += len(await loader.read())
        return self
    def evaluate(self, o): return {{"y": self.size / (1 << 20)}}
model = Model()
"""
NODE_STATE = f"""
const MEBIBYTE = Buffer.alloc(1 << 20);
let size = 0;
export function createModelState() {{
  return Object.fromEntries([..."abcd"].map((key) => [key, Array({LARGE // 4}).fill(MEBIBYTE)]));
}}
export function instantiateModel(state) {{ for (const value of Object.values(state)) size += value.length }}
export function evaluate() {{ return {{ y: size / 2 ** 20 }} }}
"""


@pytest.mark.parametrize("files", [{"main.py": PYTHON_STATE}, {"index.mjs": NODE_STATE}], ids=["python", "node"])
async def test_a_large_state_is_never_in_the_hosts_memory(lab: Laboratory, files: dict[str, str]) -> None:
    lab.write(files)
    with memory_growth() as growth:
        finished = await lab.run("evaluate")
    assert finished.operation.status == "succeeded", finished.message + finished.details
    assert await lab.output(finished.operation.id) == {"y": [LARGE // 4 * 4]}
    assert growth.mebibytes < MAX_GROWTH


async def test_a_large_result_is_never_in_the_hosts_memory(lab: Laboratory) -> None:
    lab.write(
        {
            "main.py": "import array\n"
            "def evaluate(params):\n"
            f"    numbers = array.array('d', [0.5]) * ({LARGE // 2} << 17)\n"
            f"    return {{'numbers': numbers, 'text': ['x' * ({LARGE // 4} << 20)]}}\n"
        }
    )
    with memory_growth() as growth:
        finished = await lab.run("evaluate")
    assert finished.operation.status == "succeeded", finished.message + finished.details
    assert growth.mebibytes < MAX_GROWTH
    outputs = {each.name: each.values[0] for each in (await lab.operations.result(finished.operation.id)).outputs}
    assert (outputs["numbers"].shape, len(outputs["numbers"].elements)) == ([LARGE // 2 << 17], 10_000)
    assert [(blob.format, blob.byte_size) for blob in outputs["numbers"].blobs] == [("npy", 128 + (LARGE // 2 << 20))]
    assert [(blob.format, blob.byte_size) for blob in outputs["text"].blobs] == [("json", 4 + (LARGE // 4 << 20))]


async def test_a_training_that_says_much_loses_nothing_and_takes_little_memory(lab: Laboratory) -> None:
    lab.write(
        {
            "main.py": "def train(params, tracker):\n"
            "    for step in range(10_000):\n"
            "        tracker.metrics({'loss': step / 7})\n"
            "        tracker.progress(step / 10_000)\n"
            "        for line in range(10): print('step', step, 'line', line)\n"
        }
    )
    await lab.run("evaluate")  # what the first operation takes once, the second does not
    with memory_growth() as growth:
        started = await lab.start("train")
        await lab.wait_ended(started.id)
    lines, points, text = 0, 0, ""
    async for batch in lab.operations.events(started.id, 0):
        text += "".join(event.text for event in batch.events if isinstance(event, Log))
        *whole, text = text.split("\n")
        assert whole == [f"step {number // 10} line {number % 10}" for number in range(lines, lines + len(whole))]
        lines += len(whole)
        metrics = [(event.step, event.value) for event in batch.events if isinstance(event, Metric)]
        assert metrics == [(number, number / 7) for number in range(points, points + len(metrics))]
        points += len(metrics)
    assert (lines, points, text) == (100_000, 10_000, "")
    assert (await lab.operations.get(started.id)).status == "succeeded"
    assert growth.mebibytes < 20
