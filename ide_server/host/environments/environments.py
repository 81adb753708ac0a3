"""The owner of `data_dir/environments`: what is offered, what a choice comes to, what is built, who uses it."""

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable, Mapping, Set

from ide_server.errors import EnvironmentFailed, EnvironmentInUse, EnvironmentUnavailable, InvalidRequest, SlipwayError
from ide_server.host.environments import builder, interpreters, offering, registries, resolution
from ide_server.host.environments.building import Building, Report
from ide_server.host.environments.environment import Environment
from ide_server.host.environments.folders import Folders, Use
from ide_server.host.environments.interpreters import Interpreter
from ide_server.host.environments.plan import Plan
from ide_server.host.environments.resolution import Question, Resolutions
from ide_server.host.environments.uv import Uv, UvFailed
from ide_server.settings import Settings
from ide_server.wire import EnvironmentChoice

logger = logging.getLogger(__name__)

KeysOfModels = Callable[[], Awaitable[Set[str]]]


async def no_models() -> Set[str]:
    return frozenset()


class Environments:
    """
    A choice (wire.EnvironmentChoice) is resolved to a plan, whose key names what it comes to:

        plan = await environments.resolve(choice)
        environment = environments.find(plan.key) or await environments.start_build(plan).wait()
        with environments.use(environment.key): ...
    """

    def __init__(self, settings: Settings, *, keys_of_models: KeysOfModels = no_models) -> None:
        """`keys_of_models`: environments that models name, which are in use even while nothing runs in them."""
        self._folder = settings.data_dir / "environments"
        self._folders = Folders(self._folder)
        self._resolutions = Resolutions(self._folder / "resolutions")
        self._offering = offering.read(settings.data_dir)
        self._keys_of_models = keys_of_models
        self._buildings: dict[str, Building] = {}
        self._tools: asyncio.Task[Uv] | None = None
        self._search: asyncio.Task[list[Interpreter]] | None = None
        self._prebuild: asyncio.Task[None] | None = None

    # --- life ---

    def start(self) -> None:
        """Builds the default before it is asked for, so that the first terminal does not wait for it."""
        self._prebuild = asyncio.create_task(self._build_default(), name="default environment")

    async def close(self) -> None:
        """What is half built then is gone, and so is who built it."""
        tasks = [task for task in (self._prebuild, self._tools, self._search) if task is not None]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        await asyncio.gather(*(building.cancel() for building in list(self._buildings.values())))

    # --- choices ---

    @property
    def default_choice(self) -> EnvironmentChoice:
        return self._offering.default_choice

    async def resolve(self, choice: EnvironmentChoice, *, refresh: bool = False) -> Plan:
        """
        A choice that was resolved before stays what it was, and needs no network, unless it is to be refreshed.

        Raises InvalidRequest for what is not offered, EnvironmentUnavailable for a combination that does not exist.
        """
        self._offering.check(choice)
        interpreter = await self._interpreter(choice.python)
        question = self._question(choice)
        found = None if refresh else self._resolutions.get(question)
        if found is None:
            try:
                found = await resolution.resolve(await self._uv(), question)
            except UvFailed as error:
                raise EnvironmentUnavailable(error.message, available={}) from error
            self._resolutions.keep(question, found)
        return Plan(choice, interpreter, None, found.locks, found.notice)

    # --- environments ---

    async def default(self) -> Environment:
        """What a model without a choice gets; built if need be. Raises EnvironmentFailed, EnvironmentUnavailable."""
        plan = await self.resolve(self.default_choice)
        return self.find(plan.key) or await self.start_build(plan).wait()

    def find(self, key: str) -> Environment | None:
        """None: it is not built, or cannot be used any more."""
        return self._folders.find(key)

    def packages(self, key: str) -> Mapping[str, str]:
        """Version by name of what is preinstalled. Raises EnvironmentNotFound."""
        return self._folders.manifest(key).packages

    def use(self, key: str) -> Use:
        """Keeps it from being removed, by whatever process, until it is closed. Raises EnvironmentNotFound."""
        return self._folders.use(key)

    def start_build(self, plan: Plan) -> Building:
        """The one on its way if there is one. Whoever calls this wants it, until they call `abandon`."""
        building = self._buildings.get(plan.key)
        if building is None or building.over:
            building = Building(plan, lambda report: self._build(plan, report))
            self._buildings[plan.key] = building
        building.want()
        return building

    async def remove(self, key: str) -> None:
        """Raises EnvironmentNotFound, EnvironmentInUse."""
        if key in await self._keys_of_models():
            raise EnvironmentInUse(f"Environment {key!r} is in use: a model has it. Choose another there first.")
        await asyncio.to_thread(self._folders.remove, key)

    # --- inner ---

    async def _build(self, plan: Plan, report: Report) -> Environment:
        await builder.build(plan, self._folders, await self._uv(), report)
        found = self.find(plan.key)
        if found is None:
            raise EnvironmentFailed(f"The environment was removed while it was built; {plan.key} is gone. Try again.")
        return found

    async def _build_default(self) -> None:
        """A failure is only logged: who asks later tries again."""
        try:
            await self.default()
        except SlipwayError as error:
            logger.warning("%s", error.message)

    def _question(self, choice: EnvironmentChoice) -> Question:
        requirements = tuple(
            f"{self._offering.packages[name].distributions[0]}=={version}"
            for name, version in sorted(choice.packages.items())
        )
        backend = self._offering.torch.backend if "torch" in choice.packages else None
        return Question(choice.python, choice.node, requirements, backend)

    async def _interpreter(self, minor: str) -> Interpreter:
        for interpreter in await self._interpreters():
            if interpreter.minor == minor:
                return interpreter
        raise InvalidRequest(f"Python {minor} is not on this machine.")

    async def _interpreters(self) -> list[Interpreter]:
        if self._search is None:
            folders = interpreters.folders_of(os.environ, fetched=self._folder / "pythons")
            self._search = asyncio.create_task(interpreters.find(folders), name="search for interpreters")
        return await asyncio.shield(self._search)

    async def _uv(self) -> Uv:
        if self._tools is None:
            self._tools = asyncio.create_task(self._find_uv(), name="configuration of pip")
        return await asyncio.shield(self._tools)

    async def _find_uv(self) -> Uv:
        return Uv(self._folder, await registries.configured())
