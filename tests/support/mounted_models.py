"""Mounts and files of a host in this process, over real fsquota processes."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from ide_server.errors import ModelNotFound
from ide_server.host.events import ModelEvents, Subscription
from ide_server.host.files import Files
from ide_server.host.mounts import Mount, Mounts
from ide_server.host.mounts.stale import present_mountpoints
from ide_server.host.sandbox.cgroups import find_cgroups
from ide_server.settings import Settings
from ide_server.wire import ModelEvent, ModelId, Usage

BLOCK = 4096
MODEL = ModelId("model-1")
OTHER = ModelId("model-2")


@dataclass
class MountedModels:
    settings: Settings
    events: ModelEvents
    mounts: Mounts
    files: Files
    limits: dict[ModelId, Usage]
    heard: list[ModelEvent] = field(default_factory=list)

    async def mount(self, model_id: ModelId = MODEL) -> Mount:
        return await self.mounts.get(model_id)

    def backing(self, model_id: ModelId = MODEL) -> Path:
        """What is really stored; only to be looked at."""
        return self.settings.data_dir / "models" / model_id / "files"

    def staging(self, model_id: ModelId = MODEL) -> Path:
        return self.settings.data_dir / "models" / model_id / "staging"

    def staged(self, model_id: ModelId = MODEL) -> list[str]:
        return os.listdir(self.staging(model_id))

    def pid(self, model_id: ModelId = MODEL) -> int:
        return int((self.settings.run_path / "control" / f"{model_id}.pid").read_text())


def settings_in(folder: Path) -> Settings:
    return Settings(data_dir=folder / "data", run_dir=folder / "run")


def filesystems_group(settings: Settings) -> Path | None:
    """None where this process may make no control groups."""
    return find_cgroups(settings.run_path).filesystems_group()


@asynccontextmanager
async def mounted_models(
    folder: Path, *, limit_bytes: int = 1 << 20, limit_files: int = 64
) -> AsyncIterator[MountedModels]:
    """Two models. At the end nothing of them is left: no mount, no descriptor, no staged file."""
    settings, events = settings_in(folder), ModelEvents()
    limits = {model_id: Usage(0, limit_bytes, 0, limit_files) for model_id in (MODEL, OTHER)}

    async def limits_of(model_id: ModelId) -> Usage:
        if model_id not in limits:
            raise ModelNotFound(f"There is no model {model_id!r}.")
        return limits[model_id]

    descriptors = len(os.listdir("/proc/self/fd"))
    group = filesystems_group(settings)
    mounts = Mounts(settings, events, limits=limits_of, group=group)
    await mounts.remove_stale()
    models = MountedModels(settings, events, mounts, Files(mounts), limits)
    with events.subscribe(MODEL) as subscription:
        listening = asyncio.create_task(_listen(subscription, models.heard))
        try:
            yield models
        finally:
            await models.files.close()
            await mounts.close()
            listening.cancel()
            await asyncio.wait([listening])
    assert present_mountpoints(folder) == []
    assert group is None or not group.exists()
    assert os.listdir(settings.run_path / "control") == []
    assert [name for model_id in limits if models.backing(model_id).exists() for name in models.staged(model_id)] == []
    await until(lambda: len(os.listdir("/proc/self/fd")) <= descriptors, what="all descriptors are closed")


async def _listen(subscription: Subscription, heard: list[ModelEvent]) -> None:
    async for event in subscription:
        heard.append(event)


async def until(condition: Callable[[], bool], *, timeout_seconds: float = 10.0, what: str) -> None:
    deadline = time.monotonic() + timeout_seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {timeout_seconds} s: {what}"
        await asyncio.sleep(0.005)


async def body(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk
