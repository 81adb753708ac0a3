"""Models as a whole: made from a template, changed, listed with their use, deleted with all they own."""

import asyncio
import logging
import shutil
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import IO

import msgspec

from ide_server.catalog import Catalog, ModelRecord
from ide_server.errors import EnvironmentUnavailable, InvalidRequest
from ide_server.host.events import ModelEvents
from ide_server.host.files import Files
from ide_server.host.launchers import Checks, Operations
from ide_server.host.model_environments import ModelEnvironments
from ide_server.host.mounted_models import MountedModels
from ide_server.host.mounts import Mounts
from ide_server.host.snapshots import Manifest, Snapshots
from ide_server.host.states import States
from ide_server.host.templates import Templates
from ide_server.host.terminals import Terminals
from ide_server.host.workspaces import Workspaces
from ide_server.names import checked_name
from ide_server.settings import MEBIBYTE, Settings, limit_files
from ide_server.wire import Model, ModelChange, ModelChanged, ModelId, NewModel, Snapshot, SnapshotId

logger = logging.getLogger(__name__)


class Models:
    def __init__(
        self,
        settings: Settings,
        catalog: Catalog,
        *,
        events: ModelEvents,
        mounts: Mounts,
        files: Files,
        templates: Templates,
        environments: ModelEnvironments,
        mounted: MountedModels,
        workspaces: Workspaces,
        terminals: Terminals,
        operations: Operations,
        checks: Checks,
        states: States,
        snapshots: Snapshots,
    ) -> None:
        self._settings = settings
        self._catalog = catalog
        self._events = events
        self._mounts = mounts
        self._files = files
        self._templates = templates
        self._environments = environments
        self._mounted = mounted
        self._workspaces = workspaces
        self._terminals = terminals
        self._operations = operations
        self._checks = checks
        self._states = states
        self._snapshots = snapshots

    async def list(self) -> list[Model]:
        """The newest first."""
        return await asyncio.gather(*map(self._model, await self._catalog.models.list()))

    async def get(self, model_id: ModelId) -> Model:
        return await self._model(await self._catalog.models.get(model_id))

    async def create(self, new: NewModel) -> Model:
        """No half model stays. Raises InvalidRequest, TemplateNotFound, SnapshotNotFound, FilesystemFull."""
        name = checked_name(new.name)
        if new.snapshot_id is not None:
            return await self._create_from_snapshot(name, new.snapshot_id)
        contents = {} if new.empty else self._templates.files(new.template)
        return await self._made(name, self._default_limit, lambda model_id: self._fill(model_id, contents))

    async def import_snapshot(self, name: str, file: IO[bytes]) -> Model:
        """A new model from an exported snapshot. Raises InvalidRequest, FilesystemFull."""
        # Its limit is known once it is read, and until then the highest holds.
        highest = self._settings.max_limit_mebibytes * MEBIBYTE
        return await self._made(checked_name(name), highest, lambda model_id: self._import(model_id, file))

    async def restore(self, model_id: ModelId, snapshot_id: SnapshotId) -> Snapshot:
        """As Snapshots.restore does, and its settings are chosen."""
        before = await self._snapshots.restore(model_id, snapshot_id)
        self._operations.active_state_changed(model_id)
        await self._choose_settings(model_id, await self._snapshots.manifest(snapshot_id))
        self._events.publish(model_id, ModelChanged(await self.get(model_id)))
        return before

    async def change(self, model_id: ModelId, change: ModelChange) -> Model:
        """Raises InvalidRequest, StateNotFound; LimitBelowUse, unless the change accepts a limit below the use."""
        await self._catalog.models.get(model_id)
        if change.name is not None:
            await self._catalog.models.rename(model_id, checked_name(change.name))
            await self._mounted.renamed(model_id)
        if change.limit_bytes is not None:
            await self._resize(model_id, change.limit_bytes, below_use=change.below_use)
        if change.active_state_id is not None:
            state = await self._catalog.states.get(model_id, change.active_state_id)
            await self._catalog.models.set_active_state(model_id, state.id)
            self._operations.active_state_changed(model_id)
        model = await self.get(model_id)
        self._events.publish(model_id, ModelChanged(model))
        return model

    async def delete(self, model_id: ModelId) -> None:
        """Ends all that runs for the model, then removes its row and its data. Raises ModelInUse."""
        await self._catalog.models.get(model_id)
        await self._mounted.check_unused(model_id)
        await self._end_all(model_id)
        await self._snapshots.remove_all(model_id)
        await self._catalog.models.delete(model_id)
        # What requests that were under way have begun meanwhile: with neither row nor mount nothing begins any more.
        await self._mounts.unmount(model_id)
        await self._end_all(model_id)
        self._events.end(model_id)
        await asyncio.to_thread(_remove_folder, self._settings.data_dir / "models" / model_id)

    async def _end_all(self, model_id: ModelId) -> None:
        await self._environments.forget(model_id)
        await self._operations.remove_all(model_id)
        await self._checks.end(model_id)
        await self._terminals.remove_all(model_id)
        await self._workspaces.stop(model_id)
        await self._mounts.unmount(model_id)

    async def record_use(self) -> None:
        """Write down what the mounted filesystems hold, for a list after the next start."""
        for record in await self._catalog.models.list():
            if (usage := await self._mounts.usage(record.id)) is not None:
                await self._catalog.models.set_use(record.id, used_bytes=usage.used_bytes, used_files=usage.used_files)

    async def _model(self, record: ModelRecord) -> Model:
        """With the live use where the filesystem answers, the last known where it does not."""
        model, usage = record.as_model(), await self._mounts.usage(record.id)
        return model if usage is None else msgspec.structs.replace(model, usage=usage)

    @property
    def _default_limit(self) -> int:
        return self._settings.default_limit_mebibytes * MEBIBYTE

    async def _made(self, name: str, limit_bytes: int, fill: Callable[[ModelId], Awaitable[None]]) -> Model:
        record = await self._catalog.models.create(name, limit_bytes=limit_bytes)
        try:
            await fill(record.id)
        except BaseException:
            await asyncio.shield(self.delete(record.id))
            raise
        return await self.get(record.id)

    async def _create_from_snapshot(self, name: str, snapshot_id: SnapshotId) -> Model:
        manifest = await self._snapshots.manifest(snapshot_id)

        async def pour(model_id: ModelId) -> None:
            await self._snapshots.pour(model_id, snapshot_id)
            await self._choose_settings(model_id, manifest)

        return await self._made(name, self._limit_of(manifest), pour)

    async def _import(self, model_id: ModelId, file: IO[bytes]) -> None:
        manifest = await self._snapshots.pour_file(model_id, file)
        await self._resize(model_id, self._limit_of(manifest), below_use=True)
        await self._choose_settings(model_id, manifest)

    def _limit_of(self, manifest: Manifest) -> int:
        highest = self._settings.max_limit_mebibytes * MEBIBYTE
        return min(highest, max(MEBIBYTE, manifest.limit_bytes))

    async def _choose_settings(self, model_id: ModelId, manifest: Manifest) -> None:
        """As the snapshot had them. What is not offered here stays as the model has it."""
        record = await self._catalog.models.get(model_id)
        if manifest.environment is not None and manifest.environment != record.environment:
            await self._try(model_id, "environment", self._environments.choose(model_id, manifest.environment))
        if manifest.launch is not None and manifest.launch != record.launch:
            await self._try(model_id, "launchers", self._operations.launches.choose(model_id, manifest.launch))

    async def _try(self, model_id: ModelId, what: str, choice: Awaitable[object]) -> None:
        try:
            await choice
        except (InvalidRequest, EnvironmentUnavailable) as error:
            logger.warning("Model %s does not get the %s of its snapshot: %s", model_id, what, error.message)

    async def _fill(self, model_id: ModelId, contents: Mapping[str, bytes]) -> None:
        for path, content in sorted(contents.items()):
            await self._files.write_new(model_id, path, content)

    async def _resize(self, model_id: ModelId, limit_bytes: int, *, below_use: bool) -> None:
        highest = self._settings.max_limit_mebibytes
        if not MEBIBYTE <= limit_bytes <= highest * MEBIBYTE:
            raise InvalidRequest(
                f"Expected limit_bytes from 1 MiB to {highest} MiB, got {limit_bytes} bytes.",
                minimum_bytes=MEBIBYTE,
                maximum_bytes=highest * MEBIBYTE,
            )
        mount = await self._mounts.get(model_id)
        await mount.resize(limit_bytes, limit_files(limit_bytes), below_use=below_use)
        await self._catalog.models.set_limit(model_id, limit_bytes)


def _remove_folder(folder: Path) -> None:
    if folder.exists():  # a model that was never opened has none
        shutil.rmtree(folder)
