"""Starting the process that is a launcher: a sandbox in which the runner finds the model's code at /model."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Literal, Protocol

from ide_server.host.equipment import Equipment, EquipmentSource
from ide_server.host.launchers.launch import Resources
from ide_server.host.launchers.runner_folders import RunnerFolders
from ide_server.host.mounted_models import filesystems_of, views_of
from ide_server.host.mounts import Mounts
from ide_server.host.sandbox import Exit, Mount, Sandboxes, Usage, launcher_spec
from ide_server.host.sandbox.spec import MODEL, RUNNER, model_mount, snapshot_mount
from ide_server.host.snapshots import Opened
from ide_server.settings import Settings
from ide_server.wire import ModelId

Language = Literal["python", "node"]


class Process(Protocol):
    """What a launcher needs of a sandbox."""

    async def wait(self) -> Exit: ...

    def usage(self) -> Usage:
        """What it uses now. Blocks, briefly."""

    async def stop(self, *, grace_seconds: float) -> None:
        """End all of it; returns when nothing of it is left."""


class Spawn(Protocol):
    async def prepare(self, model_id: ModelId, snapshot: Opened | None = None) -> Equipment:
        """What to start the model's launchers with, or those of a snapshot of it, which the caller holds.

        Has ready what takes long the first time, which no phase pays for. Raises FilesystemUnavailable, and what keeps
        a model from its environment and variables.
        """

    async def start(
        self,
        name: str,
        equipment: Equipment,
        *,
        model_id: ModelId,
        language: Language,
        resources: Resources,
        stdout: int,
        stderr: int,
        control: int,
    ) -> Process:
        """Start the runner with `control` as its descriptor 3. The descriptors stay the caller's to close.

        Raises SandboxFailed, FilesystemUnavailable, EnvironmentNotFound.
        """


def runner_arguments(language: Language, *, runner_folder: str, model_folder: str) -> tuple[str, ...]:
    if language == "python":
        return ("python", "-u", f"{runner_folder}/python/__main__.py", model_folder)
    return ("node", f"{runner_folder}/node/main.js", model_folder)


class SandboxSpawn:
    def __init__(self, settings: Settings, mounts: Mounts, equipment: EquipmentSource, sandboxes: Sandboxes) -> None:
        self._settings = settings
        self._mounts = mounts
        self._equipment = equipment
        self._sandboxes = sandboxes
        self._runners = RunnerFolders(settings.run_path / "runners")

    async def prepare(self, model_id: ModelId, snapshot: Opened | None = None) -> Equipment:
        if snapshot is not None:
            equipment = await self._equipment.equip_with(model_id, snapshot.environment)
            equipment = replace(equipment, snapshot=snapshot)
        else:
            await self._mounts.get(model_id)
            equipment = await self._equipment.equip(model_id)
        await self._runners.get(equipment.environment)
        return equipment

    async def start(
        self,
        name: str,
        equipment: Equipment,
        *,
        model_id: ModelId,
        language: Language,
        resources: Resources,
        stdout: int,
        stderr: int,
        control: int,
    ) -> Process:
        model = await self._model_mount(model_id, equipment.snapshot)
        mounted = await views_of(await filesystems_of(equipment.mounted, self._mounts))
        arguments = runner_arguments(language, runner_folder=RUNNER, model_folder=MODEL)
        sandbox = launcher_spec(
            self._settings,
            equipment.environment,
            model,
            await self._runners.get(equipment.environment),
            arguments,
            variables=equipment.variables.values,
            mounted=mounted,
            cpus=resources.cpus,
            memory_bytes=resources.memory_bytes,
        )
        return await self._sandboxes.start(
            sandbox,
            name=name,
            stdout=stdout,
            stderr=stderr,
            passed_descriptors=(control,),
            during=self._using(equipment),
        )

    async def _model_mount(self, model_id: ModelId, snapshot: Opened | None) -> Mount:
        if snapshot is not None:
            return snapshot_mount(snapshot.files)
        return model_mount((await self._mounts.get(model_id)).path)

    @contextmanager
    def _using(self, equipment: Equipment) -> Iterator[None]:
        with ExitStack() as used:
            used.enter_context(self._equipment.use(equipment.environment))
            if equipment.snapshot is not None:
                used.enter_context(equipment.snapshot.use())
            yield
