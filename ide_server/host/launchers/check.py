"""What a model's code defines and what is wrong with it, found in a launcher of its own before any operation."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple
from weakref import WeakValueDictionary

from ide_server.catalog import Catalog, new_id
from ide_server.errors import SandboxFailed
from ide_server.host.equipment import Edition, Equipment
from ide_server.host.launchers import outcomes
from ide_server.host.launchers.code import CODE_FILES, code_file_of, mark_of
from ide_server.host.launchers.launch import Launches, Resources, Terms
from ide_server.host.launchers.launcher import CallFailed, Launcher, LauncherLost
from ide_server.host.launchers.output import Nobody
from ide_server.host.launchers.protocol import Problem
from ide_server.host.launchers.spawn import Spawn
from ide_server.host.masking import Mask
from ide_server.host.mounts import Mounts
from ide_server.wire import CodeCheck, CodeProblem, FunctionName, ModelId, ProblemKind

MAX_AT_ONCE = 2
"""Of different models; checks of one model come one after the other."""

NO_CODE = "There is no code: make a main.py (or index.js, index.mjs, index.ts) at the top of the files."

PASSING: frozenset[ProblemKind] = frozenset(("out_of_time", "terminated"))
"""The same code may do better another time."""

SawFunctions = Callable[[ModelId, list[FunctionName]], Awaitable[None]]


class Seen(NamedTuple):
    """The code that was looked at, and in what it was."""

    name: str
    edition: Edition
    generation: int
    """Of the mount."""
    mark: str


class Known(NamedTuple):
    """The last check of a model. Who asks about the same code again, as each page of it does, gets it at once."""

    code: Seen
    found: CodeCheck


class Checks:
    def __init__(
        self, launches: Launches, catalog: Catalog, mounts: Mounts, spawn: Spawn, *, saw_functions: SawFunctions
    ) -> None:
        self._launches = launches
        self._catalog = catalog
        self._mounts = mounts
        self._spawn = spawn
        self._saw_functions = saw_functions
        self._places = asyncio.Semaphore(MAX_AT_ONCE)
        self._turns: WeakValueDictionary[ModelId, asyncio.Lock] = WeakValueDictionary()
        self._tasks: dict[asyncio.Task[CodeCheck], ModelId] = {}
        self._known: dict[ModelId, Known] = {}

    async def check(self, model_id: ModelId) -> CodeCheck:
        """The code as it is now. Raises ModelNotFound, FilesystemUnavailable, SandboxFailed, and as Spawn.prepare."""
        terms = self._launches.terms(await self._launches.choice(model_id), "evaluate")
        task = asyncio.create_task(self._check(model_id, terms))
        self._tasks[task] = model_id
        try:
            await asyncio.wait([task])
        finally:
            await _cancel([task])
            del self._tasks[task]
        if task.cancelled():
            raise SandboxFailed("The check was ended: the model is being deleted, or the server stops.")
        return task.result()

    async def end(self, model_id: ModelId) -> None:
        """Those of a model, whose filesystem nothing uses any more then."""
        await _cancel([task for task, checked_id in self._tasks.items() if checked_id == model_id])
        self._known.pop(model_id, None)

    async def close(self) -> None:
        await _cancel(list(self._tasks))

    async def _check(self, model_id: ModelId, terms: Terms) -> CodeCheck:
        async with self._turns.setdefault(model_id, asyncio.Lock()), self._places:
            mount = await self._mounts.get(model_id)
            name = await mount.run(code_file_of)
            if name is None:
                return CodeCheck([], [_problem("main.py", NO_CODE, "no_code")])
            equipment = await self._spawn.prepare(model_id)
            mark = await mount.run(mark_of)
            code = Seen(name, equipment.edition, mount.generation, mark)
            known = self._known.get(model_id)
            if known is not None and known.code == code:
                return known.found
            # What is wrong with code may quote what it was given.
            found = Mask(equipment.variables.secrets).message(await self._find(model_id, name, equipment, terms))
            if not any(problem.kind in PASSING for problem in found.problems):
                self._known[model_id] = Known(code, found)
        if not found.problems:
            await self._saw_functions(model_id, found.functions)
        return found

    async def _find(self, model_id: ModelId, name: str, equipment: Equipment, terms: Terms) -> CodeCheck:
        try:
            async with asyncio.timeout(terms.allowed_seconds("codeStartup")) as limit:
                return await self._look(model_id, name, equipment, terms.resources)
        except LauncherLost as lost:
            message = outcomes.lost(lost, "codeStartup", terms).message
            return CodeCheck([], [_problem(name, message, "terminated")])
        except TimeoutError:
            if not limit.expired():
                raise
            message = outcomes.out_of_time(terms, "codeStartup").message
            return CodeCheck([], [_problem(name, message, "out_of_time")])

    async def _look(self, model_id: ModelId, name: str, equipment: Equipment, resources: Resources) -> CodeCheck:
        launcher = await Launcher.start(
            self._spawn,
            f"check-{new_id()}",
            equipment=equipment,
            model_id=model_id,
            language=CODE_FILES[name],
            resources=resources,
        )
        launcher.output.turn_to(Nobody())
        try:
            return await look_at(launcher, name)
        finally:
            await launcher.kill()


async def look_at(launcher: Launcher, name: str) -> CodeCheck:
    """The syntax of all files first: what is broken there is told by line, and code that cannot run is not run."""
    problems: list[CodeProblem] = []
    try:
        await launcher.check()
    except CallFailed as failed:
        problems = _problems(failed, name)
    if any(problem.path == name for problem in problems):
        return CodeCheck([], problems)
    try:
        return CodeCheck(await launcher.load(), problems)
    except CallFailed as failed:
        known = {(problem.path, problem.line) for problem in problems}
        more = [problem for problem in _problems(failed, name) if (problem.path, problem.line) not in known]
        return CodeCheck([], more + problems)


def _problems(failed: CallFailed, name: str) -> list[CodeProblem]:
    if not failed.said.problems:  # it could not even be read
        return [_problem(name, failed.said.message, "no_code")]
    return [_coded(problem) for problem in failed.said.problems]


def _coded(problem: Problem) -> CodeProblem:
    return CodeProblem(problem.path, problem.line, problem.column, problem.message, problem.kind)


def _problem(name: str, message: str, kind: ProblemKind) -> CodeProblem:
    return CodeProblem(name, 0, 0, message, kind)


async def _cancel(tasks: "Sequence[asyncio.Task[CodeCheck]]") -> None:
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks)
