"""All launchers of this host, temporary and persistent: which an operation may have, and what is told of them."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from ide_server.catalog import Catalog
from ide_server.errors import InvalidRequest, LauncherBusy
from ide_server.host.events import ModelEvents
from ide_server.host.launchers.announcements import Announcements
from ide_server.host.launchers.launch import Launches
from ide_server.host.launchers.persistent import Persistent, Sight, Upkeep
from ide_server.host.launchers.persistent_launchers import PersistentLaunchers
from ide_server.host.launchers.pool import Place, Pool, Warm
from ide_server.host.launchers.queue import Job
from ide_server.host.launchers.sampler import Sampled, Sampler
from ide_server.host.launchers.spawn import Spawn
from ide_server.host.states import States
from ide_server.settings import Settings
from ide_server.wire import Launcher, LauncherChoice, LauncherId, LaunchersChanged, LauncherUsage, ModelId

TOLD_SECONDS = 0.25
STARTS_AT_ONCE = 1
"""Of persistent launchers: a server that starts is not held up by all of them."""


class Launchers:
    def __init__(
        self,
        settings: Settings,
        catalog: Catalog,
        events: ModelEvents,
        *,
        spawn: Spawn,
        states: States,
        launches: Launches,
        sight: Sight,
        freed: Callable[[], None],
        sampled: Sampled,
    ) -> None:
        """`freed` is called when an operation that waits may find a place, `sampled` as Sampler says."""
        self._catalog = catalog
        self._told = Announcements(
            lambda model_id: events.publish(model_id, LaunchersChanged([*self.shown(model_id)])), seconds=TOLD_SECONDS
        )
        self._pool = Pool(settings, spawn, changed=self._told.soon)
        upkeep = Upkeep(
            spawn=spawn,
            pool=self._pool,
            states=states,
            launches=launches,
            sight=sight,
            changed=self._told.soon,
            freed=freed,
            turns=asyncio.Semaphore(STARTS_AT_ONCE),
        )
        self._persistent = PersistentLaunchers(settings, catalog, upkeep)
        self._sampler = Sampler(self._present, sampled)

    async def start(self) -> None:
        self._sampler.start()
        await self._persistent.start()

    async def close(self) -> None:
        """No operation has one any more."""
        await self._sampler.close()
        await self._persistent.close()
        await self._pool.close()
        self._told.close()

    # --- for operations ---

    def named(self, model_id: ModelId, launcher_id: LauncherId) -> Persistent:
        """One that an operation may wait for. Raises LauncherNotFound, InvalidRequest."""
        found = self._persistent.get(model_id, launcher_id)
        if not found.has_begun:
            raise InvalidRequest(f"This launcher runs nothing. {found.message}")
        return found

    def is_gone(self, job: Job) -> bool:
        """The launcher that it waits for."""
        return job.launcher_id is not None and self._persistent.find(job.launcher_id) is None

    def has_room(self) -> bool:
        """Whether there may be a place for any operation."""
        return self._pool.is_free or any(each.is_free for each in self._persistent.list())

    def claim(self, job: Job) -> Place | None:
        """A place for it, or None as long as there is none. An operation that names no launcher has a fitting
        persistent one, if that is free, before a temporary one."""
        found = self._persistent.free_for(job)
        if found is not None:
            found.claim(job.operation.id)
            job.terms = replace(job.terms, spec=found.terms.spec)
            return found
        if job.launcher_id is None and self._pool.is_free:
            self._pool.claim()
            return self._pool
        return None

    @property
    def most_sessions(self) -> int:
        """How many debug sessions may have a launcher at once: where there are more than one, one is left to others."""
        return max(1, self._pool.capacity - 1)

    # --- for people ---

    async def list(self, model_id: ModelId | None = None) -> Sequence[Launcher]:
        """Of a model or of the server. Raises ModelNotFound."""
        if model_id is not None:
            await self._catalog.models.get(model_id)
        return self.shown(model_id)

    def shown(self, model_id: ModelId | None = None) -> Sequence[Launcher]:
        """Persistent ones first."""
        return [*(each.shown() for each in self._persistent.list(model_id)), *self._temporary(model_id)]

    def usage(self, model_id: ModelId, launcher_id: LauncherId) -> Sequence[LauncherUsage]:
        """Of its present process, in the last minutes. Raises LauncherNotFound."""
        for warm in self._present():
            if (warm.id, warm.fit.model_id) == (launcher_id, model_id):
                return warm.meter.samples
        self._persistent.get(model_id, launcher_id)  # one without a process uses nothing
        return []

    async def create(self, model_id: ModelId, choice: LauncherChoice) -> Launcher:
        """Raises ModelNotFound, StateNotFound, InvalidRequest, AlreadyExists, TooManyLaunchers."""
        return (await self._persistent.create(model_id, choice)).shown()

    async def change(self, model_id: ModelId, launcher_id: LauncherId, choice: LauncherChoice) -> Launcher:
        """A persistent one. Raises as create does, and LauncherNotFound."""
        return (await self._persistent.change(model_id, launcher_id, choice)).shown()

    async def remove(self, model_id: ModelId, launcher_id: LauncherId) -> None:
        """A persistent one, or one that is idle; it is gone on return. Raises LauncherNotFound, LauncherBusy."""
        temporary = next((warm for warm, _ in self._pool.present() if warm.id == launcher_id), None)
        if temporary is None or temporary.fit.model_id != model_id:
            await self._persistent.remove(model_id, launcher_id)
        elif temporary.operation_id is not None:
            raise LauncherBusy(f"The launcher works on operation {temporary.operation_id}. Stop that first.")
        else:
            await self._pool.end_idle(launcher_id)

    # --- for what they are started with ---

    def retire(self, model_id: ModelId) -> None:
        """It has changed: idle ones end, or are started anew."""
        self._pool.retire(model_id)
        self._persistent.renew(model_id)

    def active_state_changed(self, model_id: ModelId) -> None:
        self._persistent.active_state_changed(model_id)

    async def launch_changed(self, model_id: ModelId) -> None:
        await self._persistent.launch_changed(model_id)

    async def remove_all(self, model_id: ModelId) -> None:
        """Of a model that is being deleted; no operation has one any more."""
        await self._persistent.remove_all(model_id)
        await self._pool.retire_all(model_id)

    def _present(self) -> Iterator[Warm]:
        """All that have a process."""
        yield from (warm for warm, _ in self._pool.present())
        yield from (each.warm for each in self._persistent.list() if each.warm is not None)

    def _temporary(self, model_id: ModelId | None) -> Iterator[Launcher]:
        for warm, until in self._pool.present():
            if model_id in (None, warm.fit.model_id):
                yield temporary(warm, until)


def temporary(warm: Warm, idle_until: float | None) -> Launcher:
    return Launcher(
        id=warm.id,
        model_id=warm.fit.model_id,
        name=warm.name,
        choice=None,
        spec=warm.spec,
        status="ready" if warm.operation_id is None else "working",
        message="",
        level=warm.level,
        state_id=warm.state_id,
        operation_id=warm.operation_id,
        started_at=warm.started_at,
        idle_until=idle_until,
        operations=warm.operations,
        restarts=0,
    )
