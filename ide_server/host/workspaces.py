"""Workspaces: one sandbox per model, in which a person works; started on first need."""

import asyncio
from typing import NamedTuple

from ide_server.errors import SandboxFailed
from ide_server.host.environments import Environments
from ide_server.host.mounts import Mount, Mounts
from ide_server.host.sandbox import Sandbox, Sandboxes, workspace_spec
from ide_server.settings import Settings
from ide_server.wire import ModelId


class Workspace(NamedTuple):
    sandbox: Sandbox
    lineage: int
    """Of the mount it sees as /model: those of a later lineage do not reach into it."""


class Workspaces:
    def __init__(self, settings: Settings, sandboxes: Sandboxes, environments: Environments, mounts: Mounts) -> None:
        self._settings = settings
        self._sandboxes = sandboxes
        self._environments = environments
        self._mounts = mounts
        self._starts: dict[ModelId, asyncio.Task[Workspace]] = {}

    async def get(self, model_id: ModelId) -> Sandbox:
        """The running sandbox; a new one if there is none, it died, or its filesystem had to be mounted anew.

        Concurrent callers share one start. Raises ModelNotFound, FilesystemUnavailable, SandboxFailed.
        """
        mount = await self._mounts.get(model_id)
        start = self._starts.get(model_id)
        if start is None or (start.done() and not serves(start, mount)):
            start = asyncio.create_task(self._start(model_id, mount, start), name=f"workspace {model_id}")
            self._starts[model_id] = start
        await asyncio.wait([start])  # a caller that gives up leaves the start to the others
        if start.cancelled():
            raise SandboxFailed("The model's workspace was stopped while it was starting. Open the terminal again.")
        return start.result().sandbox

    async def stop(self, model_id: ModelId) -> None:
        """Ends all that runs in the workspace. Does nothing if there is none."""
        start = self._starts.pop(model_id, None)
        if start is not None:
            start.cancel()
            await asyncio.wait([start])
            await stop_started(start)

    async def close(self) -> None:
        async with asyncio.TaskGroup() as stops:
            for model_id in list(self._starts):
                stops.create_task(self.stop(model_id))

    async def _start(self, model_id: ModelId, mount: Mount, previous: asyncio.Task[Workspace] | None) -> Workspace:
        if previous is not None:
            await stop_started(previous)
        environment = await self._environments.default()
        spec = workspace_spec(self._settings, environment, mount.path)
        lineage = mount.lineage
        # No await after this one: a start that is cancelled has either made no sandbox or returns it.
        return Workspace(await self._sandboxes.start(spec, name=f"workspace-{model_id}"), lineage)


def serves(start: asyncio.Task[Workspace], mount: Mount) -> bool:
    workspace = started(start)
    return workspace is not None and workspace.lineage == mount.lineage


def started(start: asyncio.Task[Workspace]) -> Workspace | None:
    """What a start that is over has made, if it still runs."""
    if start.cancelled() or start.exception() is not None or start.result().sandbox.ended:
        return None
    return start.result()


async def stop_started(start: asyncio.Task[Workspace]) -> None:
    if (workspace := started(start)) is not None:
        await workspace.sandbox.stop()
