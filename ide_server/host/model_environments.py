"""The environment of each model: chosen, built where it is not there yet, and then what its terminals and runs get.

docs/environments.md says what a person sees of it.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager
from functools import partial
from typing import Protocol

import msgspec

from ide_server.catalog import Catalog, ModelRecord
from ide_server.errors import EnvironmentFailed, SlipwayError
from ide_server.host.environments import Building, Plan
from ide_server.host.equipment import Edition, Equipment
from ide_server.host.events import ModelEvents
from ide_server.host.mounted_models import MountedModels
from ide_server.host.sandbox import Environment
from ide_server.host.variables import Variables
from ide_server.wire import Build, BuildStatus, EnvironmentChanged, EnvironmentChoice, ModelEnvironment, ModelId

REPORT_SECONDS = 0.25
"""Between two events about a build: its bytes come in faster than anybody reads."""

SETTLE_SECONDS = 0.5
"""How long an environment that is there may take to be found: milliseconds, where it was looked for before."""

CANCELLED = "The build of the model's environment was cancelled. Choose an environment in the model's settings."
UNEXPECTED = "The server failed while it built the environment; its log has the cause."

logger = logging.getLogger(__name__)


class Store(Protocol):
    """What is used of `Environments`, the owner of what is built."""

    @property
    def default_choice(self) -> EnvironmentChoice: ...
    async def resolve(self, choice: EnvironmentChoice) -> Plan: ...
    def find(self, key: str) -> Environment | None: ...
    def packages(self, key: str) -> Mapping[str, str]: ...
    def start_build(self, plan: Plan) -> Building: ...
    def use(self, key: str) -> AbstractContextManager[object]: ...


class Chosen:
    """What is known of one model's environment.

    It changes without await, or by who holds `deciding`. Where None stands for a choice, it is the server's default.
    """

    def __init__(self, record: ModelRecord, environment: Environment | None) -> None:
        self.model_id = record.id
        self.deciding = asyncio.Lock()
        self.choice = record.environment
        """In use, or to be used as soon as it is there."""
        self.environment = environment
        """The one in use."""
        self.wanted = record.wanted_environment
        """To be used in place of the one in use once it is there; None: nothing else is wanted."""
        self.pursuit: asyncio.Task[None] | None = None
        """Of what is wanted, or of the one in use where that is not there."""
        self.progress: Build | None = None
        """Of the pursuit; None: there is none."""
        self.failed: Build | None = None
        """How the pursuit of what was chosen last ended, if it was in vain."""

    @property
    def is_due(self) -> bool:
        """Something is to be pursued, and nothing is."""
        pursued = self.pursuit is not None and not self.pursuit.done()
        return not pursued and (self.wanted is not None or self.environment is None)


class ModelEnvironments:
    """
    A choice whose environment is not there is wanted, and pursued until it is built: by whichever process serves the
    model, so after a restart from when the model is used or its page opened. If that fails it is wanted no more. All
    the while the environment in use stays so.
    """

    def __init__(
        self, catalog: Catalog, store: Store, variables: Variables, mounted: MountedModels, events: ModelEvents
    ) -> None:
        self._catalog = catalog
        self._store = store
        self._variables = variables
        self._mounted = mounted
        self._events = events
        self._chosen: dict[ModelId, Chosen] = {}
        self._listeners: list[Callable[[ModelId], None]] = []

    def on_change(self, listener: Callable[[ModelId], None]) -> None:
        """Called when another environment has come into use for a model."""
        self._listeners.append(listener)

    async def close(self) -> None:
        """What is pursued stays wanted."""
        await asyncio.gather(*(stop(chosen.pursuit) for chosen in self._chosen.values()))

    # --- what a person does ---

    async def get(self, model_id: ModelId) -> ModelEnvironment:
        """Raises ModelNotFound."""
        return self._shown(await self._look(model_id))

    async def choose(self, model_id: ModelId, choice: EnvironmentChoice) -> ModelEnvironment:
        """In use at once if it is built; else its build goes on after this returns, in place of the one before.

        Raises ModelNotFound, InvalidRequest, EnvironmentUnavailable.
        """
        chosen = await self._look(model_id)
        async with chosen.deciding:
            plan = await self._store.resolve(choice)
            chosen.failed = None
            environment = self._store.find(plan.key)
            if environment is not None:
                await stop(chosen.pursuit)
                await self._adopt(chosen, choice, environment)
            else:
                await self._want(chosen, choice)
                previous, building = chosen.pursuit, self._store.start_build(plan)
                self._pursue(chosen, choice, partial(self._built, chosen, building))
                # Last, so that a build that both want is never without one who wants it.
                await stop(previous)
        return self._shown(chosen)

    async def cancel_build(self, model_id: ModelId) -> None:
        """Others who want the same environment go on building it. Raises ModelNotFound."""
        chosen = await self._look(model_id)
        async with chosen.deciding:
            if chosen.progress is not None:
                await stop(chosen.pursuit)
                await self._give_up(chosen, status="cancelled")

    async def present(self, model_id: ModelId) -> tuple[EnvironmentChoice, Mapping[str, str]]:
        """The choice in use, and what it has preinstalled: version by name. Raises ModelNotFound."""
        chosen = await self._look(model_id)
        preinstalled = {} if chosen.environment is None else self._store.packages(chosen.environment.key)
        return chosen.choice or self._store.default_choice, preinstalled

    async def forget(self, model_id: ModelId) -> None:
        """The model is being deleted."""
        if (chosen := self._chosen.pop(model_id, None)) is not None:
            await stop(chosen.pursuit)

    # --- what its terminals and launchers get ---

    async def equip(self, model_id: ModelId) -> Equipment:
        chosen = await self._known(model_id)
        environment = chosen.environment or await self._obtain(chosen)
        variables, mounted = await self._variables.environment_of(model_id), await self._mounted.mounts_of(model_id)
        return Equipment(environment, variables, mounted)

    async def equip_with(self, model_id: ModelId, choice: EnvironmentChoice | None) -> Equipment:
        chosen = choice or self._store.default_choice
        environment = await self._reach_beside(chosen)
        variables, mounted = await self._variables.environment_of(model_id), await self._mounted.mounts_of(model_id)
        return Equipment(environment, variables, mounted)

    def present_edition(self, model_id: ModelId) -> Edition | None:
        chosen = self._chosen.get(model_id)
        if chosen is None or chosen.environment is None:
            return None
        variables, mounted = self._variables.revision_of(model_id), self._mounted.revision_of(model_id)
        return Edition(chosen.environment.key, variables, mounted)

    def use(self, environment: Environment) -> AbstractContextManager[object]:
        return self._store.use(environment.key)

    # --- inner ---

    async def _known(self, model_id: ModelId) -> Chosen:
        chosen = self._chosen.get(model_id)
        if chosen is None:
            record = await self._catalog.models.get(model_id)
            key = record.environment_key
            chosen = self._chosen.setdefault(model_id, Chosen(record, None if key is None else self._store.find(key)))
        elif chosen.environment is not None:
            chosen.environment = self._store.find(chosen.environment.key)  # it may have been removed meanwhile
        if chosen.is_due and chosen.failed is None and not chosen.deciding.locked():
            self._pursue_due(chosen)
        return chosen

    async def _look(self, model_id: ModelId) -> Chosen:
        """As it stands for a person: what failed is not tried again, and what is found at once is waited for."""
        chosen = await self._known(model_id)
        if chosen.environment is None and chosen.pursuit is not None:
            await asyncio.wait([chosen.pursuit], timeout=SETTLE_SECONDS)
        return chosen

    async def _obtain(self, chosen: Chosen) -> Environment:
        """The one in use, as soon as there is one. Tries again what failed before. Raises EnvironmentFailed."""
        async with chosen.deciding:
            if chosen.is_due:
                self._pursue_due(chosen)
        while chosen.environment is None:
            pursuit = chosen.pursuit
            assert pursuit is not None  # begun above, if not before
            await asyncio.wait([pursuit])
            async with chosen.deciding:  # who ended it has then decided what comes after it
                if chosen.environment is None and chosen.pursuit is pursuit:
                    raise EnvironmentFailed((chosen.failed and chosen.failed.message) or CANCELLED)
        return chosen.environment

    def _pursue_due(self, chosen: Chosen) -> None:
        choice = chosen.wanted or chosen.choice
        self._pursue(chosen, choice, partial(self._reached, chosen, choice or self._store.default_choice))

    def _pursue(
        self, chosen: Chosen, choice: EnvironmentChoice | None, reach: Callable[[], Awaitable[Environment]]
    ) -> None:
        chosen.progress = begun(choice or self._store.default_choice)
        name = f"environment of {chosen.model_id}"
        chosen.pursuit = asyncio.create_task(self._reach(chosen, choice, reach), name=name)
        self._publish(chosen)

    async def _reach(
        self, chosen: Chosen, choice: EnvironmentChoice | None, reach: Callable[[], Awaitable[Environment]]
    ) -> None:
        failure = ""
        try:
            environment = await reach()
        except SlipwayError as error:
            failure = error.message
        # A fault of ours in one build must not leave its page without an answer: it is in the server's log.
        except Exception:
            logger.exception("The environment of model %s could not be built.", chosen.model_id)
            failure = UNEXPECTED
        async with chosen.deciding:
            if failure:
                await self._give_up(chosen, status="failed", message=failure)
            else:
                await self._adopt(chosen, choice, environment)

    async def _reached(self, chosen: Chosen, choice: EnvironmentChoice) -> Environment:
        plan = await self._store.resolve(choice)
        return self._store.find(plan.key) or await self._built(chosen, self._store.start_build(plan))

    async def _reach_beside(self, choice: EnvironmentChoice) -> Environment:
        """Whichever the model has. Nobody is told how far a build is, but whoever has chosen the same."""
        plan = await self._store.resolve(choice)
        if (environment := self._store.find(plan.key)) is not None:
            return environment
        building = self._store.start_build(plan)
        try:
            return await building.wait()
        finally:
            await building.abandon()

    async def _built(self, chosen: Chosen, building: Building) -> Environment:
        try:
            async for _ in building.changes():
                await asyncio.sleep(REPORT_SECONDS)
                if building.state.status == "running":
                    chosen.progress = building.state
                    self._publish(chosen)
            return await building.wait()
        finally:
            await building.abandon()

    async def _want(self, chosen: Chosen, choice: EnvironmentChoice | None) -> None:
        await self._catalog.models.want_environment(chosen.model_id, choice)
        chosen.wanted = choice

    async def _adopt(self, chosen: Chosen, choice: EnvironmentChoice | None, environment: Environment) -> None:
        if choice is not None:
            await self._catalog.models.set_environment(chosen.model_id, choice, key=environment.key)
        chosen.choice, chosen.environment = choice, environment
        chosen.wanted = chosen.progress = None
        if chosen.failed is not None and chosen.failed.choice == (choice or self._store.default_choice):
            chosen.failed = None
        self._publish(chosen)
        for listener in self._listeners:
            listener(chosen.model_id)

    async def _give_up(self, chosen: Chosen, *, status: BuildStatus, message: str = "") -> None:
        assert chosen.progress is not None  # there is a pursuit to give up
        await self._want(chosen, None)
        chosen.failed = msgspec.structs.replace(chosen.progress, status=status, message=message)
        chosen.progress = None
        self._publish(chosen)

    def _shown(self, chosen: Chosen) -> ModelEnvironment:
        key = None if chosen.environment is None else chosen.environment.key
        return ModelEnvironment(chosen.choice or self._store.default_choice, key, chosen.progress or chosen.failed)

    def _publish(self, chosen: Chosen) -> None:
        self._events.publish(chosen.model_id, EnvironmentChanged(self._shown(chosen)))


def begun(choice: EnvironmentChoice) -> Build:
    return Build(choice, "running", "resolving", 0, 0, 0, 0, time.time())


async def stop(task: "asyncio.Task[None] | None") -> None:
    if task is not None:
        task.cancel()
        await asyncio.wait([task])
