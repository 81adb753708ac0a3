"""Workspaces: the sandboxes a person works in, started on first need.

A model has one of its present environment and mounted models, in which all that is new starts, and one of each earlier
combination in which something still runs: it ends with the last of that.
"""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count

from ide_server.errors import SandboxFailed
from ide_server.host.equipment import Edition, Equipment, EquipmentSource
from ide_server.host.mounted_models import filesystems_of, views_of
from ide_server.host.mounts import Mount, Mounts
from ide_server.host.sandbox import Child, Pty, Sandbox, Sandboxes, workspace_spec
from ide_server.host.sandbox import Mount as SandboxMount
from ide_server.settings import Settings
from ide_server.wire import ModelId


class Workspace:
    """One sandbox, from the moment its start begins."""

    def __init__(self, model_id: ModelId, edition: Edition, reach: "Reach", start: "asyncio.Task[Sandbox]") -> None:
        self.model_id = model_id
        self.made_of = edition.of_sandbox
        self.lineages = reach.lineages
        """Of the mounts it sees: those of a later lineage do not reach into it."""
        self.users = 0
        """Seats in it, and callers who wait for one."""
        self._start = start

    @property
    def alive(self) -> bool:
        """It starts or runs."""
        return not self._start.done() or self.running is not None

    @property
    def running(self) -> Sandbox | None:
        """The sandbox that its start has made, if it still runs."""
        if not self._start.done() or self._start.cancelled() or self._start.exception() is not None:
            return None
        sandbox = self._start.result()
        return None if sandbox.ended else sandbox

    async def wait_started(self) -> Sandbox:
        await asyncio.wait([self._start])  # a caller that gives up leaves the start to the others
        if self._start.cancelled():
            raise SandboxFailed("The model's workspace was stopped while it was starting. Open the terminal again.")
        return self._start.result()

    async def stop(self) -> None:
        self._start.cancel()
        await asyncio.wait([self._start])
        if (sandbox := self.running) is not None:
            await sandbox.stop()


@dataclass(frozen=True)
class Reach:
    """The filesystems that a workspace sees."""

    own: Mount
    mounted: Mapping[str, Mount]
    """By path."""

    @property
    def lineages(self) -> tuple[int, ...]:
        return (self.own.lineage, *(mount.lineage for mount in self.mounted.values()))


class Seat:
    """One program's place in a workspace, which goes on at least until it is left."""

    def __init__(self, owner: "Workspaces", workspace: Workspace, sandbox: Sandbox, equipment: Equipment) -> None:
        self.sandbox = sandbox
        self._owner = owner
        self._workspace = workspace
        self._equipment = equipment

    @property
    def outdated(self) -> bool:
        """Whether the model has another environment, other variables or other mounted models by now."""
        return self._owner.present_edition(self._workspace.model_id) != self._equipment.edition

    async def open_terminal(self, arguments: Sequence[str], *, rows: int, columns: int) -> Pty:
        """Raises SandboxFailed."""
        return await self.sandbox.open_terminal(
            arguments, environment=self._equipment.variables.values, rows=rows, columns=columns
        )

    async def start_program(self, arguments: Sequence[str], *, descriptors: Sequence[int | None]) -> Child:
        """As `Sandbox.start_program`, with the person's own variables. Raises SandboxFailed."""
        return await self.sandbox.start_program(
            arguments, environment=self._equipment.variables.values, descriptors=descriptors
        )

    async def start_tool(self, arguments: Sequence[str], *, descriptors: Sequence[int | None]) -> Child:
        """As `start_program`, without the secrets among the variables. Raises SandboxFailed."""
        variables = self._equipment.variables
        plain = {name: value for name, value in variables.values.items() if name not in variables.secrets}
        return await self.sandbox.start_program(arguments, environment=plain, descriptors=descriptors)

    @property
    def secrets(self) -> frozenset[str]:
        """Among the variables that its programs are given."""
        return self._equipment.variables.secrets

    def leave(self) -> None:
        """To be called once, when what was started has ended."""
        self._owner.leave(self._workspace)


class Workspaces:
    def __init__(
        self,
        settings: Settings,
        sandboxes: Sandboxes,
        equipment: EquipmentSource,
        mounts: Mounts,
        *,
        tools: Sequence[SandboxMount] = (),
    ) -> None:
        """`tools`: what workspaces see and launchers do not."""
        self._settings = settings
        self._sandboxes = sandboxes
        self._equipment = equipment
        self._mounts = mounts
        self._tools = tuple(tools)
        self._workspaces: defaultdict[ModelId, list[Workspace]] = defaultdict(list)
        self._stops: set[asyncio.Task[None]] = set()
        self._numbers = count(1)

    async def get(self, model_id: ModelId) -> Seat:
        """In a running sandbox of the model's present environment; a new one if there is none, it died, or a
        filesystem that it sees had to be mounted anew. Concurrent callers share one start.

        Raises ModelNotFound, FilesystemUnavailable, SandboxFailed, EnvironmentFailed, EnvironmentUnavailable.
        """
        mount = await self._mounts.get(model_id)
        equipment = await self._equipment.equip(model_id)
        reach = Reach(mount, await filesystems_of(equipment.mounted, self._mounts))
        workspace = self._serving(model_id, equipment, reach)
        workspace.users += 1
        try:
            return Seat(self, workspace, await workspace.wait_started(), equipment)
        except BaseException:
            self.leave(workspace)
            raise

    @property
    def models(self) -> list[ModelId]:
        """Those of which anything may run."""
        return list(self._workspaces)

    def running(self, model_id: ModelId) -> list[Sandbox]:
        """Those of the model's present environment and those of earlier ones, the newest first."""
        sandboxes = (workspace.running for workspace in reversed(self._workspaces.get(model_id, [])))
        return [sandbox for sandbox in sandboxes if sandbox is not None]

    def present_edition(self, model_id: ModelId) -> Edition | None:
        return self._equipment.present_edition(model_id)

    def open_tmp(self, model_id: ModelId) -> int:
        """A descriptor of the folder that the newest running workspace has as /tmp. Raises SandboxFailed, OSError."""
        for workspace in reversed(self._workspaces.get(model_id, [])):
            if (sandbox := workspace.running) is not None:
                return sandbox.open_tmp()
        raise SandboxFailed("No workspace of the model runs.")

    def leave(self, workspace: Workspace) -> None:
        workspace.users -= 1
        self.retire(workspace.model_id)

    def retire(self, model_id: ModelId) -> None:
        """End the workspaces made of what the model had before, where nobody is left."""
        present = self.present_edition(model_id)
        for workspace in list(self._workspaces.get(model_id, ())):
            if workspace.users == 0 and present is not None and workspace.made_of != present.of_sandbox:
                self._workspaces[model_id].remove(workspace)
                stop = asyncio.create_task(workspace.stop(), name=f"retire workspace of {model_id}")
                self._stops.add(stop)
                stop.add_done_callback(self._stops.discard)

    async def stop(self, model_id: ModelId) -> None:
        """Ends all that runs in the model's workspaces. Does nothing if there is none."""
        async with asyncio.TaskGroup() as stops:
            for workspace in self._workspaces.pop(model_id, ()):
                stops.create_task(workspace.stop())

    async def close(self) -> None:
        async with asyncio.TaskGroup() as stops:
            for model_id in list(self._workspaces):
                stops.create_task(self.stop(model_id))
        await asyncio.gather(*self._stops)

    def _serving(self, model_id: ModelId, equipment: Equipment, reach: Reach) -> Workspace:
        """Without an await, so that concurrent callers find the same."""
        known, edition = self._workspaces[model_id], equipment.edition
        alike = [workspace for workspace in known if workspace.made_of == edition.of_sandbox]
        for workspace in alike:
            if workspace.alive and workspace.lineages == reach.lineages:
                return workspace
        for workspace in alike:
            known.remove(workspace)
        start = asyncio.create_task(self._start(model_id, equipment, reach, alike))
        known.append(Workspace(model_id, edition, reach, start))
        return known[-1]

    async def _start(
        self, model_id: ModelId, equipment: Equipment, reach: Reach, previous: Sequence[Workspace]
    ) -> Sandbox:
        for workspace in previous:
            await workspace.stop()
        views = await views_of(reach.mounted)
        spec = workspace_spec(self._settings, equipment.environment, reach.own.path, (*views, *self._tools))
        name = f"workspace-{model_id}-{next(self._numbers)}"
        # No await after this one: a start that is cancelled has either made no sandbox or returns it.
        return await self._sandboxes.start(spec, name=name, during=self._equipment.use(equipment.environment))
