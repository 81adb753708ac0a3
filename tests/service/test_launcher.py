"""One launcher, asked again and again: what keeps it warm for the next operation."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from ide_server.host.launchers.journal import Journal
from ide_server.host.launchers.launcher import CallFailed, Launcher, Mounted
from ide_server.host.launchers.reports import Reports
from ide_server.host.launchers.results import ResultWriter
from ide_server.host.launchers.spawn import Language
from ide_server.host.masking import Mask
from ide_server.host.parameters import check_arguments
from ide_server.wire import FunctionName
from tests.support.local_launchers import Laboratory, laboratory

pytestmark = pytest.mark.anyio

PYTHON = """
import os
def instantiateModel(state):
    global held
    held = state.decode()
def evaluate(params): return {"held": held, "x": params["x"], "pid": os.getpid()}
def dispose(): print("disposed", held)
"""
NODE = """
let held;
export function instantiateModel(state) { held = state.toString() }
export const evaluate = ({ x }) => ({ held, x, pid: process.pid });
export function dispose() { console.log("disposed", held) }
"""


class Talk:
    """With a launcher that has loaded its code."""

    def __init__(self, launcher: Launcher, folder: Path, reports: Reports) -> None:
        self.launcher = launcher
        self._folder = folder
        self.reports = reports

    async def instantiate(self, content: str) -> None:
        state = self._folder / "state"
        state.write_text(content)
        await self.launcher.call("instantiateModel", self.reports, state={"": state})

    async def evaluate(self, **parameters: Any) -> dict[str, Any]:
        self.reports.result = ResultWriter(self._folder, [], Mask())
        await self.launcher.call("evaluate", self.reports, parameters=check_arguments([], parameters))
        result = self.reports.result.finish()
        return {output.name: output.values[0].elements[0] for output in result.outputs}

    async def call(self, function: FunctionName, **more: Any) -> None:
        await self.launcher.call(function, self.reports, **more)


@asynccontextmanager
async def talk(lab: Laboratory, folder: Path, language: Language, files: Mapping[str, str]) -> AsyncIterator[Talk]:
    lab.write(files)
    equipment = await lab.spawn.prepare(lab.model_id)
    journal = await Journal.open(folder / "events.jsonl")
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
        yield Talk(launcher, folder, Reports(journal))
    finally:
        await launcher.kill()
        await journal.close()


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Laboratory]:
    async with laboratory(tmp_path) as made:
        yield made


@pytest.mark.parametrize(
    ("language", "files"), [("python", {"main.py": PYTHON}), ("node", {"index.mjs": NODE})], ids=["python", "node"]
)
async def test_a_launcher_answers_many_times_on_one_state_and_on_another(
    lab: Laboratory, tmp_path: Path, language: Language, files: dict[str, str]
) -> None:
    async with talk(lab, tmp_path, language, files) as launcher:
        await launcher.instantiate("one")
        first = await launcher.evaluate(x=1)
        assert [await launcher.evaluate(x=n) for n in range(3)] == [first | {"x": n} for n in range(3)]
        with pytest.raises(CallFailed, match="missing_function"):
            await launcher.call("train")
        await launcher.call("dispose")
        await launcher.instantiate("two")
        assert await launcher.evaluate(x=1) == first | {"held": "two"}


async def test_a_restarted_launcher_has_the_code_as_it_is_now(lab: Laboratory, tmp_path: Path) -> None:
    async with talk(lab, tmp_path, "python", {"main.py": "import helper\n" + PYTHON, "helper.py": ""}) as launcher:
        await launcher.instantiate("one")
        before = await launcher.evaluate(x=1)
        assert launcher.launcher.can_restart
        lab.write({"helper.py": "now = 'changed'\n", "main.py": "import helper\ndef evaluate(p): return helper.now\n"})
        for _ in range(2):
            await launcher.launcher.restart()
            assert await launcher.launcher.load() == ["evaluate"]
            assert await launcher.evaluate() == {"output": "changed"}
        lab.write({"main.py": "def (\n"})
        await launcher.launcher.restart()
        with pytest.raises(CallFailed, match="invalid_executable_file"):
            await launcher.launcher.load()
        lab.write({"main.py": PYTHON})
        await launcher.launcher.restart()
        await launcher.launcher.load()
        await launcher.instantiate("two")
        assert await launcher.evaluate(x=1) == before | {"held": "two"}, "the same process"


async def test_a_node_launcher_says_that_it_cannot_restart(lab: Laboratory, tmp_path: Path) -> None:
    async with talk(lab, tmp_path, "node", {"index.mjs": NODE}) as launcher:
        assert not launcher.launcher.can_restart


OTHERS_PYTHON = """
def read(other): return open(other.mount_path + "/file").read() + "".join(
    sorted(key + loader.read().decode() for key, loader in getattr(other, "state", {}).items()))
class Model:
    def createModelState(self, o): o.state_provider.provide("made", read(o.other_models["id"]).encode())
    def instantiateModel(self, o):
        self.seen = read(o.other_models["id"])
        return self
    def evaluate(self, o): return {"seen": self.seen}
model = Model()
"""
OTHERS_NODE = """
import { readFileSync } from "node:fs";
async function read({ mountPath, state }) {
  let text = readFileSync(mountPath + "/file", "utf8");
  for (const [key, loader] of state ?? []) text += key + (await loader.read());
  return text;
}
export default {
  async createModelState(o) { o.stateProvider.provide("made", Buffer.from(await read(o.otherModels.get("id")))) },
  async instantiateModel(o) {
    const seen = await read(o.otherModels.get("id"));
    return { evaluate: () => [{ name: "seen", data: seen }] };
  },
};
"""


@pytest.mark.parametrize(
    ("language", "files"),
    [("python", {"main.py": OTHERS_PYTHON}), ("node", {"index.mjs": OTHERS_NODE})],
    ids=["python", "node"],
)
async def test_the_code_sees_other_models_and_where_it_makes_a_state_theirs_too(
    lab: Laboratory, tmp_path: Path, language: Language, files: dict[str, str]
) -> None:
    (tmp_path / "file").write_text("content")
    (tmp_path / "key").write_text("-state")
    others = {"id": Mounted(str(tmp_path), {"key": tmp_path / "key"})}
    async with talk(lab, tmp_path, language, files) as launcher:
        async with lab.states.draft(lab.model_id) as draft:
            launcher.reports.draft = draft
            await launcher.call("createModelState", other_models=others)
            launcher.reports.draft = None
            [made] = [path.read_text() for path in draft._path.iterdir()]
        assert made == "contentkey-state"
        await launcher.call("instantiateModel", state={}, other_models={"id": Mounted(str(tmp_path))})
        assert await launcher.evaluate() == {"seen": "content"}
