"""All mounts of this host."""

import asyncio
import contextlib
from pathlib import Path

from ide_server.errors import FilesystemUnavailable
from ide_server.host.events import ModelEvents
from ide_server.host.mounts import stale
from ide_server.host.mounts.group import Group
from ide_server.host.mounts.mount import Limits, Mount, Places
from ide_server.settings import Settings
from ide_server.wire import ModelId, Usage

USAGE_SECONDS = 2.0


class Mounts:
    """Their processes are put into `group`, a control group's folder, if there is one."""

    def __init__(self, settings: Settings, events: ModelEvents, *, limits: Limits, group: Path | None = None) -> None:
        self._group = None if group is None else Group(group)
        self._settings = settings
        self._events = events
        self._limits = limits
        self._mounts: dict[ModelId, Mount] = {}
        self._closing: set[ModelId] = set()

    async def remove_stale(self) -> None:
        """Before the first mount: end and unmount what a server that was killed has left in this run_dir."""
        await asyncio.to_thread(_remove_stale, self._settings.run_path)

    async def get(self, model_id: ModelId) -> Mount:
        """Mounted on first need; concurrent callers share one start. Raises ModelNotFound, FilesystemUnavailable."""
        mount = await self._begun(model_id)
        await mount.wait_ready()
        return mount

    async def look_at(self, model_id: ModelId) -> Mount:
        """Mounted on first need; else as it stands, which may be down. Raises ModelNotFound, FilesystemUnavailable."""
        mount = await self._begun(model_id)
        if mount.generation == 0:
            await mount.wait_settled()
        return mount

    def mounted(self, model_id: ModelId) -> Mount | None:
        """The mount if it stands now."""
        mount = self._mounts.get(model_id)
        return mount if mount is not None and mount.standing.status == "ready" else None

    async def usage(self, model_id: ModelId) -> Usage | None:
        """What its filesystem holds, where that stands and answers soon."""
        mount = self.mounted(model_id)
        if mount is not None:
            with contextlib.suppress(FilesystemUnavailable, TimeoutError):
                async with asyncio.timeout(USAGE_SECONDS):
                    return await mount.usage()
        return None

    async def mount_again(self, model_id: ModelId) -> None:
        """At once, where it stays down. Raises ModelNotFound, FilesystemUnavailable."""
        mount = await self._begun(model_id)
        mount.try_again()
        await mount.wait_ready()

    def lost_since(self, model_id: ModelId, moment: float) -> bool:
        """Whether its process has ended since: programs have lost their open files, and their working directory."""
        mount = self._mounts.get(model_id)
        return mount is not None and mount.lost_at >= moment

    async def unmount(self, model_id: ModelId) -> None:
        """The caller has ended what uses it: what is still open there fails. Does nothing if it is not mounted."""
        mount = self._mounts.get(model_id)
        if mount is None or model_id in self._closing:
            return
        self._closing.add(model_id)
        try:
            await mount.close()
        finally:
            self._closing.discard(model_id)
            del self._mounts[model_id]

    async def close(self) -> None:
        async with asyncio.TaskGroup() as group:
            for model_id in list(self._mounts):
                group.create_task(self.unmount(model_id))
        if self._group is not None:
            self._group.remove()

    async def _begun(self, model_id: ModelId) -> Mount:
        if model_id not in self._mounts:
            await self._limits(model_id)  # raises ModelNotFound before anything is made for such a name
        return self._begin(model_id)

    def _begin(self, model_id: ModelId) -> Mount:
        """Without an await, so that nobody makes a second one meanwhile."""
        if model_id in self._closing:
            raise FilesystemUnavailable("The model's filesystem is being unmounted. Try again in a moment.")
        mount = self._mounts.get(model_id)
        if mount is None or mount.over:
            places = Places.of(self._settings, model_id)
            mount = Mount(model_id, places, limits=self._limits, events=self._events, group=self._group)
            self._mounts[model_id] = mount
        return mount


def _remove_stale(run_path: Path) -> None:
    """A sandbox's users reach mountpoints and views through mounts; control is the server's alone."""
    control, mounts, views = run_path / "control", run_path / "mounts", run_path / "views"
    control.mkdir(mode=0o700, parents=True, exist_ok=True)
    for folder in (mounts, views):
        folder.mkdir(mode=0o711, parents=True, exist_ok=True)
    for pid_file in control.glob("*.pid"):
        stale.end_process(pid_file, mounts / pid_file.stem)
    for folder in (views, mounts):
        for mountpoint in set(stale.present_mountpoints(folder)):
            stale.detach(mountpoint)
    for left in (*control.glob("*.sock"), *control.glob("*.count")):
        left.unlink()
