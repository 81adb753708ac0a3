"""A model's snapshots: taken, listed, restored, removed. docs/snapshots.md says what one holds and what it costs."""

import builtins
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import IO

from ide_server.catalog import Catalog, new_id
from ide_server.errors import SnapshotNotFound, StateNotFound
from ide_server.host.events import ModelEvents
from ide_server.host.files.failures import attempt
from ide_server.host.mounts import Mounts
from ide_server.host.parameters import FILE as DEFINITIONS_FILE
from ide_server.host.parameters import check_file, parse_definitions, text_of
from ide_server.host.snapshots import tree
from ide_server.host.snapshots.capture import read_files, read_key
from ide_server.host.snapshots.export import exported, imported
from ide_server.host.snapshots.manifest import Entry, Manifest, StateContent
from ide_server.host.snapshots.opened import Opened, OpenSnapshots
from ide_server.host.snapshots.restore import check_room, fill
from ide_server.host.snapshots.store import Store
from ide_server.host.states import Origin, States
from ide_server.names import NAME_CHARACTERS, checked_name
from ide_server.settings import Settings
from ide_server.wire import (
    LaunchChoice,
    ModelId,
    NewSnapshot,
    ParameterDefinitions,
    Snapshot,
    SnapshotChange,
    SnapshotId,
    SnapshotsChanged,
    StateId,
)

SHOWN_LEFT_OUT = 20


@dataclass(frozen=True)
class Summary:
    """What is to be known of a snapshot before anything of it runs."""

    definitions: ParameterDefinitions
    names: frozenset[str]
    """At the top of its files."""
    has_state: bool


class Snapshots:
    """One is taken, restored or removed at a time."""

    def __init__(
        self, settings: Settings, catalog: Catalog, *, mounts: Mounts, states: States, events: ModelEvents
    ) -> None:
        self.store = Store(settings.data_dir / "snapshots" / "store.db")
        self._opened = OpenSnapshots(settings.data_dir / "snapshots" / "opened", self.store)
        self._catalog = catalog
        self._mounts = mounts
        self._states = states
        self._events = events

    async def start(self) -> None:
        """Before the first: what a host that was killed left unfinished is removed."""
        await self._opened.start()
        await self.store.forget_all_but(await self._catalog.snapshots.ids())

    async def close(self) -> None:
        """Once nothing runs of any."""
        await self._opened.close()
        await self.store.close()

    async def list(self, model_id: ModelId) -> list[Snapshot]:
        """The newest first. Raises ModelNotFound."""
        await self._catalog.models.get(model_id)
        return await self._catalog.snapshots.list(model_id)

    async def get(self, model_id: ModelId, snapshot_id: SnapshotId) -> Snapshot:
        """Raises SnapshotNotFound, also for one of another model."""
        snapshot = await self._catalog.snapshots.get(snapshot_id)
        if snapshot.model_id != model_id:
            raise SnapshotNotFound(f"Model {model_id!r} has no snapshot {snapshot_id!r}.")
        return snapshot

    async def create(self, model_id: ModelId, new: NewSnapshot) -> Snapshot:
        """Each file as it is when it is read. Raises ModelNotFound, StateNotFound, InvalidRequest."""
        name = checked_name(new.name)
        async with self.store.lock:
            return await self._take(model_id, name, new.state_id)

    async def change(self, model_id: ModelId, snapshot_id: SnapshotId, change: SnapshotChange) -> Snapshot:
        """Raises SnapshotNotFound, InvalidRequest."""
        await self.get(model_id, snapshot_id)
        await self._catalog.snapshots.rename(snapshot_id, checked_name(change.name))
        await self._announce(model_id)
        return await self.get(model_id, snapshot_id)

    async def delete(self, model_id: ModelId, snapshot_id: SnapshotId) -> None:
        """Raises SnapshotNotFound."""
        await self.get(model_id, snapshot_id)
        await self._remove([snapshot_id])
        await self._announce(model_id)

    async def remove_all(self, model_id: ModelId) -> None:
        """Of a model that is being deleted."""
        await self._remove([snapshot.id for snapshot in await self._catalog.snapshots.list(model_id)])

    async def restore(self, model_id: ModelId, snapshot_id: SnapshotId) -> Snapshot:
        """The model's files become those of the snapshot, and its state the active one.

        What there was before is in the snapshot that is returned. Raises SnapshotNotFound, FilesystemFull.
        """
        snapshot = await self.get(model_id, snapshot_id)
        async with self.store.lock:
            manifest = await self.store.manifest(snapshot_id)
            mount = await self._mounts.get(model_id)
            await check_room(mount, manifest)
            before = await self._take(model_id, f"Before {snapshot.name}"[:NAME_CHARACTERS], None)
            await fill(mount, self.store, manifest)
            await self._restore_state(model_id, manifest)
        return before

    async def pour(self, model_id: ModelId, snapshot_id: SnapshotId) -> Manifest:
        """Files and state of any snapshot into a model that was just made. Raises SnapshotNotFound, FilesystemFull."""
        await self._catalog.snapshots.get(snapshot_id)
        async with self.store.lock:
            manifest = await self.store.manifest(snapshot_id)
            await self._pour(model_id, manifest)
        return manifest

    async def pour_file(self, model_id: ModelId, file: IO[bytes]) -> Manifest:
        """As pour does, from an exported snapshot, which the model then has. Raises InvalidRequest, FilesystemFull."""
        async with self.store.lock:
            manifest = await imported(file, self.store)
            await self._keep(model_id, "Imported", manifest)
            await self._pour(model_id, manifest)
        return manifest

    async def manifest(self, snapshot_id: SnapshotId) -> Manifest:
        """Raises SnapshotNotFound."""
        await self._catalog.snapshots.get(snapshot_id)
        return await self.store.manifest(snapshot_id)

    async def look_at(self, model_id: ModelId, snapshot_id: SnapshotId) -> Summary:
        """Raises SnapshotNotFound, and InvalidRequest where its slipway.toml is broken."""
        await self.get(model_id, snapshot_id)
        manifest = await self.store.manifest(snapshot_id)
        by_path = {entry.path: entry for entry in manifest.entries}
        names = frozenset(path for path in by_path if "/" not in path)
        return Summary(await self._definitions(by_path), names, manifest.state is not None)

    @asynccontextmanager
    async def opened(self, snapshot_id: SnapshotId) -> AsyncIterator[Opened]:
        """Its files and state, to be run: there until the last user of them is gone.

        Raises SnapshotNotFound, FilesystemUnavailable.
        """
        await self._catalog.snapshots.get(snapshot_id)
        async with self._opened.hold(snapshot_id) as opened:
            yield opened

    async def _definitions(self, by_path: Mapping[str, Entry]) -> ParameterDefinitions:
        entry = by_path.get(DEFINITIONS_FILE)
        if entry is not None and entry.same_as:
            entry = by_path[entry.same_as]
        if entry is None:
            return ParameterDefinitions()
        check_file(is_plain=entry.kind == "file", byte_size=entry.byte_size)
        content = [piece async for piece in self.store.content(entry.pieces)]
        return parse_definitions(text_of(b"".join(content)))

    async def exported(self, snapshot_id: SnapshotId) -> AsyncIterator[bytes]:
        """As one file. Raises SnapshotNotFound."""
        return exported(await self.manifest(snapshot_id), self.store)

    async def _pour(self, model_id: ModelId, manifest: Manifest) -> None:
        await fill(await self._mounts.get(model_id), self.store, manifest)
        await self._restore_state(model_id, manifest)

    async def _keep(self, model_id: ModelId, name: str, manifest: Manifest) -> Snapshot:
        snapshot = Snapshot(
            id=SnapshotId(new_id()),
            model_id=model_id,
            name=name,
            created_at=time.time(),
            byte_size=manifest.byte_size,
            file_count=len(manifest.entries),
            state_name=None if manifest.state is None else manifest.state.name,
            left_out=manifest.left_out[:SHOWN_LEFT_OUT],
        )
        # The store first: a row never lacks its manifest, and a manifest without a row goes at the next start.
        await self.store.keep(snapshot.id, manifest)
        await self._catalog.snapshots.create(snapshot)
        await self._announce(model_id)
        return snapshot

    async def _take(self, model_id: ModelId, name: str, state_id: StateId | None) -> Snapshot:
        model = await self._catalog.models.get(model_id)
        mount = await self._mounts.get(model_id)
        walked_ns = time.time_ns()
        walked = await attempt(mount, "", tree.walk)
        manifest = Manifest(
            entries=await read_files(mount, self.store, walked.entries, await self._latest(model_id)),
            left_out=walked.left_out,
            walked_ns=walked_ns,
            limit_bytes=model.limit_bytes,
            environment=model.environment,
            state=await self._read_state(model_id, state_id or model.active_state_id),
            launch=model.launch or LaunchChoice(),
        )
        return await self._keep(model_id, name, manifest)

    async def _latest(self, model_id: ModelId) -> Manifest | None:
        snapshots = await self._catalog.snapshots.list(model_id)
        return await self.store.manifest(snapshots[0].id) if snapshots else None

    async def _read_state(self, model_id: ModelId, state_id: StateId | None) -> StateContent | None:
        if state_id is None:
            return None
        state = await self._catalog.states.get(model_id, state_id)
        files = await self._states.keys(model_id, state_id)
        return StateContent(state_id, state.name, [await read_key(self.store, *file) for file in files.items()])

    async def _restore_state(self, model_id: ModelId, manifest: Manifest) -> None:
        if manifest.state is None:
            return
        try:
            state_id = (await self._catalog.states.get(model_id, manifest.state.state_id)).id
        except StateNotFound:
            state_id = await self._remake_state(model_id, manifest.state)
        await self._catalog.models.set_active_state(model_id, state_id)

    async def _remake_state(self, model_id: ModelId, content: StateContent) -> StateId:
        async with self._states.draft(model_id) as draft:
            for key in content.keys:
                await draft.append(key.key, b"")
                async for piece in self.store.content(key.pieces):
                    await draft.append(key.key, piece)
            state = await self._states.keep(draft, model_id=model_id, name=content.name, origin=Origin("restored"))
            return state.id

    async def _remove(self, snapshot_ids: builtins.list[SnapshotId]) -> None:
        async with self.store.lock:
            for snapshot_id in snapshot_ids:
                await self._catalog.snapshots.delete(snapshot_id)
            await self.store.forget(snapshot_ids)

    async def _announce(self, model_id: ModelId) -> None:
        self._events.publish(model_id, SnapshotsChanged(await self._catalog.snapshots.list(model_id)))
