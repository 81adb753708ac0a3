"""The check of a model's code: what it defines, and what is wrong with it by file, line and column."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp, Message

from ide_server.errors import SandboxFailed
from ide_server.host.launchers import Checks
from ide_server.host.launchers.launcher import Launcher
from ide_server.host.routes import check as check_routes
from ide_server.host.sandbox.processes import Exit
from ide_server.host.variables import PassedVariables
from ide_server.replies import EXCEPTION_HANDLERS
from ide_server.wire import CodeCheck, ModelChanged
from tests.support.local_launchers import Laboratory, laboratory

pytestmark = pytest.mark.anyio


@contextlib.asynccontextmanager
async def checks_of(lab: Laboratory) -> AsyncIterator[Checks]:
    mounts: Any = lab.mounts  # folders in the place of mounted filesystems
    checks = Checks(lab.operations.launches, lab.catalog, mounts, lab.spawn, saw_functions=lab.operations.saw_functions)
    try:
        yield checks
    finally:
        await checks.close()


async def checked(lab: Laboratory, files: dict[str, str]) -> CodeCheck:
    lab.write(files)
    async with checks_of(lab) as checks:
        return await checks.check(lab.model_id)


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Laboratory]:
    async with laboratory(tmp_path, code_startup_seconds=20) as made:
        yield made


async def wait_file(path: Path) -> None:
    async with asyncio.timeout(20):
        while not await asyncio.to_thread(path.exists):  # noqa: ASYNC110  # nobody but the code knows that it runs
            await asyncio.sleep(0.02)


FUNCTIONS: dict[str, tuple[dict[str, str], list[str]]] = {
    "plain functions": (
        {"main.py": "def evaluate(params): pass\nasync def train(params, tracker): pass\nhelper = 1\n"},
        ["evaluate", "train"],
    ),
    "methods of a class in reach": (
        {"main.py": "class M:\n    def evaluate(self, params): pass\ndef instantiateModel(state): return M()\n"},
        ["instantiateModel", "evaluate"],
    ),
    "an imported class": (
        {
            "main.py": "from other import M\ndef instantiateModel(state): return M()\n",
            "other.py": "class M:\n    def train(self, params, tracker): pass\n    def getModelState(self): pass\n",
        },
        ["instantiateModel", "train", "getModelState"],
    ),
    "a dict of functions": (
        {
            "main.py": "def instantiateModel(o):\n    return {'evaluate': lambda o: []}\n"
            "model = {'instantiateModel': instantiateModel}\n"
        },
        ["instantiateModel", "evaluate"],
    ),
    "what cannot be foreseen": (
        {"main.py": "import other\ninstantiateModel = other.make\n", "other.py": "def make(state): pass\n"},
        ["instantiateModel", "evaluate", "train", "getModelState", "dispose"],
    ),
    "weights": (
        {
            "main.py": "class M:\n    def initializeWeights(self, o): pass\n    def instantiateModel(self, o): pass\n"
            "class Made:\n    def evaluate(self, o): pass\n    def getWeights(self, o): pass\nmodel = M()\n"
        },
        ["createModelState", "instantiateModel", "evaluate", "getModelState"],
    ),
    "a variable named model that is none": ({"main.py": "model = [1]\ndef evaluate(params): pass\n"}, ["evaluate"]),
    "node exports": ({"index.mjs": "export function evaluate() {}\nexport const x = 1;"}, ["evaluate"]),
    "node default export": (
        {"index.mjs": "export default { createModelState() {}, instantiateModel() { return { evaluate() {} } } }"},
        ["createModelState", "instantiateModel", "evaluate"],
    ),
    "node commonjs": (
        {"index.js": "exports.createModelState = () => {}; exports.train = () => {};"},
        ["createModelState", "train"],
    ),
    "node compiled": (
        {"index.js": "exports.__esModule = true; exports.default = { instantiateModel: () => ({ train() {} }) };"},
        ["instantiateModel", "train"],
    ),
}


@pytest.mark.parametrize(("files", "functions"), FUNCTIONS.values(), ids=FUNCTIONS.keys())
async def test_the_functions_that_the_code_defines_are_told(
    lab: Laboratory, files: dict[str, str], functions: list[str]
) -> None:
    assert await checked(lab, files) == CodeCheck(functions, [])  # type: ignore[arg-type]  # their names


PROBLEMS: dict[str, tuple[dict[str, str], tuple[str, int, int, str, str]]] = {
    "python syntax": (
        {"main.py": "x = 1\ndef evaluate(params):\n    return 1 +\n"},
        ("main.py", 3, 15, "syntax", "SyntaxError: "),
    ),
    "python syntax elsewhere": (
        {"main.py": "def evaluate(params): pass\n", "parts/helper.py": "\n\ndef (\n"},
        ("parts/helper.py", 3, 5, "syntax", "SyntaxError: "),
    ),
    "python import": (
        {"main.py": "import os\nimport nowhere\n"},
        ("main.py", 2, 0, "import", "ModuleNotFoundError: No module named 'nowhere'"),
    ),
    "python import elsewhere": (
        {"main.py": "import helper\n", "helper.py": "from os import nothing\n"},
        ("helper.py", 1, 0, "import", "ImportError: cannot import name 'nothing'"),
    ),
    "python exception": (
        {"main.py": "\n1 / 0\n"},
        ("main.py", 2, 0, "exception", "ZeroDivisionError: division by zero"),
    ),
    "python exit": ({"main.py": "import os\nos._exit(3)\n"}, ("main.py", 0, 0, "terminated", "it exited with code 3")),
    "node syntax": (
        {"index.mjs": "const x = 1;\nexport function evaluate() { return 1 +; }\n"},
        ("index.mjs", 2, 40, "syntax", "SyntaxError: Unexpected token ';'"),
    ),
    "node syntax elsewhere": (
        {"index.mjs": "import './helper.mjs';\n", "helper.mjs": "\nexport function ( {}\n"},
        ("helper.mjs", 2, 8, "syntax", "SyntaxError: "),
    ),
    "node import": (
        {"index.mjs": "import 'nowhere';\n"},
        ("index.mjs", 0, 0, "import", "Cannot find package 'nowhere'"),
    ),
    "node exception": (
        {"index.mjs": "\nthrow new TypeError('oh');\n"},
        ("index.mjs", 2, 7, "exception", "TypeError: oh"),
    ),
    "no code": ({}, ("main.py", 0, 0, "no_code", "make a main.py")),
}


@pytest.mark.parametrize(("files", "problem"), PROBLEMS.values(), ids=PROBLEMS.keys())
async def test_what_is_wrong_is_told_by_file_and_line(
    lab: Laboratory, files: dict[str, str], problem: tuple[str, int, int, str, str]
) -> None:
    found = await checked(lab, files)
    [told] = found.problems
    path, line, column, kind, message = problem
    assert (told.path, told.line, told.column, told.kind) == (path, line, column, kind)
    assert message in told.message


async def test_all_broken_files_are_told_and_none_that_was_installed(lab: Laboratory) -> None:
    files = {"main.py": "import broken\n", "broken.py": "def (\n", "other.py": "x = (\n"}
    for folder in (".venv/lib", "node_modules", "env/lib/site-packages", "mine"):
        files[f"{folder}/installed.py"] = "def (\n"
    found = await checked(lab, {**files, "mine/pyvenv.cfg": ""})
    assert [problem.path for problem in found.problems] == ["broken.py", "other.py"]
    assert found.functions == []


async def test_one_broken_file_that_is_not_used_hides_no_function(lab: Laboratory) -> None:
    found = await checked(lab, {"main.py": "def evaluate(params): pass\n", "scratch.py": "def (\n"})
    assert (found.functions, [problem.path for problem in found.problems]) == (["evaluate"], ["scratch.py"])


async def test_code_that_is_only_looked_at_does_not_run_where_its_syntax_is_broken(lab: Laboratory) -> None:
    await checked(lab, {"main.py": "open(__file__ + '.ran', 'w')\ndef (\n"})
    assert not (lab.files / "main.py.ran").exists()


async def test_code_that_never_loads_is_told_after_its_time(tmp_path: Path) -> None:
    async with laboratory(tmp_path, code_startup_seconds=1) as lab:
        [problem] = (await checked(lab, {"main.py": "while True: pass\n"})).problems
    assert (problem.kind, problem.path) == ("out_of_time", "main.py")
    assert "longer than the 1 seconds" in problem.message


async def test_a_check_tells_the_page_what_the_code_defines(lab: Laboratory) -> None:
    await checked(lab, {"main.py": "def evaluate(params): pass\n"})
    await checked(lab, {"main.py": "def ("})
    lab.heard.end()
    [changed] = [event async for event in lab.heard if isinstance(event, ModelChanged)]
    assert changed.model.functions == ["evaluate"]
    assert (await lab.catalog.models.get(lab.model_id)).functions == ["evaluate"]


async def test_a_check_ends_with_its_model(lab: Laboratory) -> None:
    lab.write({"main.py": "open(__file__ + '.began', 'w')\nwhile True: pass\n"})
    async with checks_of(lab) as checks:
        checking = asyncio.create_task(checks.check(lab.model_id))
        await wait_file(lab.files / "main.py.began")
        await checks.end(lab.model_id)
        with pytest.raises(SandboxFailed, match="the model is being deleted"):
            await checking


async def test_the_same_code_is_loaded_once_for_all_who_ask(lab: Laboratory) -> None:
    # It counts how often it is loaded, in a folder that is none of its code.
    (lab.files / ".loads").mkdir()
    counting = "import os\nos.mkdir(f'{os.path.dirname(__file__)}/.loads/{os.urandom(8).hex()}')\n"
    lab.write({"main.py": counting + "def evaluate(params): pass\n"})
    async with checks_of(lab) as checks:
        found = await asyncio.gather(*(checks.check(lab.model_id) for _ in range(3)))
        assert [check.functions for check in found] == [["evaluate"]] * 3
        assert len(list((lab.files / ".loads").iterdir())) == 1
        lab.write({"main.py": counting + "def train(params, tracker): pass\n"})
        assert (await checks.check(lab.model_id)).functions == ["train"]
        assert len(list((lab.files / ".loads").iterdir())) == 2


async def test_what_may_have_been_a_matter_of_the_moment_is_looked_at_again(lab: Laboratory) -> None:
    first_dies = "import os\nif not os.path.exists(__file__ + '~'):\n    os.mkdir(__file__ + '~')\n    os._exit(3)\n"
    lab.write({"main.py": first_dies + "def evaluate(params): pass\n"})
    async with checks_of(lab) as checks:
        assert [problem.kind for problem in (await checks.check(lab.model_id)).problems] == ["terminated"]
        assert (await checks.check(lab.model_id)).functions == ["evaluate"]


async def test_a_check_ends_when_who_asked_for_it_leaves(lab: Laboratory) -> None:
    lab.write({"main.py": "open(__file__ + '.began', 'w')\nwhile True: pass\n"})
    messages: asyncio.Queue[Message] = asyncio.Queue()
    async with checks_of(lab) as checks:
        path = f"/api/v1/models/{lab.model_id}/check"
        scope = {"type": "http", "method": "POST", "path": path, "headers": [], "query_string": b"", "root_path": ""}
        messages.put_nowait({"type": "http.request"})
        asking = asyncio.ensure_future(app_of(checks)(scope, messages.get, ignore))
        await wait_file(lab.files / "main.py.began")
        messages.put_nowait({"type": "http.disconnect"})
        async with asyncio.timeout(20):
            await asking
            lab.write({"main.py": "def evaluate(params): pass\n"})
            assert (await checks.check(lab.model_id)).functions == ["evaluate"]


async def test_a_check_that_is_cancelled_as_it_ends_leaves_no_descriptor(lab: Laboratory) -> None:
    lab.write({"main.py": "def evaluate(params): pass\n"})
    async with checks_of(lab) as checks:
        before = len(os.listdir("/proc/self/fd"))
        began = asyncio.Event()
        kill = Launcher._kill

        async def slow(launcher: Launcher) -> Exit:
            began.set()
            await asyncio.sleep(0.05)  # long enough to be cancelled within it
            return await kill(launcher)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Launcher, "_kill", slow)
            checking = asyncio.create_task(checks.check(lab.model_id))
            await began.wait()
            checking.cancel()
            await asyncio.wait([checking])
        assert checking.cancelled()
        assert len(os.listdir("/proc/self/fd")) == before


async def ignore(_: Message) -> None:
    """Who has left hears nothing."""


def app_of(checks: Checks) -> ASGIApp:
    app = Starlette(
        routes=[Mount("/api/v1", routes=check_routes.routes)],
        exception_handlers=EXCEPTION_HANDLERS,
    )
    return lambda scope, receive, send: app({**scope, "state": {"checks": checks}}, receive, send)


async def test_the_check_has_a_route(lab: Laboratory) -> None:
    lab.write({"main.py": "def evaluate(params): pass\nimport nowhere\n"})
    async with checks_of(lab) as checks:
        transport = httpx.ASGITransport(app_of(checks))
        async with httpx.AsyncClient(transport=transport, base_url="http://host") as client:
            found = await client.post(f"/api/v1/models/{lab.model_id}/check")
            missing = await client.post("/api/v1/models/nothing/check")
    problem = {
        "path": "main.py",
        "line": 2,
        "column": 0,
        "message": "ModuleNotFoundError: No module named 'nowhere'",
        "kind": "import",
    }
    assert (found.status_code, found.json()) == (200, {"functions": [], "problems": [problem]})
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "model_not_found")


async def test_what_is_wrong_with_code_is_told_without_a_secret(lab: Laboratory) -> None:
    lab.spawn.variables = PassedVariables({"TOKEN": "tok-4711-0815"}, frozenset({"tok-4711-0815"}), 1)
    found = await checked(lab, {"main.py": "import os\nraise ValueError('no ' + os.environ['TOKEN'])\n"})
    [problem] = found.problems
    assert (problem.kind, problem.line) == ("exception", 2)
    assert "no ***" in problem.message
