"""The owner of all persistent launchers: which there are, which have a place, and which an operation may have."""

import asyncio
import time
from collections.abc import Iterator, Sequence

from ide_server.catalog import Catalog, LauncherRecord, new_id
from ide_server.errors import AlreadyExists, InvalidRequest, LauncherBusy, LauncherNotFound, TooManyLaunchers
from ide_server.host.launchers.launch import Terms
from ide_server.host.launchers.persistent import Persistent, Upkeep
from ide_server.host.launchers.queue import Job
from ide_server.settings import Settings
from ide_server.wire import LauncherChoice, LauncherId, ModelId

MAX_NAME_CHARACTERS = 100
NO_PLACE = "There is no place for it: of the {most} launchers that the server may run one is always left to others."


class PersistentLaunchers:
    def __init__(self, settings: Settings, catalog: Catalog, around: Upkeep) -> None:
        self._catalog = catalog
        self._around = around
        self._most = max(0, settings.max_launchers - 1)
        self._no_place = NO_PLACE.format(most=settings.max_launchers)
        self._all: dict[LauncherId, Persistent] = {}
        """The oldest first."""
        self._changing = asyncio.Lock()

    async def start(self) -> None:
        """They start one after the other, in the background."""
        for record in await self._catalog.launchers.list():
            self._all[record.id] = Persistent(record, await self._terms(record.model_id, record.choice), self._around)
        self._give_places()

    async def close(self) -> None:
        await asyncio.gather(*(each.end() for each in self._all.values()))

    def list(self, model_id: ModelId | None = None) -> Sequence[Persistent]:
        return [each for each in self._all.values() if model_id in (None, each.model_id)]

    def find(self, launcher_id: LauncherId) -> Persistent | None:
        return self._all.get(launcher_id)

    def get(self, model_id: ModelId, launcher_id: LauncherId) -> Persistent:
        """Raises LauncherNotFound, also for one of another model."""
        found = self._all.get(launcher_id)
        if found is None or found.model_id != model_id:
            raise LauncherNotFound(f"Model {model_id!r} has no persistent launcher {launcher_id[:40]!r}.")
        return found

    def free_for(self, job: Job) -> Persistent | None:
        """The one that an operation names, or one that fits it, rather one that is ready; None if it is not free."""
        if job.launcher_id is None:
            return max(self._fitting(job), key=lambda each: each.status == "ready", default=None)
        named = self._all.get(job.launcher_id)
        return named if named is not None and named.is_free else None

    async def create(self, model_id: ModelId, choice: LauncherChoice) -> Persistent:
        """Raises ModelNotFound, StateNotFound, InvalidRequest, AlreadyExists, TooManyLaunchers."""
        async with self._changing:
            terms = await self._checked(model_id, choice)
            if len(self._all) >= self._most:
                raise TooManyLaunchers(f"{self._no_place} Remove another persistent launcher, or raise max_launchers.")
            record = LauncherRecord(LauncherId(new_id()), model_id, time.time(), choice)
            await self._catalog.launchers.create(record)
            made = self._all[record.id] = Persistent(record, terms, self._around)
            self._give_places()
            return made

    async def change(self, model_id: ModelId, launcher_id: LauncherId, choice: LauncherChoice) -> Persistent:
        """Holds from its next start or operation on. Raises as create does, and LauncherNotFound."""
        async with self._changing:
            changed = self.get(model_id, launcher_id)
            terms = await self._checked(model_id, choice, besides=launcher_id)
            await self._catalog.launchers.change(launcher_id, choice)
            changed.change(choice, terms)
            return changed

    async def remove(self, model_id: ModelId, launcher_id: LauncherId) -> None:
        """Nothing of it is left on return. Raises LauncherNotFound, LauncherBusy."""
        async with self._changing:
            removed = self.get(model_id, launcher_id)
            if removed.operation_id is not None:
                raise LauncherBusy(f"The launcher works on operation {removed.operation_id}. Stop that first.")
            del self._all[launcher_id]
            await self._catalog.launchers.delete(launcher_id)
            await removed.end()
            self._give_places()
            self._around.changed(model_id)

    async def remove_all(self, model_id: ModelId) -> None:
        """Of a model that is being deleted, and their rows with it; no operation has one."""
        async with self._changing:
            ended = [self._all.pop(each.id) for each in self.list(model_id)]
            await asyncio.gather(*(each.end() for each in ended))
            self._give_places()

    def renew(self, model_id: ModelId) -> None:
        """What they are started with may be another now."""
        for each in self.list(model_id):
            each.renew()

    def active_state_changed(self, model_id: ModelId) -> None:
        """Those that follow it instantiate it before anybody asks."""
        for each in self.list(model_id):
            if each.follows_active_state:
                each.renew()

    async def launch_changed(self, model_id: ModelId) -> None:
        for each in self.list(model_id):
            each.change(each.choice, await self._terms(model_id, each.choice))

    def _fitting(self, job: Job) -> Iterator[Persistent]:
        if job.operation.kind in ("train", "debug"):  # which would leave it to be started anew
            return
        if job.operation.snapshot_id is not None:  # whose code is another
            return
        for each in self._all.values():
            knows_state = each.choice.level != "state_instantiated" or each.choice.state_id in job.state_ids
            is_meant = each.model_id == job.operation.model_id and each.terms.resources == job.terms.resources
            if is_meant and knows_state and each.is_free:
                yield each

    def _give_places(self) -> None:
        places = list(self._all.values())
        self._around.pool.reserve(len(places[: self._most]))
        for each in places[: self._most]:
            each.begin()
        for each in places[self._most :]:
            each.refuse(f"{self._no_place} Remove another persistent launcher.")

    async def _checked(self, model_id: ModelId, choice: LauncherChoice, *, besides: LauncherId | None = None) -> Terms:
        terms = await self._terms(model_id, choice)
        self._around.launches.check(choice.spec)
        if not 0 < len(choice.name.strip()) <= MAX_NAME_CHARACTERS:
            raise InvalidRequest(f"Expected a name of 1 to {MAX_NAME_CHARACTERS} characters, got {choice.name!r:.200}.")
        if any(each.choice.name == choice.name and each.id != besides for each in self.list(model_id)):
            raise AlreadyExists(f"The model has a persistent launcher {choice.name!r} already. Choose another name.")
        if choice.state_id is not None:
            await self._catalog.states.get(model_id, choice.state_id)
        return terms

    async def _terms(self, model_id: ModelId, choice: LauncherChoice) -> Terms:
        launches = self._around.launches
        return launches.terms(await launches.choice(model_id), "evaluate", choice.spec)
