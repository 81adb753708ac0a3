"""The owner of `data_dir/environments`: what is offered, what a choice comes to, what is built, who uses it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence, Set

import msgspec

from ide_server import wire
from ide_server.errors import EnvironmentFailed, EnvironmentInUse, EnvironmentUnavailable, SlipwayError
from ide_server.host.environments import builder, bytecode, offering, resolution, survey
from ide_server.host.environments.building import Building, Report
from ide_server.host.environments.environment import Environment
from ide_server.host.environments.folders import Folders, Manifest, Use
from ide_server.host.environments.index import Index
from ide_server.host.environments.machine import Machine
from ide_server.host.environments.plan import Plan
from ide_server.host.environments.resolution import Question, Resolution, Resolutions
from ide_server.host.environments.survey import Survey
from ide_server.settings import MEBIBYTE, Settings
from ide_server.wire import EnvironmentChoice

CLEAN_SECONDS = 60.0

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
        """
        `keys_of_models`: environments that models name, which are in use even while nothing runs in them. Raises
        NotUnderstood for an environments.toml that is wrong.
        """
        self._folder = settings.data_dir / "environments"
        self._folders = Folders(self._folder)
        self._resolutions = Resolutions(self._folder / "resolutions")
        self._offering = offering.read(settings.data_dir)
        self._keys_of_models = keys_of_models
        self._incomplete: dict[Question, Resolution] = {}
        self._buildings: dict[str, Building] = {}
        self._machine = Machine(self._folder, self._offering)
        self._start_task: asyncio.Task[None] | None = None

    # --- life ---

    def start(self) -> None:
        """Builds the default and finds what can be offered before anybody asks."""
        self._start_task = asyncio.create_task(self._prepare(), name="environments")

    async def close(self) -> None:
        """What is half built then is gone, and so is who built it."""
        if self._start_task is not None:
            self._start_task.cancel()
            await asyncio.wait([self._start_task])
        await asyncio.gather(*(building.cancel() for building in list(self._buildings.values())))
        await self._machine.close()

    async def _prepare(self) -> None:
        await asyncio.to_thread(self._folders.remove_rubbish)
        for step in (self.default, self.offers):
            try:
                await step()
            except SlipwayError as error:  # whoever asks later tries again
                logger.warning("%s", error.message)

    # --- choices ---

    @property
    def default_choice(self) -> EnvironmentChoice:
        return self._offering.default_choice

    @property
    def distributions(self) -> Set[str]:
        """What registries call the packages that may be chosen."""
        return {name for package in self._offering.packages.values() for name in package.distributions}

    async def offers(self) -> wire.EnvironmentOffers:
        """What was found last, at once; only the first time ever it waits for the finding."""
        found = await self._machine.survey()
        built = await asyncio.to_thread(self._folders.manifests)
        return survey.offers(self._offering, found, built_nodes={each.node_version for each in built.values()})

    async def resolve(self, choice: EnvironmentChoice, *, refresh: bool = False) -> Plan:
        """
        A choice that was resolved before stays what it was, and needs no network, unless it is to be refreshed.

        Raises InvalidRequest for what is not offered, EnvironmentUnavailable for a combination that does not exist (its
        details: `available` has the versions of each chosen package for that Python), EnvironmentFailed where that
        could not be found out.
        """
        self._offering.check(choice)
        interpreter, fetch = await self._machine.interpreter(choice.python)
        question = await self._question(choice)
        if refresh:
            self._incomplete.pop(question, None)
        known = None if refresh else self._incomplete.get(question) or self._resolutions.get(question)
        found = known or await self._resolve(choice, question, interpreter.version)
        plan = Plan(choice, interpreter, fetch.key if fetch else None, found.locks, found.byte_sizes)
        return plan if found.complete else msgspec.structs.replace(plan, notice=notice(plan))

    async def _resolve(self, choice: EnvironmentChoice, question: Question, version: str) -> Resolution:
        uv, places = await self._machine.tools()
        try:
            async with Index(places) as index:
                found = await resolution.resolve(uv, index, question, version=version)
        except EnvironmentFailed as error:
            if resolution.NO_SOLUTION in error.details["said"]:
                raise EnvironmentUnavailable(error.message, available=await self._available(choice)) from error
            raise EnvironmentFailed(f"The registry of packages could not be asked: {error.details['said']}") from error
        if found.complete:
            self._resolutions.keep(question, found)
        else:
            self._incomplete[question] = found
        return found

    async def _available(self, choice: EnvironmentChoice) -> dict[str, list[str]]:
        found = await self._machine.survey()
        return {name: found.versions(self._offering.packages[name], choice.python) or [] for name in choice.packages}

    async def _question(self, choice: EnvironmentChoice) -> Question:
        found = await self._machine.survey() if choice.packages else Survey()
        requirements = tuple(
            f"{found.distribution(self._offering.packages[name], version, choice.python)}=={version}"
            for name, version in sorted(choice.packages.items())
        )
        backend = self._offering.torch.backend if "torch" in choice.packages else None
        return Question(choice.python, choice.node, requirements, backend)

    # --- environments ---

    async def default(self) -> Environment:
        """What a model without a choice gets; built if need be. Raises EnvironmentFailed, EnvironmentUnavailable."""
        plan = await self.resolve(self.default_choice)
        return self.find(plan.key) or await self.start_build(plan).wait()

    def find(self, key: str) -> Environment | None:
        """None: it is not built, or cannot be used any more."""
        return self._folders.find(key)

    def packages(self, key: str) -> Mapping[str, str]:
        """Version by name of what is preinstalled for Python. Raises EnvironmentNotFound."""
        return self._folders.manifest(key).python_packages

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

    async def list(self) -> Sequence[wire.BuiltEnvironment]:
        """The newest first."""
        named = await self._named()
        built = await asyncio.to_thread(self._folders.manifests)
        sizes = await asyncio.to_thread(self._folders.byte_sizes, list(built))
        found = [self._described(key, manifest, sizes[key], named) for key, manifest in built.items()]
        return sorted(found, key=lambda each: each.created_at, reverse=True)

    async def remove(self, key: str) -> None:
        """Raises EnvironmentNotFound, EnvironmentInUse."""
        manifest = self._folders.manifest(key)
        if key in await self._named():
            raise EnvironmentInUse(
                f"Environment {key!r} is in use: a model has it, or it is the default. Choose another there first."
            )
        await asyncio.to_thread(self._folders.remove, key)
        await self._clean(manifest)

    async def prune(self) -> Sequence[wire.BuiltEnvironment]:
        """Removes those nobody uses, and what was left half built; returns the former."""
        removed = []
        for each in await self.list():
            if not each.in_use:
                await self.remove(each.key)
                removed.append(each)
        await asyncio.to_thread(self._folders.remove_rubbish)
        return removed

    def _described(self, key: str, manifest: Manifest, byte_size: int, named: Set[str]) -> wire.BuiltEnvironment:
        return wire.BuiltEnvironment(
            key=key,
            choice=manifest.choice,
            python_version=manifest.interpreter.version,
            node_version=manifest.node_version,
            packages=manifest.python_packages,
            byte_size=byte_size,
            created_at=manifest.created_at,
            in_use=key in named or self._folders.in_use(key),
        )

    async def _named(self) -> Set[str]:
        """What is in use though nothing may run in it: models' environments, and the one that others get."""
        interpreter, _ = await self._machine.interpreter(self.default_choice.python)
        known = self._resolutions.get(await self._question(self.default_choice))
        default = {Plan(self.default_choice, interpreter, None, known.locks).key} if known else set()
        return await self._keys_of_models() | default

    async def _clean(self, removed: Manifest) -> None:
        """Also forgets what was kept for others to share, of packages that no other environment has."""
        await asyncio.to_thread(bytecode.remove_unused, self._folders.bytecode)
        kept = await asyncio.to_thread(builder.held, self._folders)
        names = [name for name, version in removed.packages.items() if (name, version) not in kept]
        if names:
            uv, _ = await self._machine.tools()
            async with asyncio.timeout(CLEAN_SECONDS):
                await uv.run("cache", "clean", "--quiet", *names, what="The cache of packages could not be cleaned")

    async def _build(self, plan: Plan, report: Report) -> Environment:
        uv, _ = await self._machine.tools()
        await builder.build(plan, self._folders, uv, report)
        if plan.fetch is not None:
            await self._machine.add(self._folders.manifest(plan.key).interpreter)
        question = await self._question(plan.choice)
        if (found := self._incomplete.pop(question, None)) is not None:
            self._resolutions.keep(question, found)  # as it is built, others who choose the same get it
        built = self.find(plan.key)
        if built is None:
            raise EnvironmentFailed(f"Environment {plan.key} was removed as soon as it was built. Choose it again.")
        return built


def notice(plan: Plan) -> str:
    size = sum(plan.byte_sizes.values()) // MEBIBYTE
    return (
        "PyTorch's own packages could not be reached, so torch is the one of the configured registry, which may bring "
        f"the libraries of a graphics card along: {size} MiB to download in all."
    )
